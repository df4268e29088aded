//! The policies that probate ships, one folder each: manifest, Rego program, README and cases; some of them also as a Rust
//! twin, which is an example target of this package. The library itself is empty.
