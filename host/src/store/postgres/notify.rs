//! Wake-ups: in memory within this process, by coalesced notifications to other hosts.
//!
//! A notification is never sent inside the transaction that writes a row: it takes a lock of the
//! whole server that would be held through the fsync. It is a hint; polling is the floor.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{Error, Signal, connection};
use crate::model::QueueId;

const CHANNEL: &str = "windlass";

/// Notes that fit one notification (8,000 bytes) with room to spare.
const NOTES_MAX: usize = 400;

/// At least so long lies between two notifications of one host.
const PAUSE: Duration = Duration::from_millis(2);

/// A signal on its way to other hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Catalogue,
    Moved,
    Settings(i64),
    Work(i64),
}

impl Note {
    fn write(self) -> String {
        match self {
            Self::Catalogue => "c".to_owned(),
            Self::Moved => "m".to_owned(),
            Self::Settings(queue) => format!("s{queue}"),
            Self::Work(queue) => format!("w{queue}"),
        }
    }

    fn read(text: &str) -> Option<Signal> {
        let number = |text: &str| text.parse().ok().map(QueueId);
        match text.split_at_checked(1)? {
            ("c", "") => Some(Signal::Catalogue),
            ("m", "") => Some(Signal::Moved),
            ("s", queue) => number(queue).map(Signal::Settings),
            ("w", queue) => number(queue).map(Signal::Work),
            _ => None,
        }
    }
}

/// Where signals are put after the commit that they tell of.
#[derive(Clone)]
pub struct Outbox {
    local: broadcast::Sender<Signal>,
    remote: Arc<Remote>,
}

#[derive(Default)]
struct Remote {
    notes: Mutex<BTreeSet<Note>>,
    wake: Notify,
}

impl Outbox {
    /// Tells this process now, and other hosts soon.
    pub fn tell(&self, signal: Signal) {
        let note = match &signal {
            Signal::Work(queue) => Note::Work(queue.0),
            Signal::Settings(queue) => Note::Settings(queue.0),
            Signal::Catalogue => Note::Catalogue,
            Signal::Ended(_) | Signal::Moved => Note::Moved,
        };
        // Nobody subscribed is fine: a store without workers has nobody to wake.
        let _ = self.local.send(signal);
        self.remote
            .notes
            .lock()
            .expect("no holder of this lock can panic")
            .insert(note);
        self.remote.wake.notify_one();
    }
}

/// Sends and receives notifications.
pub struct Notifier {
    outbox: Outbox,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Notifier {
    /// Starts listening and sending.
    pub async fn start(pool: PgPool, signals: usize) -> Result<Self, Error> {
        let (local, _) = broadcast::channel(signals);
        let outbox = Outbox {
            local: local.clone(),
            remote: Arc::default(),
        };
        let origin = Uuid::now_v7().simple().to_string();
        let tasks = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let mut listener = PgListener::connect_with(&pool)
            .await
            .map_err(connection::error)?;
        listener.listen(CHANNEL).await.map_err(connection::error)?;
        tasks.spawn(receive(listener, local, origin.clone(), shutdown.clone()));
        tasks.spawn(send(pool, outbox.remote.clone(), origin, shutdown.clone()));
        tasks.close();
        Ok(Self {
            outbox,
            tasks,
            shutdown,
        })
    }

    /// Where to put signals.
    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// What changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.outbox.local.subscribe()
    }

    /// Ends both tasks.
    pub async fn close(&self) {
        self.shutdown.cancel();
        self.tasks.wait().await;
    }
}

async fn receive(
    mut listener: PgListener,
    local: broadcast::Sender<Signal>,
    origin: String,
    shutdown: CancellationToken,
) {
    loop {
        let heard = tokio::select! {
            heard = listener.recv() => heard,
            () = shutdown.cancelled() => return,
        };
        match heard {
            Ok(notification) => {
                let Some((from, notes)) = notification.payload().split_once('|') else {
                    continue;
                };
                if from != origin {
                    for signal in notes.split(',').filter_map(Note::read) {
                        let _ = local.send(signal);
                    }
                }
            }
            // The listener connects again by itself at the next call; meanwhile polling serves.
            Err(error) => {
                tracing::warn!(%error, "listening for other hosts failed");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                    () = shutdown.cancelled() => return,
                }
            }
        }
    }
}

async fn send(pool: PgPool, remote: Arc<Remote>, origin: String, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = remote.wake.notified() => {}
            () = shutdown.cancelled() => return,
        }
        loop {
            let notes: Vec<String> = {
                let mut notes = remote
                    .notes
                    .lock()
                    .expect("no holder of this lock can panic");
                let mut taken = Vec::new();
                while taken.len() < NOTES_MAX
                    && let Some(note) = notes.pop_last()
                {
                    taken.push(note.write());
                }
                taken
            };
            if notes.is_empty() {
                break;
            }
            let payload = format!("{origin}|{}", notes.join(","));
            let sent = sqlx::query("select pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(payload)
                .execute(&pool)
                .await;
            if let Err(error) = sent {
                tracing::debug!(%error, "a wake-up for other hosts was not sent; they poll");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
