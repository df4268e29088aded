//! `wasi:cli`: nothing in the environment, no input, captured output, an exit that ends the session.

use super::io::{Input, Output, STDERR, STDOUT};
use super::{Context, Exited, Host, charge};
use wasmtime::component::{LinkerInstance, Resource};

/// No program is given one.
pub(super) struct TerminalInput;
/// No program is given one.
pub(super) struct TerminalOutput;

pub(super) fn define(
    instance: &mut LinkerInstance<'_, Host>,
    interface: &str,
    function: &str,
) -> wasmtime::Result<bool> {
    match (interface, function) {
        ("environment", "get-environment") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((Vec::<(String, String)>::new(),))
            })?;
        }
        ("environment", "get-arguments") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((Vec::<String>::new(),))
            })?;
        }
        ("environment", "initial-cwd") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((None::<String>,))
            })?;
        }
        ("exit", "exit") => {
            instance.func_wrap(
                function,
                |_: Context<'_>, (status,): (Result<(), ()>,)| -> wasmtime::Result<()> {
                    Err(Exited(u8::from(status.is_err())).into())
                },
            )?;
        }
        ("exit", "exit-with-code") => {
            instance.func_wrap(function, |_: Context<'_>, (code,): (u8,)| -> wasmtime::Result<()> {
                Err(Exited(code).into())
            })?;
        }
        ("stdin", "get-stdin") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((Resource::<Input>::new_own(0),))
            })?;
        }
        ("stdout", "get-stdout") => output(instance, function, STDOUT)?,
        ("stderr", "get-stderr") => output(instance, function, STDERR)?,
        ("terminal-stdin", "get-terminal-stdin") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((None::<Resource<TerminalInput>>,))
            })?;
        }
        ("terminal-stdout", "get-terminal-stdout") | ("terminal-stderr", "get-terminal-stderr") => {
            instance.func_wrap(function, |mut store: Context<'_>, ()| {
                charge(&mut store, 0)?;
                Ok((None::<Resource<TerminalOutput>>,))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn output(instance: &mut LinkerInstance<'_, Host>, function: &str, stream: u32) -> wasmtime::Result<()> {
    instance.func_wrap(function, move |mut store: Context<'_>, ()| {
        charge(&mut store, 0)?;
        Ok((Resource::<Output>::new_own(stream),))
    })
}
