//! Limits that can be switched off, one at a time and nowhere but in this crate's own unit tests: what a limit is for shows when it
//! is gone.

/// What can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Fuel of a call.
    Fuel,
    /// Fuel for what the host does for a program.
    HostFuel,
    /// Memory of an instance.
    Memory,
    /// A manifest's limits stay under hard maxima.
    HardMaxima,
    /// Elements of all tables.
    TableElements,
    /// How many tables.
    Tables,
    /// How many memories.
    Memories,
    /// How many core instances.
    Instances,
    /// Handles to the host's resources.
    Handles,
    /// The wasm stack; without it there is wasmtime's own, four times as large.
    WasmStack,
    /// The thread's stack is larger than the wasm stack.
    ThreadStack,
    /// Size of a verdict.
    Output,
    /// The host's memory for what a call hands over.
    Reply,
    /// What is kept of an output stream.
    Captured,
    /// Size of a program.
    ModuleSize,
    /// Size of a function.
    FunctionBody,
    /// How many functions.
    Functions,
    /// The walk over what a program imports.
    Imports,
    /// A failure or a costly answer is asked again in a fresh session.
    FreshSession,
    /// A session whose memory has swollen is asked no more.
    SwollenSession,
    /// So many failures, and the rest of a chunk is not asked.
    Patience,
}

/// Nothing is off.
#[cfg(not(test))]
pub(crate) const fn off(_limit: Limit) -> bool {
    false
}

/// Off where a test says so to its child.
#[cfg(test)]
pub(crate) fn off(limit: Limit) -> bool {
    use std::sync::LazyLock;
    static NAME: LazyLock<Option<String>> = LazyLock::new(|| std::env::var(tests::OFF).ok());
    NAME.as_ref().is_some_and(|name| *name == format!("{limit:?}"))
}

#[cfg(test)]
#[path = "off_tests.rs"]
mod tests;
