//! The store in a SQLite file: the embedded default, for one host.
//!
//! `writer` is the one connection that writes, with group commit; readers see what is committed.
//! The other files hold the statements, by topic, under the same names as in `postgres`. What each
//! method promises stands at the trait.

mod bounds;
mod cancel;
mod claim;
mod clockwork;
mod compiled;
mod components;
mod counted;
mod ends;
mod enqueue;
mod errors;
mod exchange;
mod handles;
mod lanes;
mod lease;
mod listing;
mod lock;
mod messages;
mod onces;
mod options;
mod origin;
mod packed;
mod queues;
mod retries;
mod schedules;
mod schema;
mod slots;
mod standing;
mod steps;
mod sweep;
mod take;
mod terms;
mod tokens;
mod waits;
mod workflows;
mod writer;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::SqlitePool;
use tokio::sync::broadcast;

use self::counted::Counted;
use self::errors::{failed, unreadable};
use self::lock::Lock;
pub use self::options::Options;
use self::origin::Origin;
use self::writer::{Transaction, Writer};
use super::{
    Added, Backend, Beat, Cancelling, Catalogue, Chunk, Claimable, CodeId, Component, Counts,
    DueSchedules, EndedWith, Enqueued, Error, Exchange, Exchanged, Filter, Fired, Firing, Fork,
    Function, Held, Host, InFlight, Invocation, LogChunk, LostAttempt, Message, NewCall,
    NewComponent, NewHost, Published, Queue, Rescued, Schedule, Sent, SharedCode, Signal, Standing,
    Steps, Store, Sweep, Swept, Trouble,
};
use crate::model::{
    ComponentName, Digest, FunctionId, HostNumber, InvocationId, Key, Namespace, QueueName,
    queue::Settings,
};

/// Signals that a subscriber may lag behind before it must look for itself.
const SIGNALS_MAX: usize = 1_024;

/// A store in a SQLite file.
pub struct Sqlite {
    writer: Writer,
    readers: SqlitePool,
    counted: Counted,
    signals: broadcast::Sender<Signal>,
    options: Options,
}

/// Opens the file at `path`, or makes it, brings it up to this binary's version, and keeps every
/// other host off it until the store is closed.
pub async fn open(path: &Path, options: &Options) -> Result<Sqlite, Error> {
    let lock = Lock::take(path, options.address.as_deref())?;
    let connection = schema::writer(path).await?;
    let readers = schema::readers(path).await?;
    let counted = Counted::read(&readers).await?;
    let (signals, _) = broadcast::channel(SIGNALS_MAX);
    let writer = Writer::start(connection, signals.clone(), options.clock.clone(), lock);
    Ok(Sqlite {
        writer,
        readers,
        counted,
        signals,
        options: options.clone(),
    })
}

#[async_trait]
impl Store for Sqlite {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.signals.subscribe()
    }

    async fn add_component(
        &self,
        namespace: &Namespace,
        component: &NewComponent,
    ) -> Result<Added, Error> {
        let (namespace, component) = (namespace.clone(), component.clone());
        self.writer
            .write(move |transaction| {
                Box::pin(async move { components::add(transaction, &namespace, &component).await })
            })
            .await
    }

    async fn components(
        &self,
        namespace: &Namespace,
        name: Option<&ComponentName>,
    ) -> Result<Vec<Component>, Error> {
        components::list(&self.readers, namespace, name).await
    }

    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        components::bytes(&self.readers, digest).await
    }

    async fn shared_code(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, Error> {
        let found = compiled::find(&self.readers, of).await?;
        let (of, is_found) = (of.clone(), found.is_some());
        let claimed = self.writer.write(move |transaction| {
            Box::pin(async move {
                match is_found {
                    true => compiled::touch(transaction, &of).await,
                    false => compiled::claim(transaction, &of, claim).await,
                }
            })
        });
        let claimed = claimed.await?;
        Ok(found.map_or(claimed, SharedCode::Found))
    }

    async fn share_code(&self, of: &CodeId, sealed: Bytes, total_max: u64) -> Result<(), Error> {
        let of = of.clone();
        self.writer
            .write(move |transaction| {
                Box::pin(async move { compiled::keep(transaction, &of, &sealed, total_max).await })
            })
            .await
    }

    async fn unclaim_code(&self, of: &CodeId) -> Result<(), Error> {
        let of = of.clone();
        self.writer
            .write(move |transaction| {
                Box::pin(async move { compiled::drop_claim(transaction, &of).await })
            })
            .await
    }

    async fn catalogue(&self, namespace: &Namespace) -> Result<Catalogue, Error> {
        components::catalogue(&self.readers, namespace).await
    }

    async fn function(&self, id: FunctionId) -> Result<Option<Function>, Error> {
        components::function(&self.readers, id).await
    }

    async fn put_grants(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        grants: &serde_json::Value,
    ) -> Result<(), Error> {
        let (namespace, name, grants) = (namespace.clone(), name.clone(), grants.clone());
        self.writer
            .write(move |transaction| {
                Box::pin(async move {
                    components::put_grants(transaction, &namespace, &name, &grants).await
                })
            })
            .await
    }

    async fn put_queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        settings: &Settings,
    ) -> Result<Queue, Error> {
        let (namespace, name, settings) = (namespace.clone(), name.clone(), settings.clone());
        let queue = self
            .writer
            .write(move |transaction| {
                Box::pin(
                    async move { queues::put(transaction, &namespace, &name, &settings).await },
                )
            })
            .await?;
        self.counted.note(&queue);
        Ok(queue)
    }

    async fn queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
    ) -> Result<Option<(Queue, Counts)>, Error> {
        queues::one(&self.readers, namespace, name).await
    }

    async fn queues(&self, namespace: &Namespace) -> Result<Vec<(Queue, Counts)>, Error> {
        queues::list(&self.readers, namespace).await
    }

    async fn served_queues(&self) -> Result<Vec<Queue>, Error> {
        queues::served(&self.readers).await
    }

    async fn enqueue(&self, calls: Vec<NewCall>, revision: i64) -> Result<Vec<Enqueued>, Error> {
        let make = !self.options.declared_queues_only;
        self.writer
            .write(move |transaction| {
                let origin = Origin::Caller(revision);
                Box::pin(async move { enqueue::enqueue(transaction, &calls, &origin, make).await })
            })
            .await
    }

    async fn claimable(&self) -> Result<Claimable, Error> {
        let now = (self.options.clock)();
        let mut next = clockwork::next(&self.readers, now).await?;
        if next.is_due(now) {
            self.writer
                .write(|transaction| Box::pin(clockwork::tick(transaction)))
                .await?;
            next = clockwork::next(&self.readers, now).await?;
        }
        Ok(Claimable {
            queues: queues::claimable(&self.readers).await?,
            next_at: next.at(),
        })
    }

    async fn register(&self, host: &NewHost) -> Result<HostNumber, Error> {
        let host = host.clone();
        self.writer
            .write(move |transaction| {
                Box::pin(async move { lease::register(transaction, &host).await })
            })
            .await
    }

    async fn renew(&self, host: HostNumber, troubles: &[Trouble]) -> Result<Beat, Error> {
        let troubles = troubles.to_vec();
        self.writer
            .write(move |transaction| {
                Box::pin(async move { lease::renew(transaction, host, &troubles).await })
            })
            .await
    }

    async fn rescue(
        &self,
        host: HostNumber,
        seen: i64,
        deaths_max: u32,
    ) -> Result<Option<Rescued>, Error> {
        self.writer
            .write(move |transaction| Box::pin(lease::rescue(transaction, host, seen, deaths_max)))
            .await
    }

    async fn leave(&self, host: HostNumber) -> Result<(), Error> {
        self.writer
            .write(move |transaction| Box::pin(lease::leave(transaction, host)))
            .await
    }

    async fn hosts(&self) -> Result<Vec<Host>, Error> {
        lease::hosts(&self.readers).await
    }

    async fn exchange(&self, host: HostNumber, exchange: Exchange) -> Result<Exchanged, Error> {
        let survives = self.counted.survival(&exchange);
        self.writer
            .write_surviving(survives, move |transaction| {
                Box::pin(exchange::exchange(transaction, host, exchange))
            })
            .await
    }

    async fn held(&self, host: HostNumber) -> Result<Vec<Held>, Error> {
        lease::held(&self.readers, host).await
    }

    async fn arguments(&self, key: Key) -> Result<Option<Vec<u8>>, Error> {
        handles::arguments(&self.readers, key).await
    }

    async fn invocation(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Invocation>, Error> {
        handles::one(&self.readers, namespace, id).await
    }

    async fn invocations_by_id(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<Vec<Invocation>, Error> {
        handles::by_id(&self.readers, namespace, ids).await
    }

    async fn ended(&self, keys: &[Key]) -> Result<Vec<Key>, Error> {
        handles::ended(&self.readers, keys).await
    }

    async fn invocations(
        &self,
        namespace: &Namespace,
        filter: &Filter,
    ) -> Result<Vec<Invocation>, Error> {
        listing::page(&self.readers, namespace, filter).await
    }

    async fn log(&self, key: Key) -> Result<Vec<LogChunk>, Error> {
        handles::log(&self.readers, key).await
    }

    async fn lost_attempts(&self, key: Key) -> Result<Vec<LostAttempt>, Error> {
        handles::lost_attempts(&self.readers, key).await
    }

    async fn record(&self, host: HostNumber, steps: Steps) -> Result<Vec<Enqueued>, Error> {
        let make = !self.options.declared_queues_only;
        self.writer
            .write(move |transaction| {
                Box::pin(async move { steps::record(transaction, host, &steps, make).await })
            })
            .await
    }

    async fn journal(&self, key: Key) -> Result<Vec<Chunk>, Error> {
        steps::journal(&self.readers, key).await
    }

    async fn children(&self, parent: Key) -> Result<Vec<(Key, InvocationId)>, Error> {
        steps::children(&self.readers, parent).await
    }

    async fn outcomes(&self, keys: &[Key]) -> Result<Vec<EndedWith>, Error> {
        workflows::outcomes(&self.readers, keys).await
    }

    async fn send(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        name: &str,
        value: Bytes,
        full: u32,
    ) -> Result<Sent, Error> {
        let (namespace, id, name) = (namespace.clone(), id.clone(), name.to_owned());
        self.writer
            .write(move |transaction| {
                Box::pin(async move {
                    messages::send(transaction, &namespace, &id, &name, &value, full).await
                })
            })
            .await
    }

    async fn messages(&self, key: Key) -> Result<Vec<Message>, Error> {
        messages::list(&self.readers, key).await
    }

    async fn published(&self, key: Key, after: i64) -> Result<Vec<Published>, Error> {
        messages::published(&self.readers, key, after).await
    }

    async fn cancel(&self, keys: &[Key], reason: &str) -> Result<Cancelling, Error> {
        let (keys, reason) = (keys.to_vec(), reason.to_owned());
        self.writer
            .write(move |transaction| {
                Box::pin(async move { cancel::cancel(transaction, &keys, &reason).await })
            })
            .await
    }

    async fn fork(&self, fork: Fork) -> Result<Enqueued, Error> {
        let make = !self.options.declared_queues_only;
        self.writer
            .write(move |transaction| {
                Box::pin(async move { workflows::fork(transaction, &fork, make).await })
            })
            .await
    }

    async fn in_flight(
        &self,
        namespace: &Namespace,
        component: &ComponentName,
        digest: &Digest,
        after: Key,
        limit: u32,
    ) -> Result<Vec<InFlight>, Error> {
        workflows::in_flight(&self.readers, namespace, component, digest, after, limit).await
    }

    async fn repin(&self, key: Key, entries: u32, function: FunctionId) -> Result<bool, Error> {
        self.writer
            .write(move |transaction| {
                Box::pin(workflows::repin(transaction, key, entries, function))
            })
            .await
    }

    async fn put_defaults(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        defaults: &serde_json::Value,
    ) -> Result<(), Error> {
        let (namespace, name, defaults) = (namespace.clone(), name.clone(), defaults.clone());
        self.writer
            .write(move |transaction| {
                Box::pin(async move {
                    components::put_defaults(transaction, &namespace, &name, &defaults).await
                })
            })
            .await
    }

    async fn rest(&self, _host: HostNumber, _rests: bool) -> Result<(), Error> {
        // Nobody else writes to the file.
        Ok(())
    }

    async fn standing(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Standing>, Error> {
        standing::standing(&self.readers, namespace, id, (self.options.clock)()).await
    }

    async fn put_schedule(&self, schedule: &Schedule) -> Result<Schedule, Error> {
        let schedule = schedule.clone();
        self.writer
            .write(move |transaction| {
                Box::pin(async move { schedules::put(transaction, &schedule).await })
            })
            .await
    }

    async fn schedules(
        &self,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Result<Vec<Schedule>, Error> {
        schedules::list(&self.readers, namespace, name).await
    }

    async fn delete_schedule(&self, namespace: &Namespace, name: &str) -> Result<bool, Error> {
        let (namespace, name) = (namespace.clone(), name.to_owned());
        self.writer
            .write(move |transaction| {
                Box::pin(async move { schedules::delete(transaction, &namespace, &name).await })
            })
            .await
    }

    async fn due_schedules(&self, limit: u32) -> Result<DueSchedules, Error> {
        schedules::due(&self.readers, limit, (self.options.clock)()).await
    }

    async fn fire(&self, firing: Firing) -> Result<Fired, Error> {
        let make = !self.options.declared_queues_only;
        self.writer
            .write(move |transaction| {
                Box::pin(async move { schedules::fire(transaction, &firing, make).await })
            })
            .await
    }

    async fn sweep(&self, sweep: &Sweep) -> Result<Swept, Error> {
        sweep::sweep(&self.readers, &self.writer, sweep, (self.options.clock)()).await
    }

    async fn ping(&self) -> Result<(), Error> {
        sqlx::query("select 1")
            .execute(&self.readers)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
