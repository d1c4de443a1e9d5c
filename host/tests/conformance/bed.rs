//! Where a case runs: a store of its own, which can be opened again.

use std::future::Future;
use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Once};

use futures::FutureExt;
use sqlx::{Connection, Executor};
use windlass::store::{Error, Store, postgres, sqlite};

use super::clock::{Clock, Hand};

const SERVER: &str = "WINDLASS_TEST_POSTGRES";

/// A store and the place where it keeps its data.
pub struct Bed {
    /// The store.
    pub store: Arc<dyn Store>,
    place: Place,
}

enum Place {
    File(PathBuf, Hand),
    Database(String),
}

impl Place {
    async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(match self {
            Self::File(path, hand) => {
                let hand = hand.clone();
                let options = sqlite::Options {
                    address: Some("http://127.0.0.1:7070".to_owned()),
                    clock: Arc::new(move || hand.read()),
                    ..sqlite::Options::default()
                };
                Arc::new(sqlite::open(path, &options).await?)
            }
            Self::Database(url) => {
                Arc::new(postgres::open(url, &postgres::Options::default()).await?)
            }
        })
    }
}

impl Bed {
    async fn make(place: Place) -> Self {
        Self {
            store: place.open().await.expect("the store opens"),
            place,
        }
    }

    /// The same data, seen by another process where the backend allows that.
    pub async fn second(&self) -> Arc<dyn Store> {
        match &self.place {
            Place::File(..) => Arc::clone(&self.store),
            place => place.open().await.expect("the store opens a second time"),
        }
    }

    /// Stops the store's clock, for every store on the same data.
    pub async fn stop_clock(&self) -> Clock {
        match &self.place {
            Place::File(_, hand) => Clock::of_file(hand).await,
            Place::Database(url) => Clock::of_database(url).await,
        }
    }

    /// Opens the data again, whatever comes of it.
    pub async fn try_open(&self) -> Result<Arc<dyn Store>, Error> {
        self.place.open().await
    }

    /// Closes the store and opens it again.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = self.place.open().await.expect("the store opens again");
    }

    /// Closes the store and runs a statement behind its back.
    pub async fn close_and_run(&self, sql: &'static str) {
        self.store.close().await;
        match &self.place {
            Place::File(path, _) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
            Place::Database(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                connection
                    .execute("set search_path to windlass")
                    .await
                    .unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    // Several threads: the raced cases race.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap()
}

/// Runs a case on a SQLite file in a temporary folder.
pub fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Bed) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("windlass.db");
    runtime().block_on(async {
        let bed = Bed::make(Place::File(file, Hand::default())).await;
        case(bed).await;
    });
}

/// Runs a case in a database of its own, which is dropped afterwards.
pub fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(Bed) -> F) {
    let Ok(server) = std::env::var(SERVER) else {
        without_postgres();
        return;
    };
    runtime().block_on(async {
        let name = format!("case_{}", uuid::Uuid::now_v7().simple());
        run(&server, format!("create database {name}")).await;
        let url = with_database(&server, &name);
        let outcome = AssertUnwindSafe(async {
            let bed = Bed::make(Place::Database(url)).await;
            case(bed).await;
        })
        .catch_unwind()
        .await;
        run(&server, format!("drop database {name} with (force)")).await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

async fn run(server: &str, sql: String) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// The server's URL with another database.
fn with_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let start = base.find("://").map_or(0, |at| at + 3);
    let end = base[start..].find('/').map_or(base.len(), |at| start + at);
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{mark}{query}", &base[..end])
}

fn without_postgres() {
    static SAY: Once = Once::new();
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{SERVER} is not set: in CI the Postgres cases must run"
    );
    // Past the capture of the test harness, which would keep the line from whoever must read it.
    SAY.call_once(|| {
        let _ = writeln!(
            std::io::stderr(),
            "postgres cases ignored: set {SERVER} to a superuser's postgres:// URL to run them"
        );
    });
}
