//! Wake-ups: in memory within this process, by coalesced notifications to other hosts.
//!
//! A notification is never sent inside the transaction that writes a row: it takes a lock of the
//! whole server that would be held through the fsync. It is a hint; polling is the floor.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::connection::{self, Lane};
use super::{Error, Signal};
use crate::model::{Moment, QueueId};

const CHANNEL: &str = "windlass";

/// By this name the connections that listen are known, also to the other hosts.
pub const LISTENER: &str = "windlass listener";

/// Notes that fit one notification (8,000 bytes) with room to spare.
const NOTES_MAX: usize = 400;

/// At least so long lies between two notifications of one host.
const PAUSE: Duration = Duration::from_millis(2);

/// A signal on its way to other hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Catalogue,
    Cancel,
    Moved,
    Due(i64),
    Settings(i64),
    Work(i64),
}

impl Note {
    fn write(self) -> String {
        match self {
            Self::Catalogue => "c".to_owned(),
            Self::Cancel => "x".to_owned(),
            Self::Moved => "m".to_owned(),
            Self::Due(at) => format!("d{at}"),
            Self::Settings(queue) => format!("s{queue}"),
            Self::Work(queue) => format!("w{queue}"),
        }
    }

    fn read(text: &str) -> Option<Signal> {
        let number = |text: &str| text.parse().ok().map(QueueId);
        match text.split_at_checked(1)? {
            ("c", "") => Some(Signal::Catalogue),
            ("x", "") => Some(Signal::Cancel),
            ("m", "") => Some(Signal::Moved),
            ("d", at) => at.parse().ok().map(|at| Signal::Due(Moment(at))),
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

struct Remote {
    notes: Mutex<BTreeSet<Note>>,
    wake: Notify,
    /// Whether another process may listen. Assumed until a beat has looked.
    heard: AtomicBool,
}

impl Outbox {
    /// Tells this process now, and other hosts soon.
    pub fn tell(&self, signal: Signal) {
        let note = match &signal {
            Signal::Work(queue) => Note::Work(queue.0),
            Signal::Settings(queue) => Note::Settings(queue.0),
            Signal::Catalogue => Note::Catalogue,
            Signal::Cancel => Note::Cancel,
            Signal::Due(at) => Note::Due(at.0),
            Signal::Ended(_) | Signal::Moved | Signal::Told(_) => Note::Moved,
        };
        // Nobody subscribed is fine: a store without workers has nobody to wake.
        let _ = self.local.send(signal);
        if !self.remote.heard.load(Ordering::Relaxed) {
            return;
        }
        let mut notes = self
            .remote
            .notes
            .lock()
            .expect("no holder of this lock can panic");
        if let Note::Due(at) = note {
            // Whoever wakes for the first finds out when the next one is.
            let first = Note::Due(i64::MIN)..=Note::Due(at);
            if notes.range(first).next().is_some() {
                return;
            }
            notes.retain(|note| !matches!(note, Note::Due(_)));
        }
        notes.insert(note);
        drop(notes);
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
    pub async fn start(options: PgConnectOptions, signals: usize) -> Result<Self, Error> {
        let (local, _) = broadcast::channel(signals);
        let outbox = Outbox {
            local,
            remote: Arc::new(Remote {
                notes: Mutex::default(),
                wake: Notify::new(),
                heard: AtomicBool::new(true),
            }),
        };
        let origin = Uuid::now_v7().simple().to_string();
        let tasks = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options.clone().application_name(LISTENER));
        let mut listener = PgListener::connect_with(&pool)
            .await
            .map_err(connection::error)?;
        listener.listen(CHANNEL).await.map_err(connection::error)?;
        tasks.spawn(receive(
            listener,
            outbox.clone(),
            origin.clone(),
            shutdown.clone(),
        ));
        let lane = Lane::new(options);
        tasks.spawn(send(lane, outbox.remote.clone(), origin, shutdown.clone()));
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

    /// Whether anybody else listens: if not, nothing need be sent.
    pub fn set_heard(&self, heard: bool) {
        self.outbox.remote.heard.store(heard, Ordering::Relaxed);
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
    outbox: Outbox,
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
                    // Somebody is there who was not when the last beat looked.
                    outbox.remote.heard.store(true, Ordering::Relaxed);
                    for signal in notes.split(',').filter_map(Note::read) {
                        let _ = outbox.local.send(signal);
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

async fn send(lane: Lane, remote: Arc<Remote>, origin: String, shutdown: CancellationToken) {
    // Whoever thought to be alone hears that somebody came.
    if let Err(error) = notify(&lane, &format!("{origin}|")).await {
        tracing::debug!(%error, "other hosts were not told of this one");
    }
    loop {
        tokio::select! {
            () = remote.wake.notified() => {}
            () = shutdown.cancelled() => break,
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
            if let Err(error) = notify(&lane, &payload).await {
                tracing::debug!(%error, "a wake-up for other hosts was not sent; they poll");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    lane.close().await;
}

async fn notify(lane: &Lane, payload: &str) -> Result<(), Error> {
    let mut turn = lane.enter().await?;
    let sent = sqlx::query("select pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(payload)
        .execute(turn.connection())
        .await;
    turn.end(sent).map(drop)
}
