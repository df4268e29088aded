//! `wasi:clocks`: the wall clock stands at the inventory's time, the monotonic one at zero.

use super::io::Pollable;
use super::{Context, Host, charge};
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource};

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

pub(super) fn define(
    instance: &mut LinkerInstance<'_, Host>,
    interface: &str,
    function: &str,
) -> wasmtime::Result<bool> {
    match (interface, function) {
        ("wall-clock", "now") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((Datetime { seconds: store.data().now_seconds, nanoseconds: 0 },))
            })?;
        }
        ("wall-clock", "resolution") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((Datetime { seconds: 1, nanoseconds: 0 },))
            })?;
        }
        ("monotonic-clock", "now") => number(instance, function, 0)?,
        ("monotonic-clock", "resolution") => number(instance, function, 1)?,
        ("monotonic-clock", "subscribe-instant" | "subscribe-duration") => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (u64,)| {
                charge(&mut store, 0)?;
                Ok((Resource::<Pollable>::new_own(0),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn number(instance: &mut LinkerInstance<'_, Host>, function: &str, value: u64) -> wasmtime::Result<()> {
    instance.func_wrap(function, move |mut store: Context<'_>, ()| {
        charge(&mut store, 0)?;
        Ok((value,))
    })
}
