//! The engine: wasmtime, and the sandbox in which every attempt runs.
//!
//! Owns what is compiled, linked, bounded and granted. Knows nothing of queues, of the database or
//! of where a component came from: `registry` hands it bytes, the runner hands it a [`Call`], and
//! it answers how the attempt [`Ended`]. A guest can end nothing but itself.
//!
//! - `options`: every limit, by name
//! - `program`: from bytes to something that can be called; `convert`: values on their way in and
//!   out
//! - `call`, `run`, `verdict`: one attempt, and what its end means
//! - `sandbox`, `limits`, `capabilities`: what a sandbox consists of and may do
//! - `durable`: what a workflow asks of whoever keeps its journal
//! - `fence`, `ticker`: how sandboxes are ended in time; `feed`: what they tell meanwhile

mod call;
pub mod capabilities;
mod convert;
mod durable;
mod feed;
mod fence;
mod limits;
mod options;
mod program;
mod run;
mod sandbox;
mod setup;
mod ticker;
mod verdict;

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use wasmtime::component::Linker;

pub use call::{Call, Ended, Identity};
pub use capabilities::Grants;
pub use durable::{Answer, Asked, Durable, Gate, Halt, HandleNumber, NamedCall, Request};
pub use feed::{Feed, Progress, Stream};
pub use fence::Fence;
pub use options::Options;
pub use program::Program;

use capabilities::http::Network;
use sandbox::Sandbox;
use ticker::Ticker;

/// Why the engine, or a program, cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine cannot start on this machine with these options.
    #[error("cannot start the engine: {0}")]
    Start(String),
    /// The bytes are no component, or one that this engine does not take.
    #[error("cannot compile the component: {0}")]
    Compile(String),
    /// It has `async func`s.
    #[error(
        "the function {0} is an `async func`, which cannot be run yet: export it as a plain `func`"
    )]
    Async(String),
    /// It imports what no host offers.
    #[error("the component asks for an import that this host does not have: {0}")]
    Import(String),
    /// Compiled code that cannot be loaded, such as that of another version.
    #[error("cannot load the compiled component: {0}")]
    Load(String),
}

/// What a program is compiled for: the two run with different settings and may do different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Called once, with what it was granted.
    Task,
    /// Replayed from its journal, and deterministic.
    Workflow,
}

/// Runs programs. Cheap to clone; the last clone ends the ticker and the threads.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    wasmtime: wasmtime::Engine,
    linker: Linker<Sandbox>,
    network: Arc<Network>,
    /// Those of the pool, so that it is never asked for more than it has.
    places: Semaphore,
    ticker: Ticker,
    guests: Handle,
    /// Only `None` while it is dropped.
    runtime: Option<Runtime>,
}

impl Engine {
    /// An engine with its ticker and its threads for guests.
    ///
    /// # Errors
    ///
    /// If the options cannot be met on this machine.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let start = |error: wasmtime::Error| Error::Start(format!("{error:#}"));
        let wasmtime = setup::wasmtime_engine(options).map_err(start)?;
        let linker = setup::linker(&wasmtime).map_err(start)?;
        let runtime = setup::runtime(options).map_err(|error| Error::Start(error.to_string()))?;
        let ticker = Ticker::start(&wasmtime).map_err(|error| Error::Start(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                options: options.clone(),
                linker,
                network: Arc::new(Network::new(options)),
                places: Semaphore::new(setup::places(options) as usize),
                ticker,
                guests: runtime.handle().clone(),
                runtime: Some(runtime),
                wasmtime,
            }),
        })
    }

    /// The limits.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Spawns onto the threads for guests. What runs there may compute for up to a tick at a time,
    /// so nothing that others wait for belongs there.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.inner.guests.spawn(future)
    }

    /// Compiles a component and checks that it can be linked. Takes seconds and all of a core for
    /// large ones: not to be called on an async thread.
    ///
    /// # Errors
    ///
    /// If the bytes are no component, if it has `async func`s, or if it imports what there is not.
    pub fn compile(&self, component: &[u8], kind: Kind) -> Result<Vec<u8>, Error> {
        _ = kind;
        program::compile(&self.inner.wasmtime, &self.inner.linker, component)
    }

    /// Names everything that compiled code depends on: wasmtime's version, its settings, this CPU.
    ///
    /// # Errors
    ///
    /// If the engine for this kind cannot be had.
    pub fn compatibility(&self, kind: Kind) -> Result<String, Error> {
        _ = kind;
        Ok(setup::compatibility(&self.inner.wasmtime))
    }

    /// Loads what [`compile`](Self::compile) returned.
    ///
    /// # Safety
    ///
    /// The bytes must be what `compile` returned, unchanged: they contain machine code that will
    /// be executed.
    ///
    /// # Errors
    ///
    /// If it was compiled by another version or with other settings.
    pub unsafe fn load(&self, compiled: &[u8], kind: Kind) -> Result<Program, Error> {
        _ = kind;
        // SAFETY: promised by the caller.
        unsafe { program::load(&self.inner.wasmtime, &self.inner.linker, compiled) }
    }

    /// Loads a file that holds what [`compile`](Self::compile) returned, by mapping it.
    ///
    /// # Safety
    ///
    /// As for [`load`](Self::load); and nobody may change the file while the program lives.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load), or if the file cannot be read.
    pub unsafe fn load_file(&self, path: &Path, kind: Kind) -> Result<Program, Error> {
        _ = kind;
        // SAFETY: promised by the caller.
        unsafe { program::load_file(&self.inner.wasmtime, &self.inner.linker, path) }
    }

    /// Makes one attempt in a sandbox of its own, on the threads for guests wherever it is polled.
    /// Dropping the future ends the sandbox.
    ///
    /// The caller holds one of the host's `sandboxes_max` permits; without, the attempt may wait
    /// for room. To stop an attempt and know that its sandbox has ended, cancel the call and await.
    pub async fn run(
        &self,
        program: &Program,
        call: Call,
        feed: Arc<Feed>,
        fence: Arc<Fence>,
    ) -> Ended {
        self.inner.ticker.watch(&fence);
        let here = Handle::try_current().is_ok_and(|here| here.id() == self.inner.guests.id());
        if here {
            return run::attempt(&self.inner, program, call, feed, fence).await;
        }
        let (inner, program) = (self.inner.clone(), program.clone());
        let attempt = self
            .inner
            .guests
            .spawn(async move { run::attempt(&inner, &program, call, feed, fence).await });
        match AbortOnDropHandle::new(attempt).await {
            Ok(ended) => ended,
            Err(error) => verdict::host_failed(&error),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nothing runs any more: every attempt holds this. Waiting for the idle threads could
        // block an async thread, so it does not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
