//! What a caller may ask, whoever it is: the API, the dashboard, a guest. A file per verb.
//!
//! Here names are resolved, arguments are checked against their types, limits are kept and waiters
//! are woken; what must survive goes to `store`. Nothing here knows HTTP, and nothing here runs a
//! task: [`Signals`] tells whoever does.
//!
//! - `upload`, `bind`, `components`, `grants`, `defaults`: components
//! - `queues`: queues; `schedules`, `firing`: schedules, and what they enqueue
//! - `catalogue`: which task a name means, from memory
//! - `call`, `prepare`, `enqueue`: calls, checked and stored; `children`: those that workflows make
//! - `handles`: invocations as handles show them, lists, logs, hosts
//! - `bulk`: what is done to all that match; `why`: what holds an invocation back
//! - `messages`: what goes to and from workflows from outside, and asking for their end
//! - `watch`, `wait`: waiting for invocations to end

mod bind;
mod bulk;
mod call;
mod catalogue;
mod children;
mod components;
mod defaults;
mod enqueue;
mod error;
mod firing;
mod grants;
mod handles;
mod messages;
mod prepare;
mod queues;
mod schedules;
mod upload;
mod wait;
mod watch;
mod why;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::model::{Digest, Namespace, QueueName};
use crate::store::{Backend, Signal, Store};

pub use bulk::{Bulk, Which};
pub use call::{Call, CallOptions, Defaults};
pub use catalogue::Task;
pub use children::{Children, Made, Maker, Refusal};
pub use enqueue::Ack;
pub use error::Error;
pub use grants::Grants;
pub use handles::{Attempt, PAGE_WHOLE_MAX, Progress};
pub use queues::Change;
pub use schedules::{Plan, Scheduled, check_options};
pub use upload::{Upload, Uploaded, stated_version, version};
pub use wait::For;
pub use watch::{Ticket, Watch};
pub use why::{Reason, Why, reasons};

use catalogue::Catalogues;
use watch::{Heard, pump};

/// What callers may ask for at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The largest component, in bytes.
    pub component_max_bytes: usize,
    /// The largest arguments of one call, in bytes of JSON.
    pub arguments_max_bytes: usize,
    /// The most calls in one request.
    pub calls_max: usize,
    /// Whether calls to a queue that nobody declared are refused; else they make it.
    pub declared_queues_only: bool,
    /// The longest that one request waits, in milliseconds.
    pub wait_max_ms: u64,
    /// How many requests wait at once.
    pub waiters_max: usize,
    /// For how many invocations they wait together.
    pub waited_max: usize,
    /// How often waiters ask the store when nothing is heard, in milliseconds.
    pub poll_ms: u64,
    /// How many invocations one request cancels, retries or resumes by a filter.
    pub bulk_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            component_max_bytes: 64 << 20,
            arguments_max_bytes: 4 << 20,
            calls_max: 10_000,
            declared_queues_only: false,
            wait_max_ms: 10 * 60 * 1000,
            // A waiter costs about a kilobyte and a connection.
            waiters_max: 10_000,
            waited_max: 200_000,
            poll_ms: 500,
            // Some seconds of work; who sends the request again goes on.
            bulk_max: 100_000,
        }
    }
}

/// Who hears of what callers did, so that it need not be looked for.
pub trait Signals: Send + Sync + 'static {
    /// A component is stored: compile it before it is called. Returns at once.
    /// `tasks` and `workflows` say whether it has any.
    fn uploaded(&self, digest: &Digest, tasks: bool, workflows: bool);
}

/// Nobody: for hosts that run nothing.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Signals for Nobody {
    fn uploaded(&self, _: &Digest, _: bool, _: bool) {}
}

/// How many uploads are looked at at once: each holds its bytes and a parsed copy of its types.
const UPLOADS_MAX: usize = 2;

/// What callers may ask. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    options: Options,
    signals: Arc<dyn Signals>,
    catalogues: Catalogues,
    watch: Watch,
    uploads: Semaphore,
    /// Queues that are known to exist, where only those may be called; never held over an await.
    declared: std::sync::Mutex<HashSet<(Namespace, QueueName)>>,
    /// Queues that have partitions, as far as that was looked up since settings changed; never held
    /// over an await.
    partitioned: std::sync::Mutex<HashSet<(Namespace, QueueName)>>,
    /// Held while a queue's settings are read, changed and written, so that two changes of
    /// different settings that came to this host do not undo each other.
    settings: Mutex<()>,
}

impl Control {
    /// What callers may ask of this store.
    pub fn new(store: Arc<dyn Store>, signals: Arc<dyn Signals>, options: Options) -> Self {
        let watch = Watch::new(
            options.waiters_max,
            options.waited_max,
            Duration::from_millis(options.poll_ms.max(1)),
        );
        Self {
            inner: Arc::new(Inner {
                catalogues: Catalogues::new(store.clone()),
                store,
                options,
                signals,
                watch,
                uploads: Semaphore::new(UPLOADS_MAX),
                declared: std::sync::Mutex::default(),
                partitioned: std::sync::Mutex::default(),
                settings: Mutex::new(()),
            }),
        }
    }

    /// Hears what changes in the store and wakes whoever waits, until `shutdown`. Without it,
    /// nobody who waits is woken.
    pub async fn run(self, shutdown: CancellationToken) {
        let heard = self.clone();
        let signals = self.inner.store.subscribe();
        let pump = pump(signals, shutdown.clone(), move |what| heard.hear(what));
        let looks = self.inner.watch.clone();
        let looks = looks.run(self.inner.store.clone(), shutdown);
        tokio::join!(pump, looks);
    }

    fn hear(&self, what: Heard) {
        match what {
            Heard::Signal(Signal::Catalogue) => self.inner.catalogues.forget(),
            Heard::Signal(Signal::Settings(_)) => self.forget_partitioned(),
            Heard::Signal(signal) => self.inner.watch.hear(&signal),
            Heard::Missed => {
                self.forget_partitioned();
                self.inner.catalogues.forget();
                self.inner.watch.look();
            }
        }
    }

    /// What callers may ask for at most.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Who waits for what.
    pub fn watch(&self) -> &Watch {
        &self.inner.watch
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.inner.store.backend()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.inner.store.ping().await?)
    }
}
