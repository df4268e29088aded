//! The controller against a bare client, each on the same real control plane and in the same run. Every row is a process of its own:
//! `plane mark|large …` prints one line of JSON; `cargo xtask bench --only cluster` makes a table of them. Never a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

mod alone;
#[path = "../../tests/turn/closure.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod closure;
mod crowd;
mod figures;
mod large;
#[path = "../../tests/turn/logs.rs"]
mod logs;
mod mark;
mod replay;
#[path = "../../tests/turn/running.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod running;
#[path = "../../tests/turn/stand.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod stand;

use anyhow::{Context as _, bail};
use std::path::PathBuf;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().with_context(|| format!("`{text}` is no number"));
    match words.as_slice() {
        // As cargo asks of every bench.
        ["--bench", ..] | [] => figures::say("plane mark EVENTS | plane large CLAIMS IDLE_SECONDS EVENTS"),
        ["mark", events] => mark::run(number(events)?).await,
        ["large", claims, idle, events] => large::run(number(claims)?, number(idle)?, number(events)?).await,
        ["loop", kubeconfig] => alone::run_loop(PathBuf::from(kubeconfig)).await,
        ["list", kubeconfig] => alone::list(PathBuf::from(kubeconfig)).await,
        other => bail!("what is `{}`?", other.join(" ")),
    }
}

fn skipped() -> anyhow::Result<()> {
    figures::say(r#"{"skipped": "no Go here to build a control plane with"}"#)
}
