//! The frozen world: what a program sees of `wasi:{cli,io,clocks,random,filesystem}@0.2`. Time is the inventory's, randomness
//! has a fixed seed, there are no arguments, variables, files or input, and output is captured. Whatever else those packages
//! have traps by its name when it is called.

mod cli;
mod clocks;
mod filesystem;
mod io;
mod random;

use crate::limits::Limiter;
use crate::off::{Limit, off};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{StoreContextMut, Trap};

/// Fuel of a call into the host, before that for its bytes.
const HOST_CALL_FUEL: u64 = 200;
/// Most bytes that are kept of an output stream in one call.
const CAPTURED_BYTES: usize = 64 << 10;

/// What the host keeps for one instance.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) limiter: Limiter,
    pub(crate) stdout: Capture,
    pub(crate) stderr: Capture,
    random: random::Random,
    now_seconds: u64,
}

impl Host {
    pub(crate) fn new(memory_max: usize, now_seconds: u64) -> Self {
        Self {
            limiter: Limiter::new(memory_max),
            stdout: Capture::default(),
            stderr: Capture::default(),
            random: random::Random::default(),
            now_seconds,
        }
    }

    /// A new call begins: nothing of the calls before may show in it.
    pub(crate) fn begin(&mut self) {
        self.limiter.begin();
        self.stdout.0.clear();
        self.stderr.0.clear();
        self.random = random::Random::default();
    }
}

/// The beginning of an output stream.
#[derive(Debug, Default)]
pub(crate) struct Capture(Vec<u8>);

impl Capture {
    fn write(&mut self, bytes: &[u8]) {
        let most = if off(Limit::Captured) { usize::MAX } else { CAPTURED_BYTES };
        let room = most.saturating_sub(self.0.len());
        self.0.extend(bytes.iter().take(room));
    }

    /// Its printable lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.0);
        text.lines().map(|line| printable(line, 1024)).filter(|line| !line.is_empty()).collect()
    }
}

/// Text from a program on one line: nothing in it may move a terminal's cursor or reorder a line.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for c in text.trim().chars() {
        let c = if c == '\n' || c == '\t' { ' ' } else { c };
        if shown.len() + c.len_utf8() > most {
            shown.push('…');
            break;
        }
        if probate_contract::verdict::printable(c.encode_utf8(&mut [0; 4])) {
            shown.push(c);
        }
    }
    shown
}

/// The program asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy called exit with {0}")]
pub(crate) struct Exited(pub(crate) u8);

/// The program called a function that no policy is given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy called {0}, which no policy is given")]
pub(crate) struct Withheld(pub(crate) String);

/// The context of a host function.
type Context<'a> = StoreContextMut<'a, Host>;

/// Meets every import of a component.
pub(crate) fn link(linker: &mut Linker<Host>, component: &Component) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    for (name, item) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else { continue };
        let mut instance = linker.instance(name)?;
        let known = name.split('@').next().unwrap_or(name);
        for (function, item) in interface.exports(&engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => define(&mut instance, known, function)?,
                ComponentItem::Resource(_) => {
                    instance.resource(function, resource(function), |_, _| Ok(()))?
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn define(instance: &mut LinkerInstance<'_, Host>, interface: &str, function: &str) -> wasmtime::Result<()> {
    let defined = match interface.split_once('/') {
        Some(("wasi:cli", name)) => cli::define(instance, name, function)?,
        Some(("wasi:io", name)) => io::define(instance, name, function)?,
        Some(("wasi:clocks", name)) => clocks::define(instance, name, function)?,
        Some(("wasi:random", name)) => random::define(instance, name, function)?,
        Some(("wasi:filesystem", name)) => filesystem::define(instance, name, function)?,
        _ => false,
    };
    if defined {
        return Ok(());
    }
    let withheld = Withheld(format!("{interface}#{function}"));
    instance.func_new(function, move |_, _, _, _| Err(wasmtime::Error::from(withheld.clone())))
}

/// Resources of one name are one type in all interfaces that show them.
fn resource(name: &str) -> ResourceType {
    match name {
        "error" => ResourceType::host::<io::IoError>(),
        "pollable" => ResourceType::host::<io::Pollable>(),
        "input-stream" => ResourceType::host::<io::Input>(),
        "output-stream" => ResourceType::host::<io::Output>(),
        "descriptor" => ResourceType::host::<filesystem::Descriptor>(),
        "directory-entry-stream" => ResourceType::host::<filesystem::Entries>(),
        "terminal-input" => ResourceType::host::<cli::TerminalInput>(),
        "terminal-output" => ResourceType::host::<cli::TerminalOutput>(),
        _ => ResourceType::host::<()>(),
    }
}

/// Takes fuel for work of the host, so that a loop of host calls ends as any other.
fn charge(store: &mut Context<'_>, bytes: usize) -> wasmtime::Result<()> {
    if off(Limit::HostFuel) {
        return Ok(());
    }
    let cost = HOST_CALL_FUEL.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    let fuel = store.get_fuel()?;
    store.set_fuel(fuel.saturating_sub(cost))?;
    if fuel < cost { Err(Trap::OutOfFuel.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_output_is_bounded_and_printable() {
        let mut capture = Capture::default();
        capture.write(b"one\x1b[2J\n\ntwo\xff\n");
        assert_eq!(capture.lines(), ["one[2J", "two\u{fffd}"]);
        capture.write(&vec![b'x'; 2 * CAPTURED_BYTES]);
        assert_eq!(capture.0.len(), CAPTURED_BYTES);
        assert_eq!(printable("ab\u{202e}c\nd", 64), "abc d");
        assert_eq!(printable("abcdef", 3), "abc…");
    }
}
