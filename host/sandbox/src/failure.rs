//! Names a failure: each limit and each way to go wrong has its own cause.

use crate::threads::Lost;
use crate::world::{Exited, Host, Withheld, printable};
use probate_contract::Cause;
use probate_core::port::Failure;
use wasmtime::{Store, Trap, WasmBacktrace};

/// Longest message of a failure.
const MESSAGE_BYTES: usize = 512;

/// A failure with a bounded, printable message.
pub(crate) fn failure(cause: Cause, message: impl AsRef<str>) -> Failure {
    Failure { cause, message: printable(message.as_ref(), MESSAGE_BYTES) }
}

/// What a call that did not return means. Afterwards the store is good for nothing but its captured output.
pub(crate) fn of_call(error: &wasmtime::Error, store: &Store<Host>) -> Failure {
    let trap = error.downcast_ref::<Trap>().copied();
    let refused = store.data().limiter.refused();
    if let Some(exited) = error.downcast_ref::<Exited>() {
        return failure(
            if refused { Cause::MemoryExhausted } else { Cause::PolicyTrapped },
            said(store, &exited.to_string()),
        );
    }
    if let Some(withheld) = error.downcast_ref::<Withheld>() {
        return failure(Cause::PolicyTrapped, withheld.to_string());
    }
    match trap {
        Some(Trap::OutOfFuel) => failure(Cause::FuelExhausted, "the policy ran out of fuel"),
        Some(Trap::StackOverflow) => failure(Cause::StackExhausted, "the policy recursed too deep"),
        _ if refused => failure(Cause::MemoryExhausted, "the policy wanted more memory than it may have"),
        Some(trap) => failure(
            Cause::PolicyTrapped,
            said(store, &format!("the policy trapped: {}", bare(&trap.to_string()))),
        ),
        None => malformed(error),
    }
}

/// Errors that are no trap come from lifting what the guest left in its memory, or from a function of the host.
fn malformed(error: &wasmtime::Error) -> Failure {
    let cause = error.root_cause().to_string();
    if cause.contains("fuel allocated for hostcalls") {
        return failure(Cause::OutputTooLarge, "the answer is larger than the policy's outputBytes");
    }
    if cause.contains("handle limit exceeded") {
        return failure(Cause::MemoryExhausted, "the policy wanted more handles than it may have");
    }
    if cause.contains("resource limit exceeded") || cause.contains("exceeds memory limits") {
        return failure(Cause::MemoryExhausted, cause);
    }
    if error.downcast_ref::<WasmBacktrace>().is_some() {
        // The guest was still running: what is malformed is what it handed to a function of the host.
        return failure(Cause::PolicyTrapped, format!("the policy trapped: {cause}"));
    }
    failure(Cause::BadVerdict, format!("the answer is malformed: {cause}"))
}

/// The guest's own words, if it left any: a panic message stands on stderr.
fn said(store: &Store<Host>, otherwise: &str) -> String {
    let lines = store.data().stderr.lines();
    let telling: Vec<&str> =
        lines.iter().map(String::as_str).filter(|line| !line.starts_with("note: ")).collect();
    if telling.is_empty() { otherwise.to_owned() } else { format!("{otherwise}: {}", telling.join(" ")) }
}

fn bare(text: &str) -> &str {
    text.strip_prefix("wasm trap: ").unwrap_or(text)
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        failure(Cause::SandboxFailed, lost.to_string())
    }
}

/// The code of a diagnostic about such a failure: one for each error cause.
pub const fn code(cause: Cause) -> &'static str {
    match cause {
        Cause::LoadFailed => "PB3001",
        Cause::ImportRefused => "PB3002",
        Cause::NotAComponent => "PB3003",
        Cause::ModuleTooLarge => "PB3004",
        Cause::UnsupportedVersion => "PB3005",
        Cause::DigestMismatch => "PB3006",
        Cause::ParametersInvalid => "PB3007",
        Cause::ConfigureFailed => "PB3008",
        Cause::PolicyError => "PB3009",
        Cause::PolicyTrapped => "PB3010",
        Cause::FuelExhausted => "PB3011",
        Cause::MemoryExhausted => "PB3012",
        Cause::StackExhausted => "PB3013",
        Cause::OutputTooLarge => "PB3014",
        Cause::BadVerdict => "PB3015",
        Cause::PolicyNotPure => "PB3016",
        Cause::ProjectionDisagrees => "PB3017",
        _ => "PB9001",
    }
}
