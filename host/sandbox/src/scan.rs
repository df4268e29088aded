//! Reads a component before anything compiles it: what it is, which version it speaks, what it imports, how large it is. The
//! import list is the capability scan.

use crate::limits::{MAX_FUNCTION_BYTES, MAX_FUNCTIONS, MAX_MODULE_BYTES};
use crate::off::{Limit, off};
use probate_contract::Cause;
use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

/// The interface that a policy exports.
pub const INTERFACE: &str = "probate:policy/policy@0.1.0";
const INTERFACE_NAME: &str = "probate:policy/policy";
/// Packages that the frozen world meets, in version 0.2 only.
const ALLOWED_PACKAGES: [&str; 5] =
    ["wasi:cli/", "wasi:io/", "wasi:clocks/", "wasi:random/", "wasi:filesystem/"];

/// What a component shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Names of what it imports, sorted.
    pub(crate) imports: Vec<String>,
    /// Its size.
    pub(crate) size_bytes: usize,
}

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) cause: Cause,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) fix: &'static str,
}

/// Reads a component.
pub(crate) fn scan(bytes: &[u8]) -> Result<Scan, Refusal> {
    if bytes.len() > MAX_MODULE_BYTES && !off(Limit::ModuleSize) {
        return Err(too_large(format!(
            "the program has {} bytes, at most {MAX_MODULE_BYTES} are allowed",
            bytes.len()
        )));
    }
    let mut walk = Walk::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| damaged(&error))?;
        walk.visit(&payload)?;
    }
    walk.finish(bytes.len())
}

#[derive(Default)]
struct Walk {
    /// Components and modules that the walk is inside of, the outermost one included.
    depth: usize,
    functions: usize,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Walk {
    fn visit(&mut self, payload: &Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::Version { encoding, .. } => {
                if self.depth == 0 && *encoding != Encoding::Component {
                    return Err(not_a_component(
                        "the file is a core WebAssembly module, not a component".into(),
                    ));
                }
                self.depth += 1;
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if self.depth == 1 => {
                for import in section.clone() {
                    let import = import.map_err(|error| damaged(&error))?;
                    self.import(import.name.name, import.ty.kind())?;
                }
            }
            Payload::ComponentExportSection(section) if self.depth == 1 => {
                for export in section.clone() {
                    let export = export.map_err(|error| damaged(&error))?;
                    if export.kind == ComponentExternalKind::Instance {
                        self.exports.push(export.name.name.to_owned());
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.function(body.range().len())?,
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, name: &str, kind: ComponentExternalKind) -> Result<(), Refusal> {
        if (kind != ComponentExternalKind::Instance || !allowed(name)) && !off(Limit::Imports) {
            return Err(Refusal {
                cause: Cause::ImportRefused,
                code: "PB2202",
                message: format!("the program imports {}, which no policy is given", shown(name)),
                fix: "a policy has no powers: remove what needs that import, or build with fewer features of the SDK",
            });
        }
        self.imports.push(name.to_owned());
        Ok(())
    }

    fn function(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.functions += 1;
        if bytes > MAX_FUNCTION_BYTES && !off(Limit::FunctionBody) {
            return Err(too_large(format!(
                "a function of the program has {bytes} bytes, at most {MAX_FUNCTION_BYTES} are allowed"
            )));
        }
        if self.functions > MAX_FUNCTIONS && !off(Limit::Functions) {
            return Err(too_large(format!("the program has more than {MAX_FUNCTIONS} functions")));
        }
        Ok(())
    }

    fn finish(mut self, size_bytes: usize) -> Result<Scan, Refusal> {
        if self.exports.iter().any(|name| name == INTERFACE) {
            self.imports.sort();
            return Ok(Scan { imports: self.imports, size_bytes });
        }
        let other = self.exports.iter().find(|name| {
            name.strip_prefix(INTERFACE_NAME).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
        });
        let message = match other {
            Some(other) => format!("the program speaks {}, this host {INTERFACE}", shown(other)),
            None => format!("the program does not export {INTERFACE}"),
        };
        Err(Refusal {
            cause: Cause::UnsupportedVersion,
            code: "PB2203",
            message,
            fix: "build the policy with an SDK of this version",
        })
    }
}

/// True for `wasi:{cli,io,clocks,random,filesystem}/NAME@0.2.N`.
fn allowed(name: &str) -> bool {
    let Some((interface, version)) = name.split_once('@') else { return false };
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let patch = |patch: &str| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
    ALLOWED_PACKAGES.iter().any(|package| interface.strip_prefix(package).is_some_and(word))
        && version.strip_prefix("0.2.").is_some_and(patch)
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn damaged(error: &wasmparser::BinaryReaderError) -> Refusal {
    not_a_component(format!(
        "the file is no WebAssembly component: {} at byte {}",
        shown(error.message()),
        error.offset()
    ))
}

fn not_a_component(message: String) -> Refusal {
    Refusal {
        cause: Cause::NotAComponent,
        code: "PB2201",
        message,
        fix: "build a component: `cargo build --target wasm32-wasip2` makes one",
    }
}

fn too_large(message: String) -> Refusal {
    Refusal {
        cause: Cause::ModuleTooLarge,
        code: "PB2204",
        message,
        fix: "build with optimisations and without debug information",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_frozen_world_is_allowed() {
        for name in ["wasi:cli/environment@0.2.0", "wasi:io/streams@0.2.12", "wasi:filesystem/types@0.2.6"] {
            assert!(allowed(name), "{name}");
        }
        for name in [
            "wasi:cli/environment",
            "wasi:cli/environment@0.3.0",
            "wasi:cli/environment@0.2.0-rc",
            "wasi:cli/@0.2.0",
            "wasi:sockets/tcp@0.2.0",
            "wasi:http/types@0.2.0",
            "wasi:clocks/../sockets@0.2.0",
            "probate:policy/policy@0.1.0",
        ] {
            assert!(!allowed(name), "{name}");
        }
    }
}
