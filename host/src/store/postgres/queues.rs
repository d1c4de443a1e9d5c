//! Queues, their settings and their counts.

use std::collections::HashMap;
use std::sync::Mutex;

use sqlx::postgres::PgRow;

use super::connection::error;
use super::read::{get, json, parse};
use super::*;
use crate::model::Moment;
use crate::model::queue::RateLimit;

/// How often a change is tried while others hold what is to be locked. Each try lasts less than a
/// second.
const TRIES: usize = 6;

/// The numbers of queues by name. A queue keeps its number for ever.
#[derive(Default)]
pub struct Names(Mutex<HashMap<(Namespace, QueueName), QueueId>>);

impl Names {
    fn find(&self, namespace: &Namespace, name: &QueueName) -> Option<QueueId> {
        let names = self.0.lock().expect("no holder of this lock can panic");
        names.get(&(namespace.clone(), name.clone())).copied()
    }

    fn learn(&self, namespace: &Namespace, name: &QueueName, id: QueueId) {
        let mut names = self.0.lock().expect("no holder of this lock can panic");
        names.insert((namespace.clone(), name.clone()), id);
    }
}

impl Postgres {
    /// The numbers of the calls' queues; those that do not exist are made without limits.
    pub(super) async fn queue_ids<'c>(
        &self,
        calls: impl IntoIterator<Item = &'c NewCall>,
    ) -> Result<Vec<QueueId>, Error> {
        let mut ids = Vec::new();
        for call in calls {
            let id = match self.queues.find(&call.namespace, &call.queue) {
                Some(id) => id,
                None => self.ensure_queue(&call.namespace, &call.queue).await?,
            };
            ids.push(id);
        }
        Ok(ids)
    }

    async fn ensure_queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
    ) -> Result<QueueId, Error> {
        let settings = serde_json::to_string(&Settings::default()).expect("settings are JSON");
        sqlx::query(
            "insert into queues (namespace, name, settings, created_at)
             values ($1, $2, $3, windlass.now()) on conflict do nothing",
        )
        .bind(namespace.as_str())
        .bind(name.as_str())
        .bind(settings)
        .execute(&self.pool)
        .await
        .map_err(error)?;
        let row = sqlx::query("select id from queues where namespace = $1 and name = $2")
            .bind(namespace.as_str())
            .bind(name.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(error)?;
        let id = QueueId(get(&row, "id")?);
        self.queues.learn(namespace, name, id);
        Ok(id)
    }

    pub(super) async fn write_queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        settings: &Settings,
    ) -> Result<Queue, Error> {
        let row = self.try_put(namespace, name, settings).await?;
        let queue = Queue {
            id: QueueId(get(&row, "id")?),
            namespace: namespace.clone(),
            name: name.clone(),
            settings: settings.clone(),
            created_at: Moment(get(&row, "created_at")?),
        };
        self.queues.learn(namespace, name, queue.id);
        self.notify.outbox().tell(Signal::Settings(queue.id));
        self.notify.outbox().tell(Signal::Work(queue.id));
        Ok(queue)
    }

    async fn try_put(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        settings: &Settings,
    ) -> Result<PgRow, Error> {
        let period = |rate: Option<RateLimit>| rate.map(|rate| rate.period_ms as i64 * 1_000);
        let limit = |rate: Option<RateLimit>| rate.map(|rate| rate.limit as i32);
        let lanes = settings.partitions.unwrap_or_default();
        let text = serde_json::to_string(settings).expect("settings are JSON");
        let mut tries = 1;
        loop {
            let answer = sqlx::query(
                "select * from windlass.put_queue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            )
            .bind(namespace.as_str())
            .bind(name.as_str())
            .bind(&text)
            .bind(settings.concurrency.map(|n| n as i32))
            .bind(settings.is_ordered())
            .bind(settings.paused)
            .bind(settings.timeout_ms.map(|ms| ms as i64))
            .bind(limit(settings.rate_limit))
            .bind(period(settings.rate_limit))
            .bind(settings.partitions.is_some())
            .bind(lanes.concurrency.map(|n| n as i32))
            .bind(limit(lanes.rate_limit))
            .bind(period(lanes.rate_limit))
            .fetch_one(&self.pool)
            .await;
            match answer {
                Err(sqlx::Error::Database(refused)) if is_busy(refused.as_ref()) => {
                    if tries == TRIES {
                        return Err(Error::Unreachable(format!(
                            "the queue {name} is too busy to change; try again"
                        )));
                    }
                    tries += 1;
                }
                answer => return answer.map_err(error),
            }
        }
    }

    pub(super) async fn read_queues(
        &self,
        namespace: Option<&Namespace>,
        name: Option<&QueueName>,
    ) -> Result<Vec<Queue>, Error> {
        let rows = sqlx::query(
            "select id, namespace, name, settings, created_at from queues
              where ($1::text is null or namespace = $1) and ($2::text is null or name = $2)
              order by namespace, name",
        )
        .bind(namespace.map(Namespace::as_str))
        .bind(name.map(QueueName::as_str))
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter()
            .map(|row| {
                Ok(Queue {
                    id: QueueId(get(row, "id")?),
                    namespace: parse(row, "namespace")?,
                    name: parse(row, "name")?,
                    settings: json(row, "settings")?,
                    created_at: Moment(get(row, "created_at")?),
                })
            })
            .collect()
    }

    pub(super) async fn counted(&self, queues: Vec<Queue>) -> Result<Vec<(Queue, Counts)>, Error> {
        let ids: Vec<i64> = queues.iter().map(|queue| queue.id.0).collect();
        let rows = sqlx::query(include_str!("sql/counts.sql"))
            .bind(&ids)
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        let mut counts: HashMap<i64, Counts> = HashMap::with_capacity(rows.len());
        for row in &rows {
            // What one transaction counts and another one takes back never shows as less than none.
            let count = |column| get::<i64>(row, column).map(|n| n.max(0) as u64);
            let of_queue = Counts {
                scheduled: count("scheduled")?,
                queued: count("queued")?,
                running: count("running")?,
                waiting: count("waiting")?,
                succeeded: count("succeeded")?,
                failed: count("failed")?,
                cancelled: count("cancelled")?,
                oldest_queued_at: get::<Option<i64>>(row, "oldest")?.map(Moment),
            };
            counts.insert(get(row, "id")?, of_queue);
        }
        Ok(queues
            .into_iter()
            .map(|queue| {
                let counts = counts.get(&queue.id.0).copied().unwrap_or_default();
                (queue, counts)
            })
            .collect())
    }
}

/// Whether a lock was not to be had in time.
fn is_busy(refused: &dyn sqlx::error::DatabaseError) -> bool {
    refused
        .code()
        .is_some_and(|code| code == "55P03" || code == "40P01")
}
