//! What a program may take: a manifest's limits under hard maxima, and the limiter that remembers what it refused.

use crate::off::{Limit, off};
use probate_contract::manifest::Limits;
use wasmtime::ResourceLimiter;

/// Largest program.
pub const MAX_MODULE_BYTES: usize = 32 << 20;
/// Largest function body: Cranelift cannot be interrupted.
pub const MAX_FUNCTION_BYTES: usize = 256 << 10;
/// Most functions of a program.
pub const MAX_FUNCTIONS: usize = 200_000;
/// Most fuel of a call, before that for its input.
pub const MAX_FUEL_PER_CALL: u64 = 1_000_000_000;
/// Most fuel for a byte of input.
pub const MAX_FUEL_PER_INPUT_BYTE: u64 = 20_000;
/// Most memory of an instance.
pub const MAX_MEMORY_BYTES: u64 = 512 << 20;
/// Longest answer.
pub const MAX_OUTPUT_BYTES: u64 = 1 << 20;
/// Fuel of instantiating, loading, describing and configuring, each.
pub const LOAD_FUEL: u64 = 2_000_000_000;
/// Longest description, and longest reply of the Rego guest's loader.
pub const REPLY_BYTES: usize = 4 << 20;
/// Wasm stack of a call. The threads in `threads` are far larger: an overflow there would be an abort.
pub const WASM_STACK_BYTES: usize = 512 << 10;
/// Handles of an instance.
pub const MAX_HANDLES: usize = 1000;

const MAX_TABLE_ELEMENTS: usize = 200_000;
const MAX_TABLES: usize = 64;
const MAX_INSTANCES: usize = 64;
const MAX_MEMORIES: usize = 8;

/// A manifest's limits under the hard maxima.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    fuel_per_call: u64,
    fuel_per_input_byte: u64,
    pub(crate) memory_bytes: usize,
    pub(crate) output_bytes: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let under = |asked: u64, max: u64| if off(Limit::HardMaxima) { asked } else { asked.min(max) };
        let size = |bytes: u64, max: u64| usize::try_from(under(bytes, max)).unwrap_or(usize::MAX);
        Self {
            fuel_per_call: under(limits.fuel_per_call, MAX_FUEL_PER_CALL),
            fuel_per_input_byte: under(limits.fuel_per_input_byte, MAX_FUEL_PER_INPUT_BYTE),
            memory_bytes: size(limits.memory_bytes, MAX_MEMORY_BYTES),
            output_bytes: size(limits.output_bytes, MAX_OUTPUT_BYTES),
        }
    }

    /// Fuel of a call with an input that long.
    pub(crate) fn fuel(&self, input_bytes: usize) -> u64 {
        let bytes = u64::try_from(input_bytes).unwrap_or(u64::MAX);
        self.fuel_per_call.saturating_add(self.fuel_per_input_byte.saturating_mul(bytes))
    }
}

/// Counts memory and tables over all of a store, and remembers a refusal: a guest that is refused memory aborts in ways of its
/// own, and its failure must still be named after the limit.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_max: usize,
    memory: usize,
    last_growth: usize,
    elements: usize,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(memory_max: usize) -> Self {
        Self { memory_max, memory: 0, last_growth: 0, elements: 0, refused: false }
    }

    /// Bytes of all memories now.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// True where something was refused since the last `begin`.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// A new call begins.
    pub(crate) fn begin(&mut self) {
        self.refused = false;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let total = self.memory.saturating_add(growth);
        let over = total > self.memory_max && !off(Limit::Memory);
        if over || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = true;
            return Ok(false);
        }
        self.memory = total;
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.last_growth));
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.elements.saturating_add(desired.saturating_sub(current));
        let over = total > MAX_TABLE_ELEMENTS && !off(Limit::TableElements);
        if over || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = true;
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        if off(Limit::Instances) { usize::MAX } else { MAX_INSTANCES }
    }

    fn tables(&self) -> usize {
        if off(Limit::Tables) { usize::MAX } else { MAX_TABLES }
    }

    fn memories(&self) -> usize {
        if off(Limit::Memories) { usize::MAX } else { MAX_MEMORIES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_maxima_hold_whatever_the_manifest_asks() {
        let budget = Budget::new(&Limits {
            fuel_per_call: u64::MAX,
            fuel_per_input_byte: u64::MAX,
            memory_bytes: u64::MAX,
            output_bytes: u64::MAX,
        });
        assert_eq!(budget.fuel(0), MAX_FUEL_PER_CALL);
        assert_eq!(budget.fuel(10), MAX_FUEL_PER_CALL + 10 * MAX_FUEL_PER_INPUT_BYTE);
        assert_eq!(budget.memory_bytes as u64, MAX_MEMORY_BYTES);
        assert_eq!(budget.output_bytes as u64, MAX_OUTPUT_BYTES);
    }

    #[test]
    fn the_limiter_sums_memories_and_remembers_a_refusal() {
        let mut limiter = Limiter::new(3 << 16);
        assert!(limiter.memory_growing(0, 1 << 16, None).unwrap());
        assert!(limiter.memory_growing(0, 2 << 16, None).unwrap());
        assert!(!limiter.refused());
        assert!(!limiter.memory_growing(1 << 16, 2 << 16, None).unwrap());
        assert!(limiter.refused());
        limiter.begin();
        assert!(!limiter.refused());
        assert_eq!(limiter.memory(), 3 << 16);
        assert!(!limiter.table_growing(0, MAX_TABLE_ELEMENTS + 1, None).unwrap());
        assert!(limiter.refused());
    }
}
