//! The engine: one wasmtime configuration for every program, deterministic and with nothing switched on that policies do not
//! need.

use crate::cache::Cache;
use crate::limits::WASM_STACK_BYTES;
use crate::off::{Limit, off};
use crate::threads;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::component::Component;
use wasmtime::{Config, OperatorCost, OptLevel, Strategy};

/// How policies are to be run.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Where compiled programs are kept; nothing is kept without it.
    pub cache_dir: Option<PathBuf>,
    /// Threads to run sessions on; as many as the machine has without it.
    pub threads: Option<NonZeroUsize>,
    /// The inventory's time in seconds since 1970: every clock of a program stands there.
    pub now_seconds: u64,
}

/// Loads programs. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    wasmtime: wasmtime::Engine,
    cache: Option<Cache>,
    threads: usize,
    now_seconds: u64,
    rego: Mutex<Option<Component>>,
}

/// The engine cannot be made: wasmtime refuses its configuration on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox does not start on this machine: {0}")]
pub struct EngineError(String);

impl Engine {
    /// An engine.
    ///
    /// # Errors
    /// Where wasmtime does not support this machine.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let wasmtime = wasmtime::Engine::new(&config()).map_err(|error| EngineError(format!("{error:#}")))?;
        let cache = options.cache_dir.and_then(|directory| Cache::open(&directory, &wasmtime));
        let threads = options.threads.map_or_else(threads::default_count, NonZeroUsize::get);
        let rego = Mutex::new(None);
        Ok(Self {
            shared: Arc::new(Shared { wasmtime, cache, threads, now_seconds: options.now_seconds, rego }),
        })
    }

    /// Threads that sessions run on.
    pub fn threads(&self) -> usize {
        self.shared.threads
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.shared.wasmtime
    }

    pub(crate) fn now_seconds(&self) -> u64 {
        self.shared.now_seconds
    }

    /// Compiles a component, or takes its code from the cache.
    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Component> {
        let Some(cache) = &self.shared.cache else { return Component::new(&self.shared.wasmtime, bytes) };
        let key = cache.key(bytes);
        if let Some(component) = cache.component(&key, &self.shared.wasmtime) {
            return Ok(component);
        }
        let component = Component::new(&self.shared.wasmtime, bytes)?;
        cache.store(&key, &component.serialize()?);
        Ok(component)
    }

    /// The Rego guest, compiled once an engine.
    pub(crate) fn rego(&self, guest: &[u8]) -> wasmtime::Result<Component> {
        let mut slot = self.shared.rego.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = &*slot {
            return Ok(component.clone());
        }
        let component = self.compile(guest)?;
        *slot = Some(component.clone());
        Ok(component)
    }
}

fn config() -> Config {
    let mut cost = OperatorCost::new();
    // A page is a system call and 64 KiB of zeroes; by default it would be free.
    cost.MemoryGrow = u8::MAX;
    // Charged for what is asked for, granted or not: all of 4 GiB must stay well below a call's fuel, or the limit is misnamed.
    cost.variable.memory_grow_per_page = 64;
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .parallel_compilation(true)
        .consume_fuel(true)
        .operator_cost(cost)
        .epoch_interruption(false)
        .max_wasm_stack(if off(Limit::WasmStack) { 2 << 20 } else { WASM_STACK_BYTES })
        .memory_init_cow(true)
        .concurrency_support(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(8))
        .wasm_component_model(true)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_stack_switching(false)
        .shared_memory(false);
    config
}
