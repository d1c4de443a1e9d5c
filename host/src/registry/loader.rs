//! One load of a component: from the cache on disk, else compiled by another host of the fleet, else
//! compiled here, and offered to the others.
//!
//! What other hosts compiled is loaded only if it bears the fleet's [`seal`](super::seal). A host
//! without the fleet's key neither fetches nor offers, and compiles all for itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::cache::{Caches, Draft};
use super::programs::{Error, Options, Source};
use super::seal::Key;
use crate::engine::{self, Engine, Kind, Program};
use crate::model::Digest;
use crate::store::{CodeId, SharedCode};
use crate::telemetry::metrics::LOADED;

/// For how long one host may compile before another one does so as well. Most need a tenth; one that
/// dies meanwhile delays the others so long.
const CLAIM: Duration = Duration::from_secs(30);
/// How often a host looks whether another one has compiled what both need.
const LOOK: Duration = Duration::from_millis(200);

/// A program, and how many bytes its code has.
pub(super) type Weighed = (Program, u64);

/// A load that failed.
pub(super) enum Failed {
    /// Because of the component: this counts.
    Component(String),
    /// Because of the moment.
    Now(Error),
}

impl From<engine::Error> for Failed {
    fn from(error: engine::Error) -> Self {
        Self::Component(error.to_string())
    }
}

/// What loads components.
pub(super) struct Loader {
    pub engine: Engine,
    pub compiling: Semaphore,
    pub tasks: TaskTracker,
    source: Arc<dyn Source>,
    caches: Caches,
    /// That of the fleet.
    key: Option<Key>,
    shared_max_bytes: u64,
}

impl Loader {
    pub fn new(
        engine: Engine,
        source: Arc<dyn Source>,
        folder: Option<PathBuf>,
        options: &Options,
        secret: Option<&str>,
    ) -> Result<Self, Error> {
        Ok(Self {
            caches: Caches::open(folder, &engine, options.cache_max_bytes)?,
            engine,
            source,
            compiling: Semaphore::new(options.compiling_max.max(1)),
            tasks: TaskTracker::new(),
            key: secret.map(Key::of),
            shared_max_bytes: options.shared_max_bytes,
        })
    }

    pub async fn load(self: &Arc<Self>, digest: &Digest, kind: Kind) -> Result<Weighed, Failed> {
        let (loader, of) = (self.clone(), digest.clone());
        let cached = self.blocking(move || Ok(loader.load_cached(&of, kind)));
        if let Some(cached) = cached.await? {
            LOADED.add("disk", 1);
            return Ok(cached);
        }
        let shared = match &self.key {
            Some(key) => self.shared(key, digest, kind).await,
            None => Shared::No,
        };
        let fleet = match shared {
            Shared::Loaded(loaded) => {
                LOADED.add("fleet", 1);
                return Ok(loaded);
            }
            Shared::Wanted(key, of) => Some((key, of)),
            Shared::No => None,
        };
        let compiled = self.compiled(digest, kind, fleet.is_some()).await;
        match (compiled, fleet) {
            (Ok((program, code)), Some((key, of))) => {
                LOADED.add("compiled", 1);
                self.offer(key, of, code);
                Ok(program)
            }
            (Ok((program, _)), None) => {
                LOADED.add("compiled", 1);
                Ok(program)
            }
            (Err(failed), Some((_, of))) => {
                // If it cannot be given up, it is over by itself soon.
                self.source.unclaim(&of).await.ok();
                Err(failed)
            }
            (Err(failed), None) => Err(failed),
        }
    }

    fn load_cached(&self, digest: &Digest, kind: Kind) -> Option<Weighed> {
        let cache = self.caches.of(kind, &self.engine)?;
        let path = cache.find(digest)?;
        let bytes = path.metadata().map_or(0, |found| found.len());
        // SAFETY: only this user can write to the cache, and this host, or one like it, wrote the
        // file whole: it is what `compile` returned. Files are replaced there, never changed.
        match unsafe { self.engine.load_file(&path, kind) } {
            Ok(program) => Some((program, bytes)),
            Err(error) => {
                tracing::warn!(%digest, %error, "compiled code on disk is broken: compiling it anew");
                cache.remove(digest);
                None
            }
        }
    }

    /// What another host has compiled. Waits for one that is about to.
    async fn shared(self: &Arc<Self>, key: &Key, digest: &Digest, kind: Kind) -> Shared {
        let loader = self.clone();
        let code = self.blocking(move || Ok(loader.engine.compatibility(kind)?));
        let Ok(compatibility) = code.await else {
            // Loading will say why.
            return Shared::No;
        };
        let of = CodeId {
            digest: digest.clone(),
            code: match kind {
                Kind::Task => format!("task-{compatibility}"),
                Kind::Workflow => format!("workflow-{compatibility}"),
            },
        };
        let began = Instant::now();
        let sealed = loop {
            match self.source.shared(&of, CLAIM).await {
                Ok(SharedCode::Found(sealed)) => break sealed,
                Ok(SharedCode::Ours) => return Shared::Wanted(key.clone(), of),
                Ok(SharedCode::Theirs) => tokio::time::sleep(LOOK).await,
                Err(error) => {
                    tracing::warn!(%digest, error, "compiled code cannot be had from the store");
                    return Shared::No;
                }
            }
        };
        let (loader, key, id) = (self.clone(), key.clone(), of.clone());
        let opened = self.blocking(move || {
            let fetched = began.elapsed();
            let Some(code) = key.open(&id, &sealed) else {
                tracing::warn!(
                    digest = %id.digest,
                    "compiled code in the store bears no seal of this fleet's key: compiling it \
                     anew. Give all hosts of one database the same code_key"
                );
                return Ok(Err(key));
            };
            // SAFETY: it bears the seal of a host with the fleet's key, which seals only what
            // `compile` returned for this component and kind with compatible settings.
            let opened = began.elapsed();
            let (loaded, draft) = unsafe { loader.load_new(&id.digest, kind, code) }?;
            let loading = began.elapsed() - opened;
            tracing::info!(
                digest = %id.digest,
                bytes = code.len(),
                fetch_ms = fetched.as_millis(),
                check_ms = (opened - fetched).as_millis(),
                load_ms = loading.as_millis(),
                "loaded what another host has compiled"
            );
            // It is on its way to the disk while it is used.
            let tasks = &loader.tasks;
            tasks.spawn_blocking(move || draft.map(|draft| keep(&id.digest, draft)));
            Ok(Ok(loaded))
        });
        match opened.await {
            Ok(Ok(loaded)) => Shared::Loaded(loaded),
            Ok(Err(key)) => Shared::Wanted(key, of),
            Err(_) => Shared::No,
        }
    }

    /// Compiles a component from its bytes; gives the code as well if somebody wants it.
    async fn compiled(
        self: &Arc<Self>,
        digest: &Digest,
        kind: Kind,
        wanted: bool,
    ) -> Result<(Weighed, Vec<u8>), Failed> {
        let bytes = self.source.bytes(digest).await.map_err(|message| {
            Failed::Now(Error::Source {
                digest: digest.clone(),
                message,
            })
        })?;
        let bytes = bytes.ok_or_else(|| Failed::Component("its bytes are not there".to_owned()))?;
        let _one_of_few = self.compiling.acquire().await;
        let (loader, of) = (self.clone(), digest.clone());
        self.blocking(move || {
            if Digest::of(&bytes) != of {
                let message = "its bytes are not those that were uploaded".to_owned();
                return Err(Failed::Component(message));
            }
            let code = loader.engine.compile(&bytes, kind)?;
            // SAFETY: `compile` returned it in this very function.
            let (loaded, draft) = unsafe { loader.load_new(&of, kind, &code) }?;
            if let Some(draft) = draft {
                keep(&of, draft);
            }
            Ok((loaded, if wanted { code } else { Vec::new() }))
        })
        .await
    }

    /// Loads code, from a file that is to be kept if there can be one: mapped from there, code costs
    /// memory only where it is used.
    ///
    /// # Safety
    ///
    /// It must be what `compile` returned for this component and kind.
    unsafe fn load_new(
        &self,
        digest: &Digest,
        kind: Kind,
        code: &[u8],
    ) -> Result<(Weighed, Option<Draft>), engine::Error> {
        let size = code.len() as u64;
        let cache = self.caches.of(kind, &self.engine);
        match cache.map(|cache| cache.draft(digest, code)) {
            Some(Ok(draft)) => {
                // SAFETY: promised by the caller; nobody changes the file.
                let program = unsafe { self.engine.load_file(draft.path(), kind) }?;
                return Ok(((program, size), Some(draft)));
            }
            Some(Err(error)) => not_kept(digest, &error),
            None => {}
        }
        // SAFETY: promised by the caller.
        let program = unsafe { self.engine.load(code, kind) }?;
        Ok(((program, size), None))
    }

    /// Offers compiled code to other hosts, while it is used here.
    fn offer(self: &Arc<Self>, key: Key, of: CodeId, code: Vec<u8>) {
        let loader = self.clone();
        self.tasks.spawn(async move {
            let (digest, size) = (of.digest.clone(), code.len() as u64);
            let offered = match size > loader.shared_max_bytes {
                true => Err(format!(
                    "it has {size} bytes: raise programs.shared_max_bytes above that"
                )),
                false => {
                    let id = of.clone();
                    let sealed = loader.blocking(move || Ok(key.seal(&id, &code))).await;
                    let max = loader.shared_max_bytes;
                    match sealed {
                        Ok(sealed) => loader.source.share(&of, Bytes::from(sealed), max).await,
                        Err(_) => return,
                    }
                }
            };
            if let Err(error) = offered {
                tracing::warn!(%digest, error, "compiled code is not shared with other hosts");
                loader.source.unclaim(&of).await.ok();
            }
        });
    }

    /// Does what takes long on a thread of its own, which a shutdown waits for.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Failed> {
        match self.tasks.spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => Err(Failed::Component(
                "the compiler failed: please report this with the component".to_owned(),
            )),
            Err(_) => Err(Failed::Now(Error::ShuttingDown)),
        }
    }
}

fn keep(digest: &Digest, draft: Draft) {
    if let Err(error) = draft.keep() {
        not_kept(digest, &error);
    }
}

fn not_kept(digest: &Digest, error: &std::io::Error) {
    tracing::warn!(%digest, %error, "compiled code could not be kept on disk");
}

/// What the fleet has.
enum Shared {
    /// The program, compiled by another host.
    Loaded(Weighed),
    /// Nothing that this host takes: it compiles, and offers what comes of it.
    Wanted(Key, CodeId),
    /// Nothing, and nothing is to be offered.
    No,
}
