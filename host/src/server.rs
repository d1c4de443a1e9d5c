//! The composition root: builds the parts of a host, starts them, and drains them.
//!
//! Here alone it is decided who gets whom. On the way down the workers stop claiming and drain
//! while the API still answers; then those who wait are answered, connections end, and the store
//! closes last.

mod signals;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Settings};
use crate::control::{Control, Nobody, Signals};
use crate::engine::{self, Engine, Kind};
use crate::model::Digest;
use crate::queue::{Maintenance, Service, Stats};
use crate::registry::programs::{self, Programs, Source};
use crate::store::{self, CodeId, SharedCode, Store, postgres, sqlite};
use crate::workflow::Workflows;
use crate::{api, telemetry};

/// How long connections may take to end once everybody who waits has been answered.
const GOODBYE: Duration = Duration::from_secs(5);

/// Why a host does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Logging cannot start.
    #[error("{0}")]
    Telemetry(#[from] telemetry::Error),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: {reason}; choose another with --listen")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        reason: std::io::Error,
    },
    /// The data folder cannot be made.
    #[error("cannot use the data folder {path}: {reason}; choose another with --data")]
    Data {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database {address}: {reason}")]
    Store {
        /// Where it is, without its password.
        address: String,
        /// Why.
        reason: store::Error,
    },
    /// The engine cannot start.
    #[error("{0}")]
    Engine(#[from] engine::Error),
    /// Compiled code cannot be kept.
    #[error("{0}")]
    Programs(#[from] programs::Error),
    /// A part of the host ended that should not have.
    #[error("{0} ended unexpectedly; see the log, and start the host again")]
    Ended(&'static str),
}

impl Error {
    /// Whether it is the database that does not answer.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Store {
                reason: store::Error::Unreachable(_),
                ..
            }
        )
    }
}

/// Serves until somebody says stop, then drains. Prints where it listens as the first line on
/// standard output.
///
/// # Errors
///
/// If the host cannot start, or a part of it ended that should not have.
pub async fn serve(config: Config) -> Result<(), Error> {
    let settings = config.settings;
    telemetry::start(&settings.log)?;
    let listen = |reason| Error::Listen {
        address: settings.listen.to_string(),
        reason,
    };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = format!("http://{}", listener.local_addr().map_err(listen)?);
    make_folder(&settings.data).map_err(|reason| Error::Data {
        path: settings.data.clone(),
        reason,
    })?;
    let store = open_store(&settings, &address).await?;
    let host = Host::build(&settings, store, address)?;
    host.announce(&settings);
    host.serve(settings, listener).await
}

async fn open_store(settings: &Settings, address: &str) -> Result<Arc<dyn Store>, Error> {
    let opened: Result<Arc<dyn Store>, store::Error> = match &settings.database {
        Some(url) => {
            let opened = postgres::open(url, &postgres::Options::default()).await;
            opened.map(|store| Arc::new(store) as _)
        }
        None => {
            let options = sqlite::Options {
                declared_queues_only: settings.control.declared_queues_only,
                address: Some(address.to_owned()),
                ..sqlite::Options::default()
            };
            let opened = sqlite::open(&settings.sqlite_path(), &options).await;
            opened.map(|store| Arc::new(store) as _)
        }
    };
    opened.map_err(|reason| Error::Store {
        address: settings.database_shown(),
        reason,
    })
}

/// Compiled code that lies in the folder is trusted, so nobody else may write there.
fn make_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// The parts of a host.
struct Host {
    store: Arc<dyn Store>,
    control: Control,
    workflows: Workflows,
    stats: Arc<Stats>,
    workers: Option<Workers>,
    address: String,
}

struct Workers {
    service: Service,
    programs: Programs,
    maintenance: Maintenance,
}

impl Host {
    fn build(settings: &Settings, store: Arc<dyn Store>, address: String) -> Result<Self, Error> {
        let stats = Arc::new(Stats::default());
        let mut workers = None;
        let mut runs = None;
        let mut signals: Arc<dyn Signals> = Arc::new(Nobody);
        if settings.workers {
            let engine = Engine::new(&settings.engine)?;
            let programs = Programs::new(
                engine.clone(),
                Arc::new(Uploads(store.clone())),
                Some(settings.data.join("compiled")),
                settings.programs.clone(),
                settings.code_key.as_deref(),
            )?;
            signals = Arc::new(Compile(programs.clone()));
            runs = Some((engine, programs));
        }
        let control = Control::new(store.clone(), signals, settings.control.clone());
        let workflows = Workflows::new(
            store.clone(),
            control.clone(),
            runs.clone(),
            settings.workflow.clone(),
        );
        if let Some((engine, programs)) = runs {
            let service = Service {
                store: store.clone(),
                engine,
                programs: programs.clone(),
                workflows: workflows.clone(),
                options: settings.queue.clone(),
                name: settings.name.clone().unwrap_or_else(machine_name),
                address: address.clone(),
                arguments_max_bytes: settings.control.arguments_max_bytes,
                stats: stats.clone(),
            };
            let maintenance = Maintenance {
                store: store.clone(),
                control: control.clone(),
                options: settings.maintenance.clone(),
            };
            workers = Some(Workers {
                service,
                programs,
                maintenance,
            });
        }
        Ok(Self {
            control,
            workflows,
            store,
            stats,
            workers,
            address,
        })
    }

    fn announce(&self, settings: &Settings) {
        let mut out = std::io::stdout();
        // Whoever started the host may have closed its end: that is no reason to stop.
        let _ = writeln!(out, "listening on {}", self.address).and_then(|()| out.flush());
        let runs = match (&self.workers, &settings.queue.queues) {
            (None, _) => "runs nothing (--no-workers)".to_owned(),
            (Some(_), None) => format!("runs up to {} at once", settings.engine.sandboxes_max),
            (Some(_), Some(queues)) => format!(
                "runs up to {} at once from {}",
                settings.engine.sandboxes_max,
                queues.join(", ")
            ),
        };
        eprintln!(
            "windlass {} keeps everything in {}, {runs}; ctrl-c stops it",
            env!("CARGO_PKG_VERSION"),
            settings.database_shown(),
        );
    }

    /// Serves until a signal, then drains.
    async fn serve(self, settings: Settings, listener: TcpListener) -> Result<(), Error> {
        let stopping = signals::stop();
        let closing = CancellationToken::new();
        let router = api::router(api::Parts {
            control: self.control.clone(),
            workflows: self.workflows,
            stats: self.stats,
            stopping: stopping.clone(),
            token: settings.token,
            options: settings.api,
        });
        // Small answers must not wait for the acknowledgement of those before.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let server = axum::serve(listener, router);
        let server = server.with_graceful_shutdown(closing.clone().cancelled_owned());
        let mut server = tokio::spawn(async move { server.await });
        let mut hearing = tokio::spawn(self.control.run(closing.clone()));
        let (service, programs, maintenance) = match self.workers {
            Some(workers) => (
                Some(workers.service),
                Some(workers.programs),
                Some(workers.maintenance),
            ),
            None => (None, None, None),
        };
        let mut working = spawn_workers(service, stopping.clone());
        let mut maintaining = spawn_maintenance(maintenance, stopping.clone());

        let ended = tokio::select! {
            () = stopping.cancelled() => None,
            _ = &mut working => Some("the workers").filter(|_| !stopping.is_cancelled()),
            _ = &mut maintaining => Some("the maintenance").filter(|_| !stopping.is_cancelled()),
            _ = &mut hearing => Some("the watch"),
            _ = &mut server => Some("the API"),
        };
        stopping.cancel();
        if !working.is_finished() {
            // Bounded by the workers' own deadline.
            let _ = working.await;
        }
        if !maintaining.is_finished() {
            let _ = maintaining.await;
        }
        closing.cancel();
        if !server.is_finished() && tokio::time::timeout(GOODBYE, server).await.is_err() {
            tracing::warn!("connections were still open when the host stopped");
        }
        if !hearing.is_finished() {
            let _ = hearing.await;
        }
        if let Some(programs) = programs {
            programs.shutdown().await;
        }
        self.store.close().await;
        match ended {
            Some(part) => Err(Error::Ended(part)),
            None => Ok(()),
        }
    }
}

fn spawn_workers(service: Option<Service>, stopping: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        match service {
            Some(service) => service.run(stopping).await,
            None => stopping.cancelled().await,
        }
    })
}

/// Schedules and what is kept are looked after by hosts that have workers: one that only answers
/// callers can be stopped and started as anybody likes.
fn spawn_maintenance(
    maintenance: Option<Maintenance>,
    stopping: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        match maintenance {
            Some(maintenance) => maintenance.run(stopping).await,
            None => stopping.cancelled().await,
        }
    })
}

/// The machine's name; the process's number tells hosts on one machine apart.
fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => format!("host-{}", std::process::id()),
        name => format!("{name}-{}", std::process::id()),
    }
}

/// Has components compiled as soon as they are stored.
struct Compile(Programs);

impl Signals for Compile {
    fn uploaded(&self, digest: &Digest, tasks: bool, workflows: bool) {
        if tasks {
            self.0.warm(digest, Kind::Task);
        }
        if workflows {
            self.0.warm(digest, Kind::Workflow);
        }
    }
}

/// Components, for whoever compiles them.
struct Uploads(Arc<dyn Store>);

#[async_trait]
impl Source for Uploads {
    async fn bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
        let bytes = self.0.component_bytes(digest).await;
        bytes.map_err(|error| error.to_string())
    }

    async fn shared(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, String> {
        let shared = self.0.shared_code(of, claim).await;
        shared.map_err(|error| error.to_string())
    }

    async fn share(&self, of: &CodeId, sealed: Bytes, total_max: u64) -> Result<(), String> {
        let shared = self.0.share_code(of, sealed, total_max).await;
        shared.map_err(|error| error.to_string())
    }

    async fn unclaim(&self, of: &CodeId) -> Result<(), String> {
        let unclaimed = self.0.unclaim_code(of).await;
        unclaimed.map_err(|error| error.to_string())
    }
}
