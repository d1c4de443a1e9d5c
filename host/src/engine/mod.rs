//! The engine: wasmtime, and the sandbox in which every attempt runs.
//!
//! Owns what is compiled, linked, bounded and granted. Knows nothing of queues, of the database or
//! of where a component came from: `registry` hands it bytes, the runner hands it a [`Call`], and
//! it answers how the attempt [`Ended`]. A guest can end nothing but itself.
//!
//! - `options`: every limit, by name
//! - `program`: from bytes to something that can be called; `reflect`: its types; `canonical`: values
//!   on their way in and out
//! - `call`, `run`, `verdict`: one attempt, and what its end means
//! - `sandbox`, `limits`, `capabilities`: what a sandbox consists of and may do; `bindings`: the
//!   interfaces of `windlass:host`; `stubs`: imports that may not be used
//! - `workflow`: executing workflows; `durable`: what they ask of whoever keeps their journal
//! - `fence`, `ticker`: how sandboxes are ended in time; `feed`: what they tell meanwhile

mod bindings;
mod call;
mod canonical;
pub mod capabilities;
mod durable;
mod feed;
mod fence;
mod limits;
mod options;
mod program;
mod reflect;
mod run;
mod sandbox;
mod setup;
mod stubs;
mod ticker;
mod verdict;
mod workflow;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

pub use call::{Call, Ended, Identity};
pub use capabilities::Grants;
pub use durable::{Answer, Asked, Durable, Gate, Halt, HandleNumber, NamedCall, Request};
pub use feed::{Feed, Progress, Stream};
pub use fence::Fence;
pub use options::Options;
pub use program::Program;

use capabilities::http::Network;
use program::Flavour;
use sandbox::Sandbox;
use ticker::Ticker;
use workflow::{Guest, Workflows};

/// Why the engine, or a program, cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine cannot start on this machine with these options.
    #[error("cannot start the engine: {0}")]
    Start(String),
    /// The bytes are no component, or one that this engine does not take.
    #[error("cannot compile the component: {0}")]
    Compile(String),
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
    tasks: Flavour<Sandbox>,
    /// For components with `async func`s; made when the first is needed.
    async_tasks: OnceLock<Result<Flavour<Sandbox>, String>>,
    /// Made when the first is needed: many hosts have none, and its pool takes much address space.
    workflows: OnceLock<Result<Workflows, String>>,
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
        let tasks = Inner::task_flavour(options, false).map_err(Error::Start)?;
        let runtime = setup::runtime(options).map_err(|error| Error::Start(error.to_string()))?;
        let ticker = Ticker::start().map_err(|error| Error::Start(error.to_string()))?;
        ticker.tick(&tasks.engine);
        Ok(Self {
            inner: Arc::new(Inner {
                options: options.clone(),
                tasks,
                async_tasks: OnceLock::new(),
                workflows: OnceLock::new(),
                network: Arc::new(Network::new(options)),
                places: Semaphore::new(setup::places(options) as usize),
                ticker,
                guests: runtime.handle().clone(),
                runtime: Some(runtime),
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
    /// If the bytes are no component, or if it imports what there is not.
    pub fn compile(&self, component: &[u8], kind: Kind) -> Result<Vec<u8>, Error> {
        match kind {
            Kind::Task => match self.inner.tasks.compile(component) {
                // That engine reads no `async func` at all.
                Err(Error::Compile(_)) if program::is_async(component) => {
                    self.inner.async_tasks()?.compile(component)
                }
                compiled => compiled,
            },
            Kind::Workflow => self.inner.workflows()?.flavour.compile(component),
        }
    }

    /// Names everything that compiled code depends on: wasmtime's version, its settings, this CPU.
    ///
    /// # Errors
    ///
    /// If the engine for this kind cannot be had.
    pub fn compatibility(&self, kind: Kind) -> Result<String, Error> {
        Ok(setup::compatibility(match kind {
            Kind::Task => &self.inner.tasks.engine,
            Kind::Workflow => &self.inner.workflows()?.flavour.engine,
        }))
    }

    /// Loads what [`compile`](Self::compile) returned for the same kind.
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
        // SAFETY: promised by the caller.
        unsafe {
            self.inner.load(
                kind,
                |tasks| tasks.load(compiled),
                |workflows| workflows.load(compiled),
            )
        }
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
        // SAFETY: promised by the caller.
        unsafe {
            self.inner.load(
                kind,
                |tasks| tasks.load_file(path),
                |workflows| workflows.load_file(path),
            )
        }
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
        let (inner, program) = (self.inner.clone(), program.clone());
        self.on_guest_threads(
            async move { run::attempt(&inner, &program, call, feed, fence).await },
        )
        .await
    }

    /// Executes a workflow, from its beginning, with `durable` to answer what it asks. As
    /// [`run`](Self::run) otherwise; while it waits it takes a place of [`workflows_max`] and no
    /// thread, and no permit is needed for it.
    ///
    /// [`workflows_max`]: Options::workflows_max
    pub async fn run_workflow(
        &self,
        program: &Program,
        call: Call,
        feed: Arc<Feed>,
        fence: Arc<Fence>,
        durable: Box<dyn Durable>,
    ) -> Ended {
        self.inner.ticker.watch(&fence);
        let (inner, program) = (self.inner.clone(), program.clone());
        // Boxed: a future that is passed on is held twice, and thousands of them wait.
        self.on_guest_threads(Box::pin(async move {
            workflow::execution(&inner, &program, call, feed, fence, durable).await
        }))
        .await
    }

    /// How many more workflows can be in memory. Where there are none, one that is to be executed
    /// waits until another has left.
    pub fn workflow_places_free(&self) -> usize {
        match self.inner.workflows.get() {
            Some(Ok(workflows)) => workflows.places.available_permits(),
            _ => workflow::planned(&self.inner.options) as usize,
        }
    }

    async fn on_guest_threads(&self, work: impl Future<Output = Ended> + Send + 'static) -> Ended {
        let here = Handle::try_current().is_ok_and(|here| here.id() == self.inner.guests.id());
        if here {
            return work.await;
        }
        match AbortOnDropHandle::new(self.inner.guests.spawn(work)).await {
            Ok(ended) => ended,
            Err(error) => verdict::host_failed(&error),
        }
    }
}

impl Inner {
    fn task_flavour(options: &Options, is_async: bool) -> Result<Flavour<Sandbox>, String> {
        let text = |error: wasmtime::Error| format!("{error:#}");
        let engine = setup::wasmtime_engine(options, is_async).map_err(text)?;
        Ok(Flavour {
            linker: setup::linker(&engine).map_err(text)?,
            complete: setup::complete,
            engine,
        })
    }

    fn async_tasks(&self) -> Result<&Flavour<Sandbox>, Error> {
        let flavour = self.async_tasks.get_or_init(|| {
            let flavour = Self::task_flavour(&self.options, true);
            flavour.inspect(|flavour| self.ticker.tick(&flavour.engine))
        });
        flavour
            .as_ref()
            .map_err(|error| Error::Start(error.clone()))
    }

    fn workflows(&self) -> Result<&Workflows, Error> {
        let workflows = self.workflows.get_or_init(|| {
            let workflows = Workflows::new(&self.options);
            workflows
                .inspect(|workflows| self.ticker.tick(&workflows.flavour.engine))
                .map_err(|error| format!("{error:#}"))
        });
        workflows
            .as_ref()
            .map_err(|error| Error::Start(error.clone()))
    }

    /// Code for tasks does not say for which of the two engines it is; the wrong one refuses it.
    fn load(
        &self,
        kind: Kind,
        task: impl Fn(&Flavour<Sandbox>) -> Result<Program, Error>,
        workflow: impl FnOnce(&Flavour<Guest>) -> Result<Program, Error>,
    ) -> Result<Program, Error> {
        match kind {
            Kind::Task => task(&self.tasks).or_else(|_| task(self.async_tasks()?)),
            Kind::Workflow => workflow(&self.workflows()?.flavour),
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
