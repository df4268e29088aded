//! `wasi:io`: input that has ended, output that is captured, and polls that are always ready.

use super::{Context, Host, charge};
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource};

/// Never made: no call fails but by the stream's end.
pub(super) struct IoError;
/// Always ready.
pub(super) struct Pollable;
/// Ended.
pub(super) struct Input;
/// Captured.
pub(super) struct Output;

pub(super) const STDOUT: u32 = 1;
pub(super) const STDERR: u32 = 2;
/// What a program may write at once.
const WRITE_BYTES: u64 = 4096;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

pub(super) fn define(
    instance: &mut LinkerInstance<'_, Host>,
    interface: &str,
    function: &str,
) -> wasmtime::Result<bool> {
    match interface {
        "error" => error(instance, function),
        "poll" => poll(instance, function),
        "streams" => Ok(input(instance, function)? || output(instance, function)?),
        _ => Ok(false),
    }
}

fn error(instance: &mut LinkerInstance<'_, Host>, function: &str) -> wasmtime::Result<bool> {
    if function != "[method]error.to-debug-string" {
        return Ok(false);
    }
    instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<IoError>,)| {
        charge(&mut store, 0)?;
        Ok(("closed".to_owned(),))
    })?;
    Ok(true)
}

fn poll(instance: &mut LinkerInstance<'_, Host>, function: &str) -> wasmtime::Result<bool> {
    match function {
        "[method]pollable.ready" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<Pollable>,)| {
                charge(&mut store, 0)?;
                Ok((true,))
            })?;
        }
        "[method]pollable.block" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<Pollable>,)| {
                charge(&mut store, 0)
            })?;
        }
        "poll" => {
            instance.func_wrap(function, |mut store: Context<'_>, (list,): (Vec<Resource<Pollable>>,)| {
                charge(&mut store, list.len())?;
                let ready = 0..u32::try_from(list.len()).unwrap_or(u32::MAX);
                Ok((ready.collect::<Vec<u32>>(),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn input(instance: &mut LinkerInstance<'_, Host>, function: &str) -> wasmtime::Result<bool> {
    match function {
        "[method]input-stream.read" | "[method]input-stream.blocking-read" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_, _): (Resource<Input>, u64)| {
                charge(&mut store, 0)?;
                Ok((Err::<Vec<u8>, _>(StreamError::Closed),))
            })?;
        }
        "[method]input-stream.skip" | "[method]input-stream.blocking-skip" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_, _): (Resource<Input>, u64)| {
                charge(&mut store, 0)?;
                Ok((Err::<u64, _>(StreamError::Closed),))
            })?;
        }
        "[method]input-stream.subscribe" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<Input>,)| {
                charge(&mut store, 0)?;
                Ok((Resource::<Pollable>::new_own(0),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn output(instance: &mut LinkerInstance<'_, Host>, function: &str) -> wasmtime::Result<bool> {
    match function {
        "[method]output-stream.check-write" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<Output>,)| {
                charge(&mut store, 0)?;
                Ok((Ok::<u64, StreamError>(WRITE_BYTES),))
            })?;
        }
        "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush" => {
            instance.func_wrap(
                function,
                |store: Context<'_>, (stream, bytes): (Resource<Output>, Vec<u8>)| {
                    write(store, &stream, &bytes)
                },
            )?;
        }
        "[method]output-stream.write-zeroes" | "[method]output-stream.blocking-write-zeroes-and-flush" => {
            instance.func_wrap(
                function,
                |store: Context<'_>, (stream, count): (Resource<Output>, u64)| {
                    let count = usize::try_from(count.min(WRITE_BYTES)).unwrap_or_default();
                    write(store, &stream, &vec![0; count])
                },
            )?;
        }
        "[method]output-stream.flush" | "[method]output-stream.blocking-flush" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<Output>,)| {
                charge(&mut store, 0)?;
                Ok((Ok::<(), StreamError>(()),))
            })?;
        }
        "[method]output-stream.subscribe" => {
            instance.func_wrap(function, |mut store: Context<'_>, (_,): (Resource<Output>,)| {
                charge(&mut store, 0)?;
                Ok((Resource::<Pollable>::new_own(0),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

type Written = (Result<(), StreamError>,);

fn write(mut store: Context<'_>, stream: &Resource<Output>, bytes: &[u8]) -> wasmtime::Result<Written> {
    charge(&mut store, bytes.len())?;
    let host = store.data_mut();
    let capture = if stream.rep() == STDERR { &mut host.stderr } else { &mut host.stdout };
    capture.write(bytes);
    Ok((Ok(()),))
}
