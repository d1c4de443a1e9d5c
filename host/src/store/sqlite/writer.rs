//! The one writer, with group commit.
//!
//! Operations come through a bounded channel. The task takes everything that waits, runs it in one
//! transaction, each operation in a savepoint of its own so that a failing one undoes only itself,
//! commits, and only then answers and tells what changed. What arrives meanwhile goes out together
//! in the next commit. There is no timer: a lone operation waits for nothing but its own commit.

use futures::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lock::Lock;
use super::{Error, failed};
use crate::model::{Key, Moment};
use crate::store::{Clock, Signal};

/// Operations that may wait, and so the most in one commit. A commit of that many takes tens of
/// milliseconds; whoever comes after it waits in `write`.
const WAITING_MAX: usize = 256;

/// What an operation works with.
pub(super) struct Transaction {
    /// The connection, inside the transaction.
    pub(super) connection: SqliteConnection,
    /// When the transaction began: the one clock of what is written.
    pub(super) now: Moment,
    signals: Vec<Signal>,
}

impl Transaction {
    /// Tells it once this is committed.
    pub(super) fn signal(&mut self, signal: Signal) {
        self.signals.push(signal);
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), Error> {
        sqlx::query(sql)
            .execute(&mut self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }
}

/// Why a whole transaction failed: [`Error`] in a form that several callers can be given.
#[derive(Debug, Clone)]
struct Broken {
    passing: bool,
    message: String,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        let passing = error.is_passing();
        let message = match error {
            Error::Unreachable(message) | Error::Database(message) => message,
            other => other.to_string(),
        };
        Self { passing, message }
    }
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        if broken.passing {
            Self::Unreachable(broken.message)
        } else {
            Self::Database(broken.message)
        }
    }
}

/// An operation that waits, runs, or waits for the commit.
trait Operation: Send {
    /// Runs it; whether what it did is to be kept.
    fn run<'t>(&'t mut self, transaction: &'t mut Transaction) -> BoxFuture<'t, bool>;
    /// Answers whoever asked for it.
    fn answer(self: Box<Self>, committed: Result<(), Broken>);
    /// How much of the machine may fail without what it did being lost.
    fn survives(&self) -> Survives;
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Survives {
    /// The death of this process. Without an fsync a commit costs next to nothing.
    Process,
    /// The loss of power.
    Power,
}

impl Survives {
    fn pragma(self) -> &'static str {
        match self {
            Self::Process => "pragma synchronous = normal",
            Self::Power => "pragma synchronous = full",
        }
    }
}

struct Asked<F, T> {
    survives: Survives,
    operation: Option<F>,
    result: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Operation for Asked<F, T>
where
    F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, Error>> + Send,
    T: Send,
{
    fn run<'t>(&'t mut self, transaction: &'t mut Transaction) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let operation = self.operation.take().expect("an operation runs once");
            let result = operation(transaction).await;
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Broken>) {
        let result = match (self.result, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(broken)) => Err(broken.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(closed()),
        };
        // Whoever asked may have gone: what was done is done.
        let _ = self.answer.send(result);
    }

    fn survives(&self) -> Survives {
        self.survives
    }
}

fn closed() -> Error {
    Error::Unreachable("the store is closed".to_owned())
}

/// The way to the writer's task.
pub(super) struct Writer {
    operations: mpsc::Sender<Box<dyn Operation>>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Writer {
    /// Starts the task, which releases the lock after the last commit.
    pub(super) fn start(
        connection: SqliteConnection,
        signals: broadcast::Sender<Signal>,
        clock: Clock,
        lock: Lock,
    ) -> Self {
        let (operations, waiting) = mpsc::channel(WAITING_MAX);
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        let task = Task {
            waiting,
            closing: closing.clone(),
            signals,
            survives: Survives::Power,
            clock: Clock::clone(&clock),
            transaction: Transaction {
                connection,
                now: clock(),
                signals: Vec::new(),
            },
        };
        tasks.spawn(async move {
            task.run().await;
            lock.release();
        });
        tasks.close();
        Self {
            operations,
            closing,
            tasks,
        }
    }

    /// Runs `operation` in the next transaction and returns once that is on disk. If the operation
    /// fails, nothing of it stays. An operation that was sent is run even if the caller goes away.
    pub(super) async fn write<T, F>(&self, operation: F) -> Result<T, Error>
    where
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
        T: Send + 'static,
    {
        self.write_surviving(Survives::Power, operation).await
    }

    /// The same for an operation that needs to survive no more than this. It survives more where it
    /// shares its transaction with one that does.
    pub(super) async fn write_surviving<T, F>(
        &self,
        survives: Survives,
        operation: F,
    ) -> Result<T, Error>
    where
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            survives,
            operation: Some(operation),
            result: None,
            answer,
        };
        self.operations
            .send(Box::new(asked))
            .await
            .map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Commits what waits, then closes the connection.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}

struct Task {
    /// What the connection's commits survive as it is set now.
    survives: Survives,
    clock: Clock,
    waiting: mpsc::Receiver<Box<dyn Operation>>,
    closing: CancellationToken,
    signals: broadcast::Sender<Signal>,
    transaction: Transaction,
}

impl Task {
    async fn run(mut self) {
        while let Some(first) = self.next().await {
            let mut group = vec![first];
            while group.len() < WAITING_MAX
                && let Ok(operation) = self.waiting.try_recv()
            {
                group.push(operation);
            }
            let committed = self.commit(&mut group).await.map_err(Broken::from);
            if let Err(broken) = &committed {
                tracing::warn!(error = %broken.message, "a transaction failed");
                self.transaction.signals.clear();
                // It fails where the transaction is gone already, which is as well.
                let _ = self.transaction.execute("rollback").await;
            }
            for operation in group {
                operation.answer(committed.clone());
            }
            self.tell();
        }
        if let Err(error) = self.transaction.connection.close().await {
            tracing::warn!(%error, "cannot close the database");
        }
    }

    async fn next(&mut self) -> Option<Box<dyn Operation>> {
        tokio::select! {
            biased;
            operation = self.waiting.recv() => operation,
            () = self.closing.cancelled() => {
                self.waiting.close();
                self.waiting.recv().await
            }
        }
    }

    async fn commit(&mut self, group: &mut [Box<dyn Operation>]) -> Result<(), Error> {
        let transaction = &mut self.transaction;
        let survives = group.iter().map(|operation| operation.survives()).max();
        let survives = survives.unwrap_or(Survives::Power);
        if survives != self.survives {
            // An fsync of the log later covers all that was written to it before.
            transaction.execute(survives.pragma()).await?;
            self.survives = survives;
        }
        transaction.execute("begin immediate").await?;
        transaction.now = (self.clock)();
        if let [alone] = group {
            // The transaction itself is the savepoint.
            return if alone.run(transaction).await {
                transaction.execute("commit").await
            } else {
                transaction.signals.clear();
                transaction.execute("rollback").await
            };
        }
        for operation in group {
            let told = transaction.signals.len();
            transaction.execute("savepoint operation").await?;
            if !operation.run(transaction).await {
                transaction.signals.truncate(told);
                // Where the failure took the whole transaction with it (a full disk), this fails,
                // and with it the group.
                transaction.execute("rollback to operation").await?;
            }
            transaction.execute("release operation").await?;
        }
        transaction.execute("commit").await
    }

    /// Tells what the transaction changed, each thing once.
    fn tell(&mut self) {
        let mut ended: Vec<Key> = Vec::new();
        let mut told: Vec<Signal> = Vec::new();
        for signal in self.transaction.signals.drain(..) {
            match signal {
                Signal::Ended(keys) => ended.extend(keys.iter()),
                other => {
                    // A handful of queues a commit: a list is enough.
                    if !told.contains(&other) {
                        told.push(other);
                    }
                }
            }
        }
        if !ended.is_empty() {
            told.push(Signal::Ended(ended.into()));
        }
        for signal in told {
            // Nobody may be listening.
            let _ = self.signals.send(signal);
        }
    }
}
