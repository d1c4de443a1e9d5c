//! The store on Postgres, 14 or newer, which several hosts share.
//!
//! What is hot has a connection of its own (enqueue, exchange, lease), so that neither a slow list
//! nor an exhausted pool delays it; everything else shares a small pool.

mod callers;
mod cancel;
mod clock;
mod compiled;
mod components;
mod connection;
mod controls;
mod enqueue;
mod exchange;
mod folded;
mod handles;
mod lease;
mod listing;
mod migrations;
mod notify;
mod queues;
mod read;
mod record;
mod schedules;
mod standing;
mod steps;
mod sweep;
mod workflows;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::sync::broadcast;

use self::connection::Lane;
use super::*;

/// How many signals a subscriber may lag behind before it must look for itself.
const SIGNALS: usize = 4_096;

/// How the store uses its server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections for what is not hot.
    pub pool_size: u32,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pool_size: 6,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// The store on Postgres.
pub struct Postgres {
    pool: PgPool,
    exchange: Lane,
    lease: Lane,
    queues: queues::Names,
    enqueue: enqueue::Writer,
    /// The number of the row of arrivals of what the pool stores.
    writer: i64,
    steps: steps::Writer,
    notify: notify::Notifier,
    sweeps: sweep::Progress,
}

/// Connects, migrates under a lock, and starts listening for what other hosts commit.
pub async fn open(url: &str, options: &Options) -> Result<Postgres, Error> {
    let connect = connection::options(url)?;
    migrations::run(&connect, options.connect_timeout).await?;
    let pool = PgPoolOptions::new()
        .max_connections(options.pool_size)
        .acquire_timeout(options.connect_timeout)
        .connect_lazy_with(connect.clone());
    let notify = notify::Notifier::start(connect.clone(), SIGNALS).await?;
    let hot = connection::hot(connect);
    Ok(Postgres {
        exchange: Lane::new(hot.clone()),
        lease: Lane::new(hot.clone()),
        queues: queues::Names::default(),
        enqueue: enqueue::Writer::start(
            Lane::new(connection::patient(hot.clone())),
            Lane::new(connection::patient(hot.clone())),
            notify.outbox(),
        ),
        writer: controls::writer_number(),
        steps: steps::Writer::start(Lane::new(hot), notify.outbox()),
        notify,
        sweeps: sweep::Progress::default(),
        pool,
    })
}

#[async_trait]
impl Store for Postgres {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.notify.subscribe()
    }

    async fn add_component(
        &self,
        namespace: &Namespace,
        component: &NewComponent,
    ) -> Result<Added, Error> {
        self.add_component_row(namespace, component).await
    }

    async fn components(
        &self,
        namespace: &Namespace,
        name: Option<&ComponentName>,
    ) -> Result<Vec<Component>, Error> {
        self.component_rows(namespace, name).await
    }

    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        self.read_component_bytes(digest).await
    }

    async fn shared_code(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, Error> {
        self.find_code(of, claim).await
    }

    async fn share_code(&self, of: &CodeId, sealed: Bytes, total_max: u64) -> Result<(), Error> {
        self.keep_code(of, &sealed, total_max).await
    }

    async fn unclaim_code(&self, of: &CodeId) -> Result<(), Error> {
        self.drop_claim_of_code(of).await
    }

    async fn catalogue(&self, namespace: &Namespace) -> Result<Catalogue, Error> {
        self.read_catalogue(namespace).await
    }

    async fn function(&self, id: FunctionId) -> Result<Option<Function>, Error> {
        self.read_function(id).await
    }

    async fn put_grants(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        grants: &serde_json::Value,
    ) -> Result<(), Error> {
        self.write_grants(namespace, name, grants).await
    }

    async fn put_queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        settings: &Settings,
    ) -> Result<Queue, Error> {
        self.write_queue(namespace, name, settings).await
    }

    async fn queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
    ) -> Result<Option<(Queue, Counts)>, Error> {
        let found = self.read_queues(Some(namespace), Some(name)).await?.pop();
        self.counted(found.into_iter().collect())
            .await
            .map(|mut all| all.pop())
    }

    async fn queues(&self, namespace: &Namespace) -> Result<Vec<(Queue, Counts)>, Error> {
        let found = self.read_queues(Some(namespace), None).await?;
        self.counted(found).await
    }

    async fn served_queues(&self) -> Result<Vec<Queue>, Error> {
        self.read_queues(None, None).await
    }

    async fn enqueue(&self, calls: Vec<NewCall>, revision: i64) -> Result<Vec<Enqueued>, Error> {
        let queues = self.queue_ids(&calls).await?;
        self.enqueue.store(calls, queues, revision).await
    }

    async fn claimable(&self) -> Result<Claimable, Error> {
        self.read_claimable().await
    }

    async fn register(&self, host: &NewHost) -> Result<HostNumber, Error> {
        self.insert_host(host).await
    }

    async fn renew(&self, host: HostNumber, troubles: &[Trouble]) -> Result<Beat, Error> {
        self.beat(host, troubles).await
    }

    async fn rescue(
        &self,
        host: HostNumber,
        seen: i64,
        deaths_max: u32,
    ) -> Result<Option<Rescued>, Error> {
        self.declare_dead(host, seen, deaths_max).await
    }

    async fn leave(&self, host: HostNumber) -> Result<(), Error> {
        self.end_registration(host).await
    }

    async fn hosts(&self) -> Result<Vec<Host>, Error> {
        self.read_hosts().await
    }

    async fn exchange(&self, host: HostNumber, exchange: Exchange) -> Result<Exchanged, Error> {
        self.run_exchange(host, exchange).await
    }

    async fn held(&self, host: HostNumber) -> Result<Vec<Held>, Error> {
        self.read_held(host).await
    }

    async fn arguments(&self, key: Key) -> Result<Option<Vec<u8>>, Error> {
        self.read_arguments(key).await
    }

    async fn invocation(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Invocation>, Error> {
        Ok(self
            .read_invocations(namespace, std::slice::from_ref(id))
            .await?
            .pop())
    }

    async fn invocations_by_id(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<Vec<Invocation>, Error> {
        self.read_invocations(namespace, ids).await
    }

    async fn ended(&self, keys: &[Key]) -> Result<Vec<Key>, Error> {
        self.read_ended(keys).await
    }

    async fn invocations(
        &self,
        namespace: &Namespace,
        filter: &Filter,
    ) -> Result<Vec<Invocation>, Error> {
        self.list_invocations(namespace, filter).await
    }

    async fn log(&self, key: Key) -> Result<Vec<LogChunk>, Error> {
        self.read_log(key).await
    }

    async fn lost_attempts(&self, key: Key) -> Result<Vec<LostAttempt>, Error> {
        self.read_lost_attempts(key).await
    }

    async fn record(&self, host: HostNumber, steps: Steps) -> Result<Vec<Enqueued>, Error> {
        let calls: Vec<&NewCall> = steps.children.iter().map(|child| &child.call).collect();
        let queues = self.queue_ids(calls).await?;
        self.steps.record(host, steps, queues).await
    }

    async fn journal(&self, key: Key) -> Result<Vec<Chunk>, Error> {
        self.read_journal(key).await
    }

    async fn children(&self, parent: Key) -> Result<Vec<(Key, InvocationId)>, Error> {
        self.read_children(parent).await
    }

    async fn outcomes(&self, keys: &[Key]) -> Result<Vec<EndedWith>, Error> {
        self.read_outcomes(keys).await
    }

    async fn send(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        name: &str,
        value: Bytes,
        full: u32,
    ) -> Result<Sent, Error> {
        self.send_message(namespace, id, name, value, full).await
    }

    async fn messages(&self, key: Key) -> Result<Vec<Message>, Error> {
        self.read_messages(key).await
    }

    async fn published(&self, key: Key, after: i64) -> Result<Vec<Published>, Error> {
        self.read_published(key, after).await
    }

    async fn cancel(&self, keys: &[Key], reason: &str) -> Result<Cancelling, Error> {
        self.cancel_family(keys, reason).await
    }

    async fn fork(&self, fork: Fork) -> Result<Enqueued, Error> {
        self.store_fork(fork).await
    }

    async fn in_flight(
        &self,
        namespace: &Namespace,
        component: &ComponentName,
        digest: &Digest,
        after: Key,
        limit: u32,
    ) -> Result<Vec<InFlight>, Error> {
        self.read_in_flight(namespace, component, digest, after, limit)
            .await
    }

    async fn repin(&self, key: Key, entries: u32, function: FunctionId) -> Result<bool, Error> {
        self.pin(key, entries, function).await
    }

    async fn put_defaults(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        defaults: &serde_json::Value,
    ) -> Result<(), Error> {
        self.write_defaults(namespace, name, defaults).await
    }

    async fn rest(&self, host: HostNumber, rests: bool) -> Result<(), Error> {
        self.write_rest(host, rests).await
    }

    async fn standing(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Standing>, Error> {
        self.read_standing(namespace, id).await
    }

    async fn put_schedule(&self, schedule: &Schedule) -> Result<Schedule, Error> {
        self.write_schedule(schedule).await
    }

    async fn schedules(
        &self,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Result<Vec<Schedule>, Error> {
        self.read_schedules(namespace, name).await
    }

    async fn delete_schedule(&self, namespace: &Namespace, name: &str) -> Result<bool, Error> {
        self.remove_schedule(namespace, name).await
    }

    async fn due_schedules(&self, limit: u32) -> Result<DueSchedules, Error> {
        self.read_due_schedules(limit).await
    }

    async fn fire(&self, firing: Firing) -> Result<Fired, Error> {
        self.fire_schedule(firing).await
    }

    async fn sweep(&self, sweep: &Sweep) -> Result<Swept, Error> {
        self.delete_old(sweep).await
    }

    async fn ping(&self) -> Result<(), Error> {
        sqlx::query("select 1")
            .execute(&self.pool)
            .await
            .map_err(connection::error)?;
        Ok(())
    }

    async fn close(&self) {
        self.enqueue.close().await;
        self.steps.close().await;
        self.notify.close().await;
        self.exchange.close().await;
        self.lease.close().await;
        self.pool.close().await;
    }
}
