//! Components that import a part of the frozen world.

use super::Policy;

const IO: &str = r#"
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $io-error (type $e'))
    (export "error" (type $e (eq $e')))
    (export "output-stream" (type $out (sub resource)))
    (type $se' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $se (eq $se')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $out (type $o'))
    (export "output-stream" (type $o (eq $o')))
    (export "get-stderr" (func (result (own $o))))))
  (core module $libc (memory (export "memory") 2) (data (i32.const 0) "thread main panicked: boom\n"))
  (core instance $c (instantiate $libc))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $c "memory"))))
  (core func $get (canon lower (func $stderr "get-stderr")))"#;
const IO_WITH: &str = r#"(with "io" (instance (export "write" (func $write)) (export "get" (func $get))))"#;
const IO_CORE: &str = r#"(import "io" "write" (func $write (param i32 i32 i32 i32)))
  (import "io" "get" (func $get (result i32)))"#;

/// May write to stderr: `$get` gives the stream, `$write` writes what stands in a memory of its own, which begins with a line.
pub fn writing(evaluate: &str) -> Policy {
    Policy {
        imports: IO.into(),
        with: IO_WITH.into(),
        core_imports: IO_CORE.into(),
        ..Policy::evaluating(evaluate)
    }
}

/// One imported function without parameters, called on each evaluation.
pub fn calling(interface: &str, function: &str, signature: &str, core: &str, call: &str) -> Policy {
    Policy {
        imports: format!(
            r#"(import "{interface}" (instance $host (export "{function}" (func {signature}))))
               (core func $f (canon lower (func $host "{function}")))"#
        ),
        with: r#"(with "host" (instance (export "f" (func $f))))"#.into(),
        core_imports: format!(r#"(import "host" "f" (func $f {core}))"#),
        ..Policy::evaluating(call)
    }
}
