//! Each limit is switched off in turn, and something hostile that it contains gets away: in a child, which may die of it.

#[path = "../tests/support/mod.rs"]
mod support;

use super::Limit;
use crate::scan::scan;
use crate::{Engine, EngineOptions, Program, Source};
use probate_contract::manifest::Limits;
use probate_core::port::Answer;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{Read as _, Seek as _};
use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::world::{calling, writing};
use support::{Policy, documents, small};

/// Names to a child what is off.
pub(super) const OFF: &str = "PROBATE_TEST_OFF";
/// Names to a child what it is to ask; set in a child only.
const ITEM: &str = "PROBATE_TEST_ITEM";
const TEST: &str = "off::tests::each_limit_switched_off_lets_something_escape";

/// How long a child is watched that is to run on, and how long one may take that is to end.
const WATCHED: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(300);
/// What a child may weigh: far more than a harmless one, far less than the bombs.
const HEAVY_KIB: u64 = 256 << 10;

const RUNS_ON: &str = "runs on";
const ABORTS: &str = "aborts";

/// One limit and what it is for.
struct Row {
    limit: Limit,
    item: &'static str,
    program: fn() -> Vec<u8>,
    limits: fn() -> Limits,
    asked: Asked,
    /// What becomes of it with the limit, and without.
    on: &'static str,
    off: &'static str,
}

#[derive(Clone, Copy)]
enum Asked {
    /// One session is asked so often.
    Times(usize),
    /// Once, about a document so long.
    About(usize),
    /// How it comes to its answer.
    Explained,
    /// Whether it may be compiled; that would take half a minute.
    Scanned,
}

fn row(
    limit: Limit,
    item: &'static str,
    program: fn() -> Vec<u8>,
    on: &'static str,
    off: &'static str,
) -> Row {
    Row { limit, item, program, limits: small, asked: Asked::Times(1), on, off }
}

/// Limits under which a program may do a lot.
fn ample() -> Limits {
    Limits { fuel_per_call: u64::MAX, ..small() }
}

fn boundless() -> Limits {
    Limits { memory_bytes: u64::MAX, ..small() }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        row(Limit::Fuel, "a loop without end", || evaluating("(loop $l (br $l))"), "FuelExhausted", RUNS_ON),
        row(Limit::Fuel, "a loop in configure", endless_configure, "FuelExhausted", RUNS_ON),
        row(Limit::HostFuel, "600 MB written to stderr", much_written, "FuelExhausted", "Retain"),
        Row { limits: ample, ..row(Limit::Memory, "a memory bomb", memory_bomb, "MemoryExhausted", "Retain, heavy") },
        Row { asked: Asked::About(20 << 20), ..row(Limit::Memory, "a document larger than the memory", || Policy::default().bytes(), "MemoryExhausted", "Abstain") },
        Row { limits: boundless, ..row(Limit::HardMaxima, "a manifest that asks for all memory", gigabyte, "MemoryExhausted", "Retain") },
        row(Limit::TableElements, "a table bomb", table_bomb, "MemoryExhausted", "Retain"),
        row(Limit::Tables, "70 tables", || with_core(&"(table 1 funcref)".repeat(70)), "MemoryExhausted", "Abstain"),
        row(Limit::Memories, "20 memories", || beside("(memory 1)", 20), "MemoryExhausted", "Abstain"),
        row(Limit::Instances, "100 instances", || beside("", 100), "MemoryExhausted", "Abstain"),
        row(Limit::Handles, "handles that nobody drops", many_handles, "MemoryExhausted", "Retain"),
        row(Limit::WasmStack, "recursion that needs a MiB", deep, "StackExhausted", "Retain"),
        row(Limit::ThreadStack, "recursion without end", recursion, "StackExhausted", ABORTS),
        row(Limit::Output, "an annotation of 100 KB", long_annotation, "OutputTooLarge", "Retain, long"),
        row(Limit::Reply, "one MiB said 512 times", || repeating(false), "OutputTooLarge", "OutputTooLarge, heavy"),
        row(Limit::Reply, "one MiB described 512 times", || repeating(true), "OutputTooLarge", "LoadFailed, heavy"),
        Row { asked: Asked::Explained, ..row(Limit::Captured, "ten thousand lines", many_lines, "Retain", "Retain, long") },
        row(Limit::ModuleSize, "33 MiB of padding", padded, "ModuleTooLarge", "Abstain"),
        row(Limit::FunctionBody, "a huge function", huge_function, "ModuleTooLarge", "Abstain"),
        Row { asked: Asked::Scanned, ..row(Limit::Functions, "200001 functions", || with_core(&"(func)".repeat(200_001)), "ModuleTooLarge", "compiles") },
        row(Limit::Imports, "sockets", sockets, "ImportRefused", "Abstain"),
        Row { asked: Asked::Times(4), ..row(Limit::FreshSession, "each third call traps", third_traps, "Retain Retain Retain Retain", "Retain Retain PolicyTrapped Retain") },
        Row { asked: Asked::Times(4), ..row(Limit::FreshSession, "later calls cost more and delete", later_deletes, "Retain Retain Retain Retain", "Retain Retain Delete Delete") },
        Row { asked: Asked::Times(4), ..row(Limit::SwollenSession, "memory tells of the call before", remembers, "Retain Retain Retain Retain", "Retain Delete Delete Delete") },
        Row { asked: Asked::Times(6), ..row(Limit::Patience, "a trap on each subject", || evaluating("(unreachable)"),
            "PolicyTrapped PolicyTrapped PolicyTrapped PolicyTrapped unasked unasked",
            "PolicyTrapped PolicyTrapped PolicyTrapped PolicyTrapped PolicyTrapped PolicyTrapped") },
    ]
}

#[test]
fn each_limit_switched_off_lets_something_escape() {
    if let Ok(item) = std::env::var(ITEM) {
        let row = rows().into_iter().find(|row| row.item == item).unwrap();
        // libtest may have put words of its own on the line.
        println!("\nbegin");
        println!("\noutcome\t{}", outcome(&row));
        return;
    }
    let mut wrong = String::new();
    for row in rows() {
        for (off, expected) in [(None, row.on), (Some(row.limit), row.off)] {
            let became = watch(&row, off, expected == RUNS_ON);
            let name = off.map_or_else(|| "all limits on".to_owned(), |limit| format!("{limit:?} off"));
            println!("{}: {name}: {became}", row.item);
            if became != expected {
                writeln!(wrong, "{}, {name}: {became} in place of {expected}", row.item).unwrap();
            }
        }
        assert_ne!(row.on, row.off, "{}: nothing escapes", row.item);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Lets a child ask, and tells what became of it. One that is to run on is killed after a while.
fn watch(row: &Row, off: Option<Limit>, runs_on: bool) -> String {
    let mut output = tempfile::tempfile().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture", "--test-threads", "1"]).env(ITEM, row.item).env_remove(OFF);
    if let Some(limit) = off {
        command.env(OFF, format!("{limit:?}"));
    }
    let mut child = command
        .stdout(output.try_clone().unwrap())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = || {
        let mut text = String::new();
        output.rewind().unwrap();
        output.read_to_string(&mut text).unwrap();
        text
    };
    let (started, mut begun) = (Instant::now(), None);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let text = said();
            let outcome = text.lines().find_map(|line| line.strip_prefix("outcome\t"));
            return match (outcome, status.signal()) {
                (Some(outcome), _) => outcome.to_owned(),
                (None, Some(_)) => ABORTS.to_owned(),
                (None, None) => format!("ends with {status}: {text}"),
            };
        }
        if begun.is_none() && said().contains("begin\n") {
            begun = Some(Instant::now());
        }
        let over = started.elapsed() > PATIENCE
            || (runs_on && begun.is_some_and(|begun: Instant| begun.elapsed() > WATCHED));
        if over {
            child.kill().unwrap();
            child.wait().unwrap();
            return RUNS_ON.to_owned();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a child finds.
fn outcome(row: &Row) -> String {
    let bytes = (row.program)();
    let asked = |ask: &dyn Fn(&Program) -> String| {
        let options = EngineOptions { threads: NonZeroUsize::new(1), ..EngineOptions::default() };
        let engine = Engine::new(options).unwrap();
        let loaded = engine.load(&Source::Wasm(bytes.as_slice().into()), &(row.limits)());
        let program = loaded.and_then(|loaded| loaded.configure(&json!({})));
        program.map_or_else(|error| error.cause.to_string(), |program| ask(&program))
    };
    let mut told = match row.asked {
        Asked::Times(times) => asked(&|program| tell(&program.ask(&documents(&vec!["x"; times])))),
        Asked::About(length) => asked(&|program| tell(&program.ask(&[Arc::from("x".repeat(length))]))),
        Asked::Explained => asked(&explained),
        Asked::Scanned => scan(&bytes).map_or_else(|no| no.cause.to_string(), |_| "compiles".to_owned()),
    };
    if peak_kib() > HEAVY_KIB {
        told.push_str(", heavy");
    }
    told
}

fn explained(program: &Program) -> String {
    let explained = program.explain("x").unwrap();
    let long = explained.prints.iter().map(String::len).sum::<usize>() > 64 << 10;
    let action = explained.answer.unwrap()["action"].as_str().unwrap().to_owned();
    if long { format!("{action}, long") } else { action }
}

fn tell(answers: &[Answer]) -> String {
    let one = |answer: &Answer| match answer {
        Ok(verdict) => {
            let bytes: usize = verdict.annotations.values().map(String::len).sum();
            let long = if bytes as u64 > small().output_bytes { ", long" } else { "" };
            format!("{:?}{long}", verdict.action)
        }
        Err(failure) if failure.message.starts_with("not asked") => "unasked".to_owned(),
        Err(failure) => failure.cause.to_string(),
    };
    answers.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The most memory that this process had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn evaluating(body: &str) -> Vec<u8> {
    Policy::evaluating(body).bytes()
}

fn with_core(core: &str) -> Vec<u8> {
    Policy { core: core.into(), ..Policy::default() }.bytes()
}

/// An honest policy with so many other modules in its component.
fn beside(module: &str, count: usize) -> Vec<u8> {
    let instances = "(core instance (instantiate $other))".repeat(count);
    let imports = format!("(core module $other {module}) {instances}");
    Policy { imports, ..Policy::default() }.bytes()
}

fn endless_configure() -> Vec<u8> {
    Policy { configure: "(loop $l (br $l))".into(), ..Policy::default() }.bytes()
}

/// Does so often what stands in `body`, then keeps.
fn often(times: usize, body: &str) -> String {
    format!(
        "(local $n i32) (local $stream i32) (local.set $n (i32.const {times}))
         (loop $l {body} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (call $action (i32.const 1))"
    )
}

fn much_written() -> Vec<u8> {
    let write = "(call $write (local.get $stream) (i32.const 0) (i32.const 60000) (i32.const 65536))";
    let body = often(10_000, write).replacen("(loop", "(local.set $stream (call $get)) (loop", 1);
    writing(&body).bytes()
}

fn many_lines() -> Vec<u8> {
    let write = "(call $write (local.get $stream) (i32.const 0) (i32.const 27) (i32.const 64))";
    let body = often(10_000, write).replacen("(loop", "(local.set $stream (call $get)) (loop", 1);
    writing(&body).bytes()
}

fn many_handles() -> Vec<u8> {
    writing(&often(20_000, "(drop (call $get))")).bytes()
}

fn memory_bomb() -> Vec<u8> {
    evaluating(
        "(if (i32.eq (i32.const -1) (memory.grow (i32.const 6000))) (then (unreachable)))
         (memory.fill (i32.const 65536) (i32.const 97) (i32.const 380000000)) (call $action (i32.const 1))",
    )
}

fn gigabyte() -> Vec<u8> {
    evaluating(
        "(if (i32.eq (i32.const -1) (memory.grow (i32.const 16384))) (then (unreachable))) (call $action (i32.const 1))",
    )
}

fn table_bomb() -> Vec<u8> {
    let grow = "(if (i32.eq (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000000))) (then (unreachable)))
        (call $action (i32.const 1))";
    Policy { core: "(table $t 1 funcref)".into(), ..Policy::evaluating(grow) }.bytes()
}

fn recursion() -> Vec<u8> {
    let core = "(func $r (param i64 i64) (call $r (local.get 1) (local.get 0)) (call $r (local.get 0) (local.get 1)))";
    Policy { core: core.into(), ..Policy::evaluating("(call $r (i64.const 1) (i64.const 2))") }.bytes()
}

/// 28000 calls deep, then keeps.
fn deep() -> Vec<u8> {
    let core =
        "(func $r (param i64) (result i64) (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 0))
        (else (i64.add (local.get 0) (call $r (i64.sub (local.get 0) (i64.const 1)))))))";
    let evaluate = "(drop (call $r (i64.const 28000))) (call $action (i32.const 1))";
    Policy { core: core.into(), ..Policy::evaluating(evaluate) }.bytes()
}

fn long_annotation() -> Vec<u8> {
    let evaluate =
        "(call $action (i32.const 1)) (memory.fill (i32.const 65536) (i32.const 97) (i32.const 100000))
        (i32.store (i32.const 2080) (i32.const 3000)) (i32.store (i32.const 2084) (i32.const 1))
        (i32.store (i32.const 3000) (i32.const 1240)) (i32.store (i32.const 3004) (i32.const 18))
        (i32.store (i32.const 3008) (i32.const 65536)) (i32.store (i32.const 3012) (i32.const 100000))";
    Policy { pages: 4, ..Policy::evaluating(evaluate) }.bytes()
}

/// 512 strings of a list that are the same MiB of the guest's memory: the host makes 512 MiB of them. They are the verdict's basis,
/// or what the description says that the policy reads.
fn repeating(described: bool) -> Vec<u8> {
    let list = "\\00\\00\\01\\00\\00\\00\\10\\00".repeat(512);
    let mut core = format!("(data (i32.const 16384) \"{list}\")");
    let mut evaluate = "(call $action (i32.const 1))".to_owned();
    if described {
        core.push_str("(data (i32.const 1048) \"\\00\\40\\00\\00\\00\\02\\00\\00\")");
    } else {
        evaluate.push_str(
            "(i32.store (i32.const 2112) (i32.const 16384)) (i32.store (i32.const 2116) (i32.const 512))",
        );
    }
    Policy { core, pages: 20, ..Policy::evaluating(&evaluate) }.bytes()
}

/// An honest policy with a custom section of that size.
fn padded() -> Vec<u8> {
    let mut bytes = Policy::default().bytes();
    let size: u32 = 33 << 20;
    bytes.push(0);
    bytes.extend((0..5).map(|part| (size >> (7 * part)) as u8 & 0x7f | if part < 4 { 0x80 } else { 0 }));
    bytes.extend([1, b'x']);
    bytes.resize(bytes.len() + size as usize - 2, 0);
    bytes
}

fn huge_function() -> Vec<u8> {
    Policy { configure: "(drop (i32.const 1000000))".repeat(60_000), ..Policy::default() }.bytes()
}

/// Imports what the frozen world does not have, and does not call it.
fn sockets() -> Vec<u8> {
    let answer = "(call $action (i32.const 0))";
    calling("wasi:sockets/network@0.2.0", "network-access", "", "", answer).bytes()
}

fn third_traps() -> Vec<u8> {
    evaluating(
        "(if (i32.ge_u (global.get $calls) (i32.const 3)) (then (unreachable))) (call $action (i32.const 1))",
    )
}

fn later_deletes() -> Vec<u8> {
    let mut body = often(400_000, "(global.set $next (i32.add (global.get $next) (i32.const 1)))");
    body.push_str("(call $action (i32.const 2))");
    let first = "(if (i32.lt_u (global.get $calls) (i32.const 3)) (then (call $action (i32.const 1)) (return))) (local.set $n";
    evaluating(&body.replacen("(local.set $n", first, 1))
}

fn remembers() -> Vec<u8> {
    evaluating(
        "(if (i32.gt_u (memory.size) (i32.const 1)) (then (call $action (i32.const 2)) (return)))
         (drop (memory.grow (i32.const 8))) (call $action (i32.const 1))",
    )
}
