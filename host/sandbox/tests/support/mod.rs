//! Components written by hand: a core module in text, wrapped in the canonical ABI of `probate:policy/policy@0.1.0`.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(unreachable_pub, reason = "a module of a test binary")]

pub mod world;

use probate_contract::manifest::Limits;
use probate_core::port::{Answer, Chunk, Sandbox};
use probate_sandbox::{Engine, EngineOptions, LoadError, Program, Programs, Source};
use serde_json::json;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// A policy to be: what differs from the honest one.
#[derive(Clone)]
pub struct Policy {
    /// Component-level text before the module: imports and their lowering.
    pub imports: String,
    /// `(with ...)` arguments of the module.
    pub with: String,
    /// Core imports, first in the module.
    pub core_imports: String,
    /// More of the core module: functions, globals, data, tables.
    pub core: String,
    /// Body of `(func $evaluate (param $input i32) (param $length i32))`; the answer's area is at 2048.
    pub evaluate: String,
    /// Body of `(func $configure (param i32 i32))`; the answer's area is at 1536.
    pub configure: String,
    /// Name of the exported interface.
    pub interface: String,
    /// The fact that it reads.
    pub reads: String,
    /// Its parameters schema.
    pub schema: String,
    /// Memory at the start, in pages.
    pub pages: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            imports: String::new(),
            with: String::new(),
            core_imports: String::new(),
            core: String::new(),
            evaluate: HONEST.into(),
            configure: String::new(),
            interface: "probate:policy/policy@0.1.0".into(),
            reads: "usage.unusedSince".into(),
            schema: "{}".into(),
            pages: 1,
        }
    }
}

/// Deletes where the input begins with `d`, keeps where it begins with `r`, abstains otherwise.
pub const HONEST: &str = r#"
  (if (i32.eq (i32.load8_u (local.get $input)) (i32.const 100)) (then (call $action (i32.const 2)) (return)))
  (if (i32.eq (i32.load8_u (local.get $input)) (i32.const 114)) (then (call $action (i32.const 1)) (return)))
  (call $action (i32.const 0))"#;

impl Policy {
    /// Whose `evaluate` is this.
    pub fn evaluating(body: &str) -> Self {
        Self { evaluate: body.into(), ..Self::default() }
    }

    /// The component's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        wat::parse_str(self.text()).unwrap()
    }

    pub fn text(&self) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let word = |number: usize| {
            u32::try_from(number)
                .unwrap()
                .to_le_bytes()
                .iter()
                .fold(String::new(), |all, byte| all + &format!("\\{byte:02x}"))
        };
        // name, version, title, reads, schema
        let description = [(16, 4), (32, 5), (48, 5), (1000, 1), (600, self.schema.len())]
            .iter()
            .map(|(pointer, length)| word(*pointer) + &word(*length))
            .collect::<String>();
        let reads = word(128) + &word(self.reads.len());
        let Self { imports, with, core_imports, core, evaluate, configure, interface, pages, .. } = self;
        let (schema, fact) = (quoted(&self.schema), quoted(&self.reads));
        format!(
            r#"(component
  {imports}
  (core module $m
    {core_imports}
    (memory (export "memory") {pages})
    (data (i32.const 16) "test") (data (i32.const 32) "1.2.3") (data (i32.const 48) "Title")
    (data (i32.const 128) "{fact}") (data (i32.const 600) "{schema}")
    (data (i32.const 1000) "{reads}") (data (i32.const 1024) "{description}")
    (data (i32.const 1200) "because") (data (i32.const 1220) "rule-1") (data (i32.const 1240) "probate.dev/note.x")
    (global $next (mut i32) (i32.const 8192))
    (global $calls (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $fits (i32.ne (i32.const -1)
          (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1)))))
        (unreachable))
      (local.get $at))
    (func $action (param $action i32)
      (memory.fill (i32.const 2048) (i32.const 0) (i32.const 128))
      (i32.store8 (i32.const 2056) (local.get $action))
      (i32.store (i32.const 2060) (i32.const 1200)) (i32.store (i32.const 2064) (i32.const 7)))
    {core}
    (func $evaluate (param $input i32) (param $length i32) {evaluate})
    (func $configure (param $input i32) (param $length i32) {configure})
    (func (export "describe") (result i32) (i32.const 1024))
    (func (export "configure") (param i32 i32) (result i32)
      (call $configure (local.get 0) (local.get 1))
      (global.set $next (i32.const 8192)) (i32.const 1536))
    (func (export "evaluate") (param i32 i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (call $evaluate (local.get 0) (local.get 1))
      (global.set $next (i32.const 8192)) (i32.const 2048)))
  (core instance $i (instantiate $m {with}))
  {TYPES}
  (func $describe (result $description)
    (canon lift (core func $i "describe") (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))))
  (func $configure (param "parameters" string) (result (result (error $failure)))
    (canon lift (core func $i "configure") (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))))
  (func $evaluate (param "evidence" string) (result (result $verdict (error $failure)))
    (canon lift (core func $i "evaluate") (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))))
  {SHIM}
  (instance $policy (instantiate $shim
    (with "description" (type $description)) (with "action" (type $action)) (with "measure" (type $measure))
    (with "annotation" (type $annotation)) (with "verdict" (type $verdict)) (with "failure" (type $failure))
    (with "describe" (func $describe)) (with "configure" (func $configure)) (with "evaluate" (func $evaluate))))
  (export "{interface}" (instance $policy)))"#
        )
    }
}

const TYPES: &str = r#"
  (type $description (record (field "name" string) (field "version" string) (field "title" string)
    (field "reads" (list string)) (field "parameters-schema" string)))
  (type $action (enum "abstain" "retain" "delete"))
  (type $measure (enum "reclaim-policy-retain"))
  (type $annotation (record (field "key" string) (field "value" string)))
  (type $verdict (record (field "action" $action) (field "reason" string) (field "rule" (option string))
    (field "annotations" (list $annotation)) (field "ensure" (option $measure))
    (field "recheck-after-seconds" (option u64)) (field "basis" (list string))))
  (type $failure (record (field "message" string)))"#;

/// Types must be exported beside the functions that use them, and only a component can do that.
const SHIM: &str = r#"
  (component $shim
    (type $d' (record (field "name" string) (field "version" string) (field "title" string)
      (field "reads" (list string)) (field "parameters-schema" string)))
    (import "description" (type $d (eq $d')))
    (type $a' (enum "abstain" "retain" "delete"))
    (import "action" (type $a (eq $a')))
    (type $m' (enum "reclaim-policy-retain"))
    (import "measure" (type $m (eq $m')))
    (type $n' (record (field "key" string) (field "value" string)))
    (import "annotation" (type $n (eq $n')))
    (type $v' (record (field "action" $a) (field "reason" string) (field "rule" (option string))
      (field "annotations" (list $n)) (field "ensure" (option $m))
      (field "recheck-after-seconds" (option u64)) (field "basis" (list string))))
    (import "verdict" (type $v (eq $v')))
    (type $f' (record (field "message" string)))
    (import "failure" (type $f (eq $f')))
    (import "describe" (func $describe (result $d)))
    (import "configure" (func $configure (param "parameters" string) (result (result (error $f)))))
    (import "evaluate" (func $evaluate (param "evidence" string) (result (result $v (error $f)))))
    (export $ed "description" (type $d'))
    (export $ea "action" (type $a'))
    (export $em "measure" (type $m'))
    (export $en "annotation" (type $n'))
    (type $v'' (record (field "action" $ea) (field "reason" string) (field "rule" (option string))
      (field "annotations" (list $en)) (field "ensure" (option $em))
      (field "recheck-after-seconds" (option u64)) (field "basis" (list string))))
    (export $ev "verdict" (type $v''))
    (export $ef "failure" (type $f'))
    (export "describe" (func $describe) (func (result $ed)))
    (export "configure" (func $configure) (func (param "parameters" string) (result (result (error $ef)))))
    (export "evaluate" (func $evaluate) (func (param "evidence" string) (result (result $ev (error $ef))))))"#;

pub fn engine() -> Engine {
    engine_with(EngineOptions::default())
}

pub fn engine_with(options: EngineOptions) -> Engine {
    let threads = options.threads.or(NonZeroUsize::new(2));
    Engine::new(EngineOptions { threads, ..options }).unwrap()
}

/// Limits that a test run can exhaust quickly.
pub fn small() -> Limits {
    Limits { fuel_per_call: 5_000_000, memory_bytes: 16 << 20, ..Limits::default() }
}

pub fn load(engine: &Engine, bytes: &[u8]) -> Result<Program, LoadError> {
    engine.load(&Source::Wasm(bytes.into()), &small())?.configure(&json!({}))
}

pub fn documents(inputs: &[&str]) -> Vec<Arc<str>> {
    inputs.iter().map(|input| Arc::from(*input)).collect()
}

/// Asks one program through the port, in chunks of that size, on that many threads.
pub fn ask(program: &Program, inputs: &[Arc<str>], chunk: usize, threads: usize) -> Vec<Answer> {
    let chunks: Vec<Chunk> =
        inputs.chunks(chunk).map(|inputs| Chunk { policy: 0, inputs: inputs.to_vec() }).collect();
    Programs::new(vec![Ok(program.clone())]).threads(threads).ask(&chunks).into_iter().flatten().collect()
}
