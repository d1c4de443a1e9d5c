//! `windlass:host/task`: who runs, its log, its progress. Answered from memory.

use wasmtime::component::{HasSelf, Linker};

use crate::engine::bindings::task::{self, Invocation, Level};
use crate::engine::call::Identity;
use crate::engine::sandbox::{Sandbox, Stop};

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    task::add_to_linker::<_, HasSelf<Sandbox>>(linker, |sandbox| sandbox)
}

/// The word for a level of the log.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

impl From<Identity> for Invocation {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id,
            namespace: identity.namespace,
            queue: identity.queue,
            task: identity.task,
            attempt: identity.attempt,
        }
    }
}

impl Sandbox {
    /// What can be seen from outside is said only while this host may execute.
    fn check_fence(&self) -> wasmtime::Result<()> {
        match self.fence.is_whole() {
            true => Ok(()),
            false => Err(Stop::Fenced.into()),
        }
    }
}

impl task::Host for Sandbox {
    fn this_invocation(&mut self) -> wasmtime::Result<Invocation> {
        Ok(self.identity.clone().into())
    }

    fn log(&mut self, of: Level, message: String) -> wasmtime::Result<()> {
        self.check_fence()?;
        self.feed.log(level(of), &message);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64, note: String) -> wasmtime::Result<()> {
        self.check_fence()?;
        self.feed.progress(done, total, &note);
        Ok(())
    }
}
