//! Hostile components: each is contained, fails with a cause of its own, and leaves its neighbour's answers alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, its helpers too"
)]

mod support;

use probate_contract::Cause;
use probate_contract::verdict::Action;
use probate_core::port::{Answer, Chunk, Failure, Sandbox};
use probate_sandbox::{Engine, Programs};
use std::sync::Arc;
use support::world::{calling, writing};
use support::{Policy, ask, documents, engine, load};

/// Those that load and go wrong when they are asked.
fn asked() -> Vec<(&'static str, Policy, Cause)> {
    let body = Policy::evaluating;
    let with = |core: &str, evaluate: &str| Policy { core: core.into(), ..Policy::evaluating(evaluate) };
    let answer = |change: &str| Policy::evaluating(&format!("(call $action (i32.const 1)) {change}"));
    vec![
        ("infinite loop", body("(loop $l (br $l))"), Cause::FuelExhausted),
        ("slow bulk copies", body("(loop $l (memory.copy (i32.const 0) (i32.const 0) (i32.const 65000)) (br $l))"), Cause::FuelExhausted),
        ("growing by nothing", body("(loop $l (drop (memory.grow (i32.const 0))) (br $l))"), Cause::FuelExhausted),
        ("memory bomb", body("(loop $l (br_if $l (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) (unreachable)"), Cause::MemoryExhausted),
        ("memory bomb in one piece", body("(if (i32.eq (i32.const -1) (memory.grow (i32.const 65000))) (then (unreachable)))"), Cause::MemoryExhausted),
        ("table bomb", with("(table $t 1 funcref)", "(loop $l (br_if $l (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 10000))))) (unreachable)"), Cause::MemoryExhausted),
        ("recursion", with("(func $r (param i64 i64) (call $r (local.get 1) (local.get 0)) (call $r (local.get 0) (local.get 1)))", "(call $r (i64.const 1) (i64.const 2))"), Cause::StackExhausted),
        ("unreachable", body("(unreachable)"), Cause::PolicyTrapped),
        ("division by zero", body("(drop (i32.div_u (i32.const 1) (i32.const 0)))"), Cause::PolicyTrapped),
        ("read out of bounds", body("(drop (i32.load (i32.const 100000000)))"), Cause::PolicyTrapped),
        ("call of nothing", with("(table $t 1 funcref) (type $v (func))", "(call_indirect $t (type $v) (i32.const 0))"), Cause::PolicyTrapped),
        ("reason out of bounds", answer("(i32.store (i32.const 2060) (i32.const -16))"), Cause::BadVerdict),
        ("reason of forged length", answer("(i32.store (i32.const 2064) (i32.const 2147483647))"), Cause::BadVerdict),
        ("reason is not UTF-8", answer("(i32.store8 (i32.const 1200) (i32.const 255))"), Cause::BadVerdict),
        ("list of forged length", answer("(i32.store (i32.const 2084) (i32.const 268435455))"), Cause::BadVerdict),
        ("list out of line", answer("(i32.store (i32.const 2080) (i32.const 3)) (i32.store (i32.const 2084) (i32.const 1))"), Cause::BadVerdict),
        ("unknown action", body("(call $action (i32.const 7))"), Cause::BadVerdict),
        ("unknown discriminant", body("(i32.store8 (i32.const 2048) (i32.const 9))"), Cause::BadVerdict),
        ("delete without a reason", body("(call $action (i32.const 2)) (i32.store (i32.const 2064) (i32.const 0))"), Cause::BadVerdict),
        ("control characters", answer("(i32.store8 (i32.const 1200) (i32.const 27))"), Cause::BadVerdict),
        ("one key twice", answer("(i32.store (i32.const 2080) (i32.const 3000)) (i32.store (i32.const 2084) (i32.const 2))
          (i32.store (i32.const 3000) (i32.const 1240)) (i32.store (i32.const 3004) (i32.const 18))
          (i32.store (i32.const 3016) (i32.const 1240)) (i32.store (i32.const 3020) (i32.const 18))"), Cause::BadVerdict),
        ("output bomb", answer("(drop (memory.grow (i32.const 64))) (memory.fill (i32.const 65536) (i32.const 97) (i32.const 2000000))
          (i32.store (i32.const 2060) (i32.const 65536)) (i32.store (i32.const 2064) (i32.const 2000000))"), Cause::OutputTooLarge),
        ("own failure", body("(i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2056) (i32.const 1200)) (i32.store (i32.const 2060) (i32.const 7))"), Cause::PolicyError),
        ("exit", calling("wasi:cli/exit@0.2.3", "exit", r#"(param "status" (result))"#, "(param i32)", "(call $f (i32.const 1))"), Cause::PolicyTrapped),
        ("a function that is withheld", calling("wasi:cli/environment@0.2.0", "become-root", "", "", "(call $f)"), Cause::PolicyTrapped),
        ("panic", writing("(call $write (call $get) (i32.const 0) (i32.const 27) (i32.const 64)) (unreachable)"), Cause::PolicyTrapped),
        ("huge output", writing("(local $o i32) (local.set $o (call $get)) (loop $l (call $write (local.get $o) (i32.const 0) (i32.const 60000) (i32.const 65536)) (br $l))"), Cause::FuelExhausted),
        ("handles without end", writing("(loop $l (drop (call $get)) (br $l))"), Cause::MemoryExhausted),
    ]
}

fn neighbours(
    engine: &Engine,
    hostile: Result<probate_sandbox::Program, Failure>,
) -> (Vec<Answer>, Vec<Answer>) {
    let honest = load(engine, &Policy::default().bytes()).unwrap();
    let inputs = documents(&["delete", "retain", "abstain"]);
    let chunks = [1, 0, 1].map(|policy| Chunk { policy, inputs: inputs.clone() });
    let mut answers = Programs::new(vec![hostile, Ok(honest)]).ask(&chunks);
    let (last, hostile, first) = (answers.pop().unwrap(), answers.pop().unwrap(), answers.pop().unwrap());
    assert_eq!(first, last);
    (hostile, first)
}

fn assert_honest(answers: &[Answer], name: &str) {
    let actions: Vec<Action> = answers.iter().map(|answer| answer.as_ref().unwrap().action).collect();
    assert_eq!(actions, [Action::Delete, Action::Retain, Action::Abstain], "beside {name}");
}

#[test]
fn hostile_answers_are_contained_and_named() {
    let engine = engine();
    for (name, policy, cause) in asked() {
        let program = load(&engine, &policy.bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (answers, honest) = neighbours(&engine, Ok(program));
        for answer in answers {
            let failure = answer.expect_err(name);
            assert_eq!(failure.cause, cause, "{name}: {}", failure.message);
            assert!(probate_contract::verdict::printable(&failure.message), "{name}");
        }
        assert_honest(&honest, name);
        println!("contained\twasm\t{name}\t{cause}");
    }
}

#[test]
fn hostile_files_are_refused_and_named() {
    let engine = engine();
    let honest = Policy::default().bytes();
    let import =
        |name: &str| Policy { imports: format!(r#"(import "{name}" (instance))"#), ..Policy::default() };
    let body = |text: &str| Policy { configure: text.into(), ..Policy::default() };
    let long = "(drop (i32.const 1000000))".repeat(60_000);
    let files = vec![
        ("sockets", import("wasi:sockets/tcp@0.2.0").bytes(), Cause::ImportRefused),
        ("http", import("wasi:http/outgoing-handler@0.2.0").bytes(), Cause::ImportRefused),
        ("a later wasi", import("wasi:clocks/wall-clock@0.3.0").bytes(), Cause::ImportRefused),
        (
            "a bare function",
            Policy { imports: r#"(import "f" (func))"#.into(), ..Policy::default() }.bytes(),
            Cause::ImportRefused,
        ),
        (
            "another version",
            Policy { interface: "probate:policy/policy@9.0.0".into(), ..Policy::default() }.bytes(),
            Cause::UnsupportedVersion,
        ),
        (
            "another world",
            Policy { interface: "other:policy/policy@0.1.0".into(), ..Policy::default() }.bytes(),
            Cause::UnsupportedVersion,
        ),
        ("a core module", wat::parse_str("(module)").unwrap(), Cause::NotAComponent),
        ("half a file", honest[..honest.len() / 2].to_vec(), Cause::NotAComponent),
        ("nothing", Vec::new(), Cause::NotAComponent),
        ("text", b"package p".to_vec(), Cause::NotAComponent),
        ("a huge file", vec![0; (32 << 20) + 1], Cause::ModuleTooLarge),
        ("a huge function", body(&long).bytes(), Cause::ModuleTooLarge),
        (
            "wrong types",
            wat::parse_str(
                r#"(component (instance $i) (export "probate:policy/policy@0.1.0" (instance $i)))"#,
            )
            .unwrap(),
            Cause::LoadFailed,
        ),
        ("much memory at once", Policy { pages: 2000, ..Policy::default() }.bytes(), Cause::MemoryExhausted),
        ("a loop in configure", body("(loop $l (br $l))").bytes(), Cause::FuelExhausted),
        ("a trap in configure", body("(unreachable)").bytes(), Cause::PolicyTrapped),
    ];
    for (name, bytes, cause) in files {
        let error = load(&engine, &bytes).err().unwrap_or_else(|| panic!("{name} loads"));
        assert_eq!(error.cause, cause, "{name}: {}", error.message);
        assert!(error.diagnostics.iter().all(|diagnostic| diagnostic.code.starts_with("PB")), "{name}");
        assert!(!error.diagnostics.is_empty(), "{name}");
        let (answers, honest) = neighbours(&engine, Err(error.into()));
        assert!(
            answers.iter().all(|answer| answer.as_ref().is_err_and(|failure| failure.cause == cause)),
            "{name}"
        );
        assert_honest(&honest, name);
        println!("contained\twasm\t{name}\t{cause}");
    }
}

#[test]
fn a_refused_import_is_named() {
    let policy =
        Policy { imports: r#"(import "wasi:sockets/tcp@0.2.0" (instance))"#.into(), ..Policy::default() };
    let error = load(&engine(), &policy.bytes()).err().unwrap();
    assert!(error.message.contains("wasi:sockets/tcp@0.2.0"), "{}", error.message);
    assert_eq!(error.diagnostics[0].code, "PB2202");
}

#[test]
fn a_panic_message_and_an_exit_are_told() {
    let engine = engine();
    let failure = |name: &str| {
        let policy = asked().into_iter().find(|(other, ..)| *other == name).unwrap().1;
        load(&engine, &policy.bytes()).unwrap().ask(&documents(&["x"])).remove(0).unwrap_err().message
    };
    assert!(failure("panic").contains("thread main panicked: boom"), "{}", failure("panic"));
    assert!(failure("exit").contains("exit with 1"), "{}", failure("exit"));
    assert!(failure("a function that is withheld").contains("wasi:cli/environment#become-root"));
}

#[test]
fn explain_shows_what_a_wasm_policy_wrote() {
    let policy = writing(
        "(call $write (call $get) (i32.const 0) (i32.const 27) (i32.const 64)) (call $action (i32.const 1))",
    );
    let explained = load(&engine(), &policy.bytes()).unwrap().explain("x").unwrap();
    assert_eq!(explained.prints, ["thread main panicked: boom"]);
    assert_eq!(explained.answer.unwrap()["action"], "Retain");
}

#[test]
fn one_that_traps_once_in_a_while_costs_only_its_own_subject() {
    let traps = r#"(if (i32.eq (i32.load8_u (local.get $input)) (i32.const 120)) (then (unreachable)))
      (call $action (i32.const 2))"#;
    let program = load(&engine(), &Policy::evaluating(traps).bytes()).unwrap();
    let answers = ask(&program, &documents(&["a", "x", "b", "x", "c"]), 256, 1);
    let fine: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(fine, [true, false, true, false, true]);
}

#[test]
fn a_trap_that_a_fresh_session_does_not_repeat_is_no_failure() {
    let third =
        "(if (i32.ge_u (global.get $calls) (i32.const 3)) (then (unreachable))) (call $action (i32.const 1))";
    let program = load(&engine(), &Policy::evaluating(third).bytes()).unwrap();
    let answers = ask(&program, &documents(&["a"; 20]), 256, 1);
    assert!(
        answers.iter().all(|answer| answer.as_ref().is_ok_and(|verdict| verdict.action == Action::Retain))
    );
}

#[test]
fn after_four_confirmed_failures_the_rest_of_the_chunk_is_not_asked() {
    let program = load(&engine(), &Policy::evaluating("(unreachable)").bytes()).unwrap();
    let answers = ask(&program, &documents(&["a"; 10]), 256, 1);
    let asked: Vec<bool> =
        answers.iter().map(|answer| !answer.as_ref().unwrap_err().message.starts_with("not asked")).collect();
    assert_eq!(asked, [true, true, true, true, false, false, false, false, false, false]);
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().cause == Cause::PolicyTrapped));
}

#[test]
fn a_large_subject_before_a_small_one_changes_nothing() {
    let large: Arc<str> = Arc::from(format!("d{}", "x".repeat(1_000_000)));
    let small = documents(&["retain", "delete", "abstain"]);
    let program = load(&engine(), &Policy::default().bytes()).unwrap();
    let alone = ask(&program, &small, 1, 1);
    let mut inputs = vec![large];
    inputs.extend(small);
    assert_eq!(ask(&program, &inputs, 256, 1)[1..], alone);
}

#[test]
fn clocks_and_randomness_are_frozen() {
    let engine = engine();
    let random = calling(
        "wasi:random/random@0.2.0",
        "get-random-u64",
        "(result u64)",
        "(result i64)",
        "(call $action (i32.const 1)) (i64.store8 (i32.const 1200) (i64.add (i64.const 97) (i64.and (call $f) (i64.const 15))))",
    );
    let program = load(&engine, &random.bytes()).unwrap();
    let first = program.ask(&documents(&["a"])).remove(0).unwrap();
    for answer in program.ask(&documents(&["a"; 20])) {
        assert_eq!(answer.unwrap(), first, "randomness begins anew with each call");
    }
    let clock = calling(
        "wasi:clocks/monotonic-clock@0.2.0",
        "now",
        "(result u64)",
        "(result i64)",
        "(if (i64.ne (call $f) (i64.const 0)) (then (unreachable))) (call $action (i32.const 1))",
    );
    assert!(load(&engine, &clock.bytes()).unwrap().ask(&documents(&["a"; 3])).iter().all(Result::is_ok));
}
