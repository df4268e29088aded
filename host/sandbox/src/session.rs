//! A session: one instance of a program, configured once, asked any number of times. Whatever does not return ends it.

use crate::failure::{failure, of_call};
use crate::limits::{Budget, LOAD_FUEL, MAX_HANDLES, REPLY_BYTES};
use crate::off::{Limit, off};
use crate::program::RegoSource;
use crate::rego;
use crate::since_v0_1_0::{self as adapter, Exports, Indices};
use crate::world::Host;
use probate_contract::Cause;
use probate_contract::rego::{Coverage, Explained, LoadReply, LoadRequest, Purpose, TestReply};
use probate_core::port::{Answer, Failure};
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

/// A compiled program, ready to be instantiated.
pub(crate) struct Image {
    pub(crate) pre: InstancePre<Host>,
    pub(crate) indices: Indices,
    /// True for our own Rego guest: it has a loader, and its failures name their cause.
    pub(crate) rego: bool,
}

/// What an instance is started for.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) image: &'a Image,
    pub(crate) budget: Budget,
    pub(crate) now_seconds: u64,
}

/// One instance.
pub(crate) struct Session {
    store: Store<Host>,
    instance: Instance,
    exports: Exports,
    budget: Budget,
    rego: bool,
    settled_bytes: usize,
    /// No subject is to be asked about here any more.
    ended: bool,
    /// Nothing at all can be asked here any more.
    dead: bool,
}

/// An answer, and what it says of its session.
pub(crate) struct Asked {
    pub(crate) answer: Answer,
    /// The session is over: a trap or a limit.
    pub(crate) broke: bool,
    /// It took over half of its fuel or memory.
    pub(crate) costly: bool,
}

impl Session {
    /// Instantiates.
    pub(crate) fn open(start: Start<'_>) -> Result<Self, Failure> {
        let Start { image, budget, now_seconds } = start;
        let mut store = Store::new(image.pre.engine(), Host::new(budget.memory_bytes, now_seconds));
        store.limiter(|host| &mut host.limiter);
        store.set_max_component_handles(if off(Limit::Handles) { usize::MAX } else { MAX_HANDLES });
        refill(&mut store, LOAD_FUEL, REPLY_BYTES)?;
        let instance = image.pre.instantiate(&mut store).map_err(|error| unstarted(&error, &store))?;
        let exports = Exports::new(&image.indices, &mut store, &instance).map_err(|error| broken(&error))?;
        Ok(Self {
            store,
            instance,
            exports,
            budget,
            rego: image.rego,
            settled_bytes: 0,
            ended: false,
            dead: false,
        })
    }

    /// Asks what the policy is.
    pub(crate) fn describe(&mut self) -> Result<adapter::Described, Failure> {
        self.call(LOAD_FUEL, REPLY_BYTES, |session| session.exports.describe(&mut session.store))
    }

    /// Gives a Rego guest its program.
    pub(crate) fn load(
        &mut self,
        source: &RegoSource,
        purpose: Purpose,
        coverage: bool,
    ) -> Result<LoadReply, Failure> {
        let request =
            LoadRequest { package: source.package.clone(), files: source.files.clone(), purpose, coverage };
        let request = serde_json::to_string(&request)
            .map_err(|error| failure(Cause::SandboxFailed, error.to_string()))?;
        let reply = self.loader("load", Some(&request), LOAD_FUEL)?;
        parsed(&reply)
    }

    /// Gives the policy its parameters; afterwards it can be asked.
    pub(crate) fn configure(&mut self, parameters: &str) -> Result<(), Failure> {
        let answer = self.call(LOAD_FUEL, REPLY_BYTES, |session| {
            session.exports.configure(&mut session.store, parameters)
        })?;
        self.settled_bytes = self.memory();
        answer.map_err(|message| failure(Cause::ConfigureFailed, message))
    }

    /// Asks about one subject.
    pub(crate) fn evaluate(&mut self, evidence: &Arc<str>) -> Asked {
        let fuel = self.budget.fuel(evidence.len());
        let answer =
            self.call(fuel, self.budget.output_bytes.saturating_mul(2).saturating_add(16 << 10), |session| {
                session.exports.evaluate(&mut session.store, evidence)
            });
        let used = fuel.saturating_sub(self.store.get_fuel().unwrap_or(0));
        let memory = self.memory();
        let grown = memory > self.settled_bytes;
        let heavy = grown && memory > self.budget.memory_bytes / 2;
        let swollen = memory > self.settled_bytes.saturating_mul(4) && !off(Limit::SwollenSession);
        self.ended |= heavy || swollen;
        let broke = answer.is_err();
        let answer = match answer {
            Ok(Ok(verdict)) => adapter::verdict(verdict, self.budget.output_bytes),
            Ok(Err(message)) if self.rego => Err(rego::named(&message)),
            Ok(Err(message)) => Err(failure(Cause::PolicyError, message)),
            Err(broken) => Err(broken),
        };
        Asked { answer, broke, costly: heavy || used > fuel / 2 }
    }

    /// Asks a Rego guest how it comes to its answer.
    pub(crate) fn explain(&mut self, evidence: &str) -> Result<Explained, Failure> {
        let reply = self.loader("explain", Some(evidence), self.budget.fuel(evidence.len()))?;
        parsed(&reply)
    }

    /// Runs one native test.
    pub(crate) fn test(&mut self, name: &str) -> Result<TestReply, Failure> {
        let reply = self.loader("test", Some(name), LOAD_FUEL)?;
        parsed(&reply)
    }

    /// Lines reached since the load.
    pub(crate) fn coverage(&mut self) -> Result<Coverage, Failure> {
        let reply = self.loader("coverage", None, LOAD_FUEL)?;
        parsed(&reply)
    }

    /// True once no subject may be asked about here.
    pub(crate) fn ended(&self) -> bool {
        self.ended || self.dead
    }

    /// True after a trap or a limit.
    pub(crate) fn dead(&self) -> bool {
        self.dead
    }

    /// What the last call wrote.
    pub(crate) fn prints(&self) -> Vec<String> {
        let host = self.store.data();
        let mut lines = host.stdout.lines();
        lines.extend(host.stderr.lines());
        lines
    }

    fn memory(&self) -> usize {
        self.store.data().limiter.memory()
    }

    fn loader(&mut self, function: &str, argument: Option<&str>, fuel: u64) -> Result<String, Failure> {
        self.call(fuel, REPLY_BYTES, |session| {
            let (store, instance) = (&mut session.store, &session.instance);
            let interface = instance.get_export_index(&mut *store, None, rego::LOADER);
            let index = instance.get_export_index(&mut *store, interface.as_ref(), function);
            let index = index.ok_or_else(|| wasmtime::format_err!("the Rego guest has no {function}"))?;
            let (reply,) = match argument {
                Some(argument) => {
                    let function = instance.get_typed_func::<(&str,), (String,)>(&mut *store, index)?;
                    function.call(&mut *store, (argument,))?
                }
                None => {
                    let function = instance.get_typed_func::<(), (String,)>(&mut *store, index)?;
                    function.call(&mut *store, ())?
                }
            };
            Ok(reply)
        })
    }

    /// A call with its own fuel; one that does not return ends the session.
    fn call<R>(
        &mut self,
        fuel: u64,
        reply_bytes: usize,
        call: impl FnOnce(&mut Self) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        if self.dead {
            return Err(failure(Cause::SandboxFailed, "a session was asked after its end"));
        }
        self.store.data_mut().begin();
        refill(&mut self.store, fuel, reply_bytes)?;
        call(self).map_err(|error| {
            self.dead = true;
            of_call(&error, &self.store)
        })
    }
}

/// What the next call may take of fuel, and of the host's memory for what it hands over.
fn refill(store: &mut Store<Host>, fuel: u64, reply_bytes: usize) -> Result<(), Failure> {
    store.set_hostcall_fuel(if off(Limit::Reply) { usize::MAX } else { reply_bytes });
    store.set_fuel(if off(Limit::Fuel) { u64::MAX } else { fuel }).map_err(|error| broken(&error))
}

fn parsed<T: for<'de> serde::Deserialize<'de>>(reply: &str) -> Result<T, Failure> {
    serde_json::from_str(reply).map_err(|error| {
        failure(Cause::SandboxFailed, format!("the Rego guest's reply is not understood: {error}"))
    })
}

fn broken(error: &wasmtime::Error) -> Failure {
    failure(Cause::SandboxFailed, format!("{error:#}"))
}

/// What keeps a program from starting is its own fault, unless the machine has no memory left to start it in.
fn unstarted(error: &wasmtime::Error, store: &Store<Host>) -> Failure {
    let named = of_call(error, store);
    if named.cause == Cause::BadVerdict {
        return failure(Cause::LoadFailed, format!("the program does not start: {error:#}"));
    }
    named
}
