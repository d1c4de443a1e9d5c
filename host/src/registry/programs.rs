//! Components that are ready to run: in memory, else loaded by `loader`.
//!
//! A component is loaded once however many ask for it at the same time, few are compiled at once,
//! and what cannot be loaded is remembered, so that it does not cost the host its time again and
//! again. Where the bytes come from is told by a [`Source`]; the engine does the compiling.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::loader::{Failed, Loader, Weighed};
use crate::engine::{Engine, Kind, Program};
use crate::model::Digest;
use crate::store::{CodeId, SharedCode};

/// So often a component is tried before it counts as one that cannot be loaded.
pub const TRIES_MAX: u32 = 3;
/// Components whose failures are remembered; beyond that all are forgotten and tried again.
const FAILURES_MAX: usize = 1_024;

/// How much is kept and done at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Components that are compiled at once. A large one takes up to 350 MB meanwhile.
    pub compiling_max: usize,
    /// Components in memory; what was not used for longest goes first.
    pub loaded_max: usize,
    /// Compiled code in memory, in bytes.
    pub loaded_max_bytes: u64,
    /// Compiled code on disk, in bytes, of all components and compilers together; what was not
    /// used for longest goes first.
    pub cache_max_bytes: u64,
    /// Compiled code that hosts with the same `code_key` share in the database, in bytes, of all
    /// together; what was not used for longest goes first.
    pub shared_max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compiling_max: 1,
            loaded_max: 64,
            loaded_max_bytes: 256 << 20,
            cache_max_bytes: 2 << 30,
            shared_max_bytes: 1 << 30,
        }
    }
}

/// Where the bytes of components are.
#[async_trait::async_trait]
pub trait Source: Send + Sync + 'static {
    /// The bytes of the component with this digest; none if there is no such component; an error
    /// if that cannot be said now.
    async fn bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String>;

    /// Compiled code that another host has shared, or who is to compile it: see
    /// [`Store::shared_code`](crate::store::Store::shared_code). Where there are no other hosts,
    /// this one is.
    async fn shared(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, String> {
        let _ = (of, claim);
        Ok(SharedCode::Ours)
    }

    /// Offers compiled code, with its seal, to other hosts.
    async fn share(&self, of: &CodeId, sealed: Bytes, total_max: u64) -> Result<(), String> {
        let _ = (of, sealed, total_max);
        Ok(())
    }

    /// Says that this host does not compile what it was to compile.
    async fn unclaim(&self, of: &CodeId) -> Result<(), String> {
        let _ = of;
        Ok(())
    }
}

/// Why a program cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The component cannot be loaded.
    #[error(
        "the component {digest} cannot be loaded (tried {tries} of {TRIES_MAX} times): {message}"
    )]
    Unloadable {
        /// Which.
        digest: Digest,
        /// How often it was tried. From [`TRIES_MAX`] on it is not tried any more.
        tries: u32,
        /// Why.
        message: String,
    },
    /// Its bytes cannot be fetched now; that says nothing about the component.
    #[error("the component {digest} cannot be fetched: {message}")]
    Source {
        /// Which.
        digest: Digest,
        /// Why.
        message: String,
    },
    /// The folder for compiled code cannot be used.
    #[error("cannot keep compiled code in {}: {message}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        message: String,
    },
    /// This host is shutting down.
    #[error("this host is shutting down and loads no components any more")]
    ShuttingDown,
}

impl Error {
    /// Whether trying again is of no use: the component is at fault, not the moment.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Unloadable { tries, .. } if *tries >= TRIES_MAX)
    }
}

/// The programs of a host. Cheap to clone.
#[derive(Clone)]
pub struct Programs {
    inner: Arc<Inner>,
}

struct Inner {
    loader: Arc<Loader>,
    options: Options,
    shutdown: CancellationToken,
    state: Mutex<State>,
}

/// A component may be both: some of its functions tasks, others workflows.
type Key = (Digest, Kind);
type Flight = Shared<BoxFuture<'static, Result<Program, Error>>>;

#[derive(Default)]
struct State {
    loaded: HashMap<Key, Loaded>,
    /// Counts uses: the greatest is the latest.
    uses: u64,
    flights: HashMap<Key, Flight>,
    failures: HashMap<Key, (u32, String)>,
}

struct Loaded {
    program: Program,
    bytes: u64,
    used: u64,
}

impl Programs {
    /// Programs of `engine`, whose bytes `source` has, with compiled code kept in `folder`, and
    /// shared with those hosts that were given the same `secret`; without one, with none.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created or belongs to somebody else.
    pub fn new(
        engine: Engine,
        source: Arc<dyn Source>,
        folder: Option<PathBuf>,
        options: Options,
        secret: Option<&str>,
    ) -> Result<Self, Error> {
        let loader = Loader::new(engine, source, folder, &options, secret)?;
        Ok(Self {
            inner: Arc::new(Inner {
                loader: Arc::new(loader),
                options,
                shutdown: CancellationToken::new(),
                state: Mutex::default(),
            }),
        })
    }

    /// The program of a component, loaded if need be. A caller that goes away stops nothing: the
    /// next one finds it loaded.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded, or not now.
    pub async fn get(&self, digest: &Digest, kind: Kind) -> Result<Program, Error> {
        let key = (digest.clone(), kind);
        let flight = {
            let mut state = self.inner.state();
            if let Some(program) = state.touch(&key) {
                return Ok(program);
            }
            self.take_off(&mut state, &key)?
        };
        flight.await
    }

    /// Whether a component is in memory, so that it can be run without waiting.
    pub fn ready(&self, digest: &Digest, kind: Kind) -> bool {
        self.inner
            .state()
            .loaded
            .contains_key(&(digest.clone(), kind))
    }

    /// The program of a component that is in memory; this counts as a use.
    pub fn loaded(&self, digest: &Digest, kind: Kind) -> Option<Program> {
        self.inner.state().touch(&(digest.clone(), kind))
    }

    /// Compiles a component that is not stored, for one use.
    ///
    /// # Errors
    ///
    /// Why it cannot be compiled or loaded.
    pub async fn compile_once(&self, bytes: Bytes, kind: Kind) -> Result<Program, String> {
        let loader = self.inner.loader.clone();
        let _one_of_few = self.inner.loader.compiling.acquire().await;
        let compiled = self.inner.loader.tasks.spawn_blocking(move || {
            let compiled = loader.engine.compile(&bytes, kind)?;
            // SAFETY: `compile` returned it in this very function.
            unsafe { loader.engine.load(&compiled, kind) }
        });
        match compiled.await {
            Ok(program) => program.map_err(|error| error.to_string()),
            Err(_) => Err("the compiler failed: please report this with the component".to_owned()),
        }
    }

    /// Starts to load a component that will be needed.
    pub fn warm(&self, digest: &Digest, kind: Kind) {
        let key = (digest.clone(), kind);
        let mut state = self.inner.state();
        if !state.loaded.contains_key(&key) {
            // Whoever needs it will hear of the failure; here nobody waits.
            self.take_off(&mut state, &key).ok();
        }
    }

    /// Loads nothing more, and returns when nothing is being loaded. What compiles is finished.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.loader.tasks.close();
        self.inner.loader.tasks.wait().await;
    }

    /// The load of a component that is under way, or a new one.
    fn take_off(&self, state: &mut State, key: &Key) -> Result<Flight, Error> {
        if self.inner.shutdown.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        if let Some(flight) = state.flights.get(key) {
            return Ok(flight.clone());
        }
        if let Some((tries, message)) = state.failures.get(key)
            && *tries >= TRIES_MAX
        {
            return Err(Error::Unloadable {
                digest: key.0.clone(),
                tries: *tries,
                message: message.clone(),
            });
        }
        let (inner, of) = (self.inner.clone(), key.clone());
        let task = self.inner.loader.tasks.spawn(async move {
            let loaded = tokio::select! {
                loaded = inner.loader.load(&of.0, of.1) => loaded,
                () = inner.shutdown.cancelled() => Err(Failed::Now(Error::ShuttingDown)),
            };
            inner.land(&of, loaded)
        });
        // It only fails to be joined where its runtime ends.
        let flight = task.map(|joined| joined.unwrap_or(Err(Error::ShuttingDown)));
        let flight = flight.boxed().shared();
        state.flights.insert(key.clone(), flight.clone());
        Ok(flight)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a load ended.
    fn land(&self, key: &Key, loaded: Result<Weighed, Failed>) -> Result<Program, Error> {
        let mut state = self.state();
        state.flights.remove(key);
        match loaded {
            Ok((program, bytes)) => {
                state.failures.remove(key);
                state.keep(key, program.clone(), bytes, &self.options);
                Ok(program)
            }
            Err(Failed::Now(error)) => Err(error),
            Err(Failed::Component(message)) => {
                if state.failures.len() >= FAILURES_MAX {
                    state.failures.clear();
                }
                let failure = state.failures.entry(key.clone()).or_default();
                *failure = (failure.0 + 1, message.clone());
                Err(Error::Unloadable {
                    digest: key.0.clone(),
                    tries: failure.0,
                    message,
                })
            }
        }
    }
}

impl State {
    /// The program, if it is in memory, which counts as a use.
    fn touch(&mut self, key: &Key) -> Option<Program> {
        let loaded = self.loaded.get_mut(key)?;
        self.uses += 1;
        loaded.used = self.uses;
        Some(loaded.program.clone())
    }

    /// Keeps a program, and lets go of those that were not used for longest to make room.
    fn keep(&mut self, key: &Key, program: Program, bytes: u64, options: &Options) {
        self.uses += 1;
        let used = self.uses;
        let loaded = Loaded {
            program,
            bytes,
            used,
        };
        self.loaded.insert(key.clone(), loaded);
        loop {
            let total: u64 = self.loaded.values().map(|loaded| loaded.bytes).sum();
            let crowded =
                self.loaded.len() > options.loaded_max || total > options.loaded_max_bytes;
            let others = self.loaded.iter().filter(|(of, _)| *of != key);
            let oldest = others.min_by_key(|(_, loaded)| loaded.used);
            // The newest stays, however large: it is about to run.
            match oldest.map(|(of, _)| of.clone()) {
                Some(oldest) if crowded => self.loaded.remove(&oldest),
                _ => return,
            };
        }
    }
}
