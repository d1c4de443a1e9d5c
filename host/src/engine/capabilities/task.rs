//! `windlass:host/task`: who runs, its log, its progress. Answered from memory.

use wasmtime::component::{HasSelf, Linker};

use crate::engine::sandbox::{Sandbox, Stop};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit/windlass-host",
        world: "windlass:host/tasks",
        imports: { default: trappable },
    });
}

use bindings::windlass::host::task::{self, Invocation, Level};

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    task::add_to_linker::<_, HasSelf<Sandbox>>(linker, |sandbox| sandbox)
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
        let identity = self.identity.clone();
        Ok(Invocation {
            id: identity.id,
            namespace: identity.namespace,
            queue: identity.queue,
            task: identity.task,
            attempt: identity.attempt,
        })
    }

    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.check_fence()?;
        let level = match level {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.feed.log(level, &message);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64, note: String) -> wasmtime::Result<()> {
        self.check_fence()?;
        self.feed.progress(done, total, &note);
        Ok(())
    }
}
