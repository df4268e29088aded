//! Threads that Wasm may run on: an overflow of the wasm stack must hit its own limit long before the thread's end.

use crate::off::{Limit, off};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism, scope};

const STACK_BYTES: usize = 8 << 20;

/// Why a job has no result: always our fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    #[error("no thread could be started")]
    NoThread,
    #[error("the host panicked")]
    Panicked,
}

/// As many as the machine runs at once.
pub(crate) fn default_count() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Does jobs 0..count on at most so many threads; results in the order of jobs, whatever the threads did.
pub(crate) fn run<R: Send>(
    threads: usize,
    count: usize,
    job: impl Fn(usize) -> R + Sync,
) -> Vec<Result<R, Lost>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<R, Lost>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let worker = || {
        while let Some((index, slot)) = take(&next, &slots) {
            let result = catch_unwind(AssertUnwindSafe(|| job(index))).map_err(|_| Lost::Panicked);
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
        }
    };
    scope(|scope| {
        for _ in 0..threads.max(1).min(count) {
            // One that cannot start leaves its jobs to the others; what no thread took is lost, and said to be.
            let stack = if off(Limit::ThreadStack) { 384 << 10 } else { STACK_BYTES };
            drop(Builder::new().name("policy".into()).stack_size(stack).spawn_scoped(scope, worker));
        }
    });
    slots
        .into_iter()
        .map(|slot| {
            slot.into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .unwrap_or(Err(Lost::NoThread))
        })
        .collect()
}

/// Does one job on a thread of its own.
pub(crate) fn run_one<R: Send>(job: impl Fn() -> R + Sync) -> Result<R, Lost> {
    run(1, 1, |_| job()).pop().unwrap_or(Err(Lost::NoThread))
}

fn take<'a, T>(next: &AtomicUsize, slots: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    slots.get(index).map(|slot| (index, slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_jobs() {
        for threads in [1, 2, 7] {
            let results = run(threads, 100, |index| index * 2);
            assert_eq!(results, (0..100).map(|index| Ok(index * 2)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_panic_costs_its_own_job_only() {
        let results = run(2, 3, |index| {
            assert_ne!(index, 1, "a planted panic");
            index
        });
        assert_eq!(results, [Ok(0), Err(Lost::Panicked), Ok(2)]);
    }
}
