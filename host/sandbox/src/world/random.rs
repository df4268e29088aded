//! `wasi:random`: SplitMix64 from a fixed seed, begun anew with each call.

use super::{Context, Host, charge};
use wasmtime::component::LinkerInstance;

/// Most bytes at once.
const MAX_BYTES: u64 = 64 << 10;

#[derive(Debug)]
pub(super) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The program asked for more at once than anybody needs.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the policy asked for {0} random bytes at once, at most {MAX_BYTES} are given")]
struct TooMany(u64);

pub(super) fn define(
    instance: &mut LinkerInstance<'_, Host>,
    interface: &str,
    function: &str,
) -> wasmtime::Result<bool> {
    match (interface, function) {
        ("random", "get-random-bytes") | ("insecure", "get-insecure-random-bytes") => {
            instance.func_wrap(function, |mut store: Context<'_>, (length,): (u64,)| {
                let count =
                    usize::try_from(length).ok().filter(|_| length <= MAX_BYTES).ok_or(TooMany(length))?;
                charge(&mut store, count)?;
                let random = &mut store.data_mut().random;
                let bytes = std::iter::repeat_with(|| random.next().to_le_bytes()).flatten().take(count);
                Ok((bytes.collect::<Vec<u8>>(),))
            })?;
        }
        ("random", "get-random-u64") | ("insecure", "get-insecure-random-u64") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 8)?;
                Ok((store.data_mut().random.next(),))
            })?;
        }
        ("insecure-seed", "insecure-seed") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 16)?;
                let random = &mut store.data_mut().random;
                Ok(((random.next(), random.next()),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}
