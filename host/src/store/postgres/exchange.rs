//! The round trip of a host: hand in what ended, take what may start.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sqlx::postgres::{PgConnection, PgRow};

use super::connection::error;
use super::read::{get, json, parse, without_nul};
use super::*;
use crate::model::{Fence, Moment, Outcome};

/// An exchange that takes longer is given up, and its connection with it: whether it was committed
/// is then found out by looking at what the host holds.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);

const LOST: i32 = 0;
const GRANTED: i32 = 1;
const CLAIMED: i32 = 2;
const WORK: i32 = 4;
const GONE: i32 = 5;
const AGAIN: i32 = 6;

impl Postgres {
    pub(super) async fn run_exchange(
        &self,
        host: HostNumber,
        mut exchange: Exchange,
    ) -> Result<Exchanged, Error> {
        // Locks are taken in one order everywhere.
        exchange.ended.sort_by_key(|ended| ended.hold.key);
        exchange.started.sort_by_key(|started| started.hold.key);
        exchange.returned.sort_by_key(|returned| returned.hold.key);
        exchange.retried.sort_by_key(|retried| retried.hold.key);
        exchange.waited.sort_by_key(|waited| waited.hold.key);
        let mut order: Vec<usize> = (0..exchange.claims.len()).collect();
        order.sort_by_key(|index| exchange.claims[*index].queue);

        let mut turn = self.exchange.enter().await?;
        let calling = call(turn.connection(), host, &exchange, &order);
        let Ok(sent) = tokio::time::timeout(EXCHANGE_TIMEOUT, calling).await else {
            return Err(Error::Unreachable("an exchange got no answer".to_owned()));
        };
        if let Err(sqlx::Error::Database(refused)) = &sent
            && refused.code().as_deref() == Some("WL003")
        {
            return Err(Error::LeaseLost(host));
        }
        let rows = turn.end(sent)?;
        let (exchanged, news) = read(rows, &exchange)?;
        self.tell(&exchange, &exchanged, news);
        Ok(exchanged)
    }

    fn tell(&self, exchange: &Exchange, exchanged: &Exchanged, news: News) {
        let outbox = self.notify.outbox();
        if !exchange.ended.is_empty() || !news.ended.is_empty() {
            let keys: Arc<[Key]> = exchange
                .ended
                .iter()
                .filter(|ended| !exchanged.lost.contains(&ended.hold))
                .map(|ended| ended.hold.key)
                .chain(news.ended)
                .collect();
            outbox.tell(Signal::Ended(keys));
        } else if !exchange.started.is_empty()
            || !exchange.reports.is_empty()
            || !exchange.waited.is_empty()
            || !exchange.retried.is_empty()
        {
            outbox.tell(Signal::Moved);
        }
        let returned = exchange.returned.iter().map(|returned| returned.queue);
        let retried = exchange.retried.iter().map(|retried| retried.queue);
        for queue in news
            .queues
            .into_iter()
            .chain(returned)
            .chain(retried)
            .collect::<BTreeSet<_>>()
        {
            outbox.tell(Signal::Work(queue));
        }
        if let Some(due) = news.due {
            outbox.tell(Signal::Due(due));
        }
    }

    pub(super) async fn read_held(&self, host: HostNumber) -> Result<Vec<Held>, Error> {
        // On the exchange's own connection, so that it comes after whatever that one committed.
        let mut turn = self.exchange.enter().await?;
        let rows = sqlx::query(
            "select key, fence, queue_id, state, cancel is not null as cancelled
               from live where host = $1",
        )
        .bind(host.0)
        .fetch_all(turn.connection())
        .await;
        turn.end(rows)?
            .iter()
            .map(|row| {
                Ok(Held {
                    hold: Hold {
                        key: Key(get(row, "key")?),
                        fence: Fence(get(row, "fence")?),
                    },
                    queue: QueueId(get(row, "queue_id")?),
                    running: get::<&str>(row, "state")? == "running",
                    cancelled: get(row, "cancelled")?,
                })
            })
            .collect()
    }

    pub(super) async fn read_arguments(&self, key: Key) -> Result<Option<Vec<u8>>, Error> {
        let row = sqlx::query("select arguments from invocations where key = $1")
            .bind(key.0)
            .fetch_optional(&self.pool)
            .await
            .map_err(error)?;
        row.map(|row| get(&row, "arguments")).transpose()
    }
}

async fn call(
    connection: &mut PgConnection,
    host: HostNumber,
    exchange: &Exchange,
    order: &[usize],
) -> Result<Vec<PgRow>, sqlx::Error> {
    macro_rules! column {
        ($list:ident, |$item:ident| $value:expr) => {
            exchange
                .$list
                .iter()
                .map(|$item| $value)
                .collect::<Vec<_>>()
        };
    }
    macro_rules! claims {
        (|$item:ident| $value:expr) => {
            order
                .iter()
                .map(|index| &exchange.claims[*index])
                .map(|$item| $value)
                .collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "select * from windlass.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
           $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
           $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46)",
    )
    .bind(host.0)
    .bind(column!(ended, |e| e.hold.key.0))
    .bind(column!(ended, |e| e.hold.fence.0))
    .bind(column!(ended, |e| e.outcome.state().as_str()))
    .bind(column!(ended, |e| e.outcome.kind().map(|kind| kind.as_str())))
    .bind(column!(ended, |e| e.outcome.to_stored().into_bytes()))
    .bind(column!(ended, |e| e.attempt as i32))
    .bind(column!(ended, |e| e.started_at.0))
    .bind(column!(ended, |e| e.finished_at.0))
    .bind(column!(ended, |e| without_nul(&e.log)))
    .bind(column!(started, |s| s.hold.key.0))
    .bind(column!(started, |s| s.hold.fence.0))
    .bind(column!(started, |s| s.attempt as i32))
    .bind(column!(started, |s| s.started_at.0))
    .bind(column!(reports, |n| n.hold.key.0))
    .bind(column!(reports, |n| n.hold.fence.0))
    .bind(column!(reports, |n| n.attempt as i32))
    .bind(column!(reports, |n| n.progress.as_deref()))
    .bind(column!(reports, |n| without_nul(&n.log)))
    .bind(column!(returned, |r| r.hold.key.0))
    .bind(column!(returned, |r| r.hold.fence.0))
    .bind(column!(returned, |r| r.executed.as_deref()))
    .bind(column!(retried, |t| t.hold.key.0))
    .bind(column!(retried, |t| t.hold.fence.0))
    .bind(column!(retried, |t| t.attempt as i32))
    .bind(column!(retried, |t| t.failure.kind.as_str()))
    .bind(column!(retried, |t| without_nul(&t.failure.message)))
    .bind(column!(retried, |t| {
        Outcome::Error(t.failure.clone()).to_stored().into_bytes()
    }))
    .bind(column!(retried, |t| t.started_at.0))
    .bind(column!(retried, |t| t.finished_at.0))
    .bind(column!(retried, |t| t.delay_ms as i64 * 1_000))
    .bind(column!(retried, |t| without_nul(&t.log)))
    .bind(column!(waited, |w| w.hold.key.0))
    .bind(column!(waited, |w| w.hold.fence.0))
    .bind(column!(waited, |w| w.attempt as i32))
    .bind(column!(waited, |w| w.started_at.0))
    .bind(column!(waited, |w| without_nul(&w.log)))
    .bind(column!(waited, |w| keys(&w.wait.awaited)))
    .bind(column!(waited, |w| w.wait.all))
    .bind(column!(waited, |w| names(&w.wait.messages)))
    .bind(column!(waited, |w| w.wait.at.map(|at| at.0)))
    .bind(claims!(|c| c.queue.0))
    .bind(claims!(|c| c.executing as i32))
    .bind(claims!(|c| c.reserved as i32))
    .bind(claims!(|c| c.slots.min(i32::MAX as u32) as i32))
    .bind(claims!(|c| c.rows as i32))
    .fetch_all(connection)
    .await
}

/// Keys as the text of an array, each once: arrays of arrays must be of one length.
fn keys(keys: &[Key]) -> String {
    let keys: BTreeSet<Key> = keys.iter().copied().collect();
    let keys: Vec<String> = keys.iter().map(|key| key.0.to_string()).collect();
    format!("{{{}}}", keys.join(","))
}

/// Names as the text of an array.
fn names(names: &[String]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| {
            let name = without_nul(name).replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\"")
        })
        .collect();
    format!("{{{}}}", quoted.join(","))
}

/// What an exchange brought about besides what it answers.
#[derive(Default)]
struct News {
    /// Queues in which something may be claimed or go on.
    queues: Vec<QueueId>,
    /// What was handed in to go on later, and ended instead.
    ended: Vec<Key>,
    /// When the first of those that are tried again is due.
    due: Option<Moment>,
}

fn read(rows: Vec<PgRow>, exchange: &Exchange) -> Result<(Exchanged, News), Error> {
    let mut exchanged = Exchanged::default();
    let mut news = News::default();
    let mut claimed: HashMap<i64, Vec<Claimed>> = HashMap::new();
    let mut granted: HashMap<i64, Granted> = HashMap::new();
    for row in &rows {
        match get::<i32>(row, "what")? {
            LOST => exchanged.lost.push(hold(row)?),
            WORK => news.queues.push(QueueId(get(row, "queue_id")?)),
            GONE => news.ended.push(Key(get(row, "key")?)),
            AGAIN => {
                let due = get::<Option<i64>>(row, "fence")?.map(Moment);
                news.due = news.due.into_iter().chain(due).min();
            }
            CLAIMED => claimed
                .entry(get(row, "queue_id")?)
                .or_default()
                .push(claim(row)?),
            GRANTED => {
                let queue: i64 = get(row, "queue_id")?;
                if get(row, "freed")? {
                    news.queues.push(QueueId(queue));
                }
                granted.insert(queue, grant(row)?);
            }
            other => return Err(Error::Database(format!("an exchange answered row {other}"))),
        }
    }
    for asked in &exchange.claims {
        if let Some(mut answer) = granted.remove(&asked.queue.0) {
            answer.claimed = claimed.remove(&asked.queue.0).unwrap_or_default();
            answer.claimed.sort_by_key(|claimed| claimed.place);
            exchanged.granted.push(answer);
        }
    }
    Ok((exchanged, news))
}

/// The answer to a claim, without what was claimed.
fn grant(row: &PgRow) -> Result<Granted, Error> {
    Ok(Granted {
        queue: QueueId(get(row, "queue_id")?),
        settings: json(row, "settings")?,
        slots: get::<Option<i32>>(row, "slots")?.map(|n| n as u32),
        contended: get(row, "contended")?,
        claimed: Vec::new(),
        drained: get(row, "drained")?,
        opens_in_us: get::<Option<i64>>(row, "opens_in")?.map(|us| us as u64),
        counted_after_us: get::<Option<i64>>(row, "counted_after")?.map(|us| us as u64),
    })
}

fn hold(row: &PgRow) -> Result<Hold, Error> {
    Ok(Hold {
        key: Key(get(row, "key")?),
        fence: Fence(get(row, "fence")?),
    })
}

fn claim(row: &PgRow) -> Result<Claimed, Error> {
    Ok(Claimed {
        workflow: get(row, "workflow")?,
        resumed: get(row, "resumed")?,
        lent: get(row, "lent")?,
        depth: get::<i32>(row, "depth")? as u32,
        hold: hold(row)?,
        id: InvocationId::from_store(get(row, "id")?),
        namespace: parse(row, "namespace")?,
        attempt: get::<i32>(row, "attempt")? as u32,
        running: get(row, "running")?,
        suspect: get(row, "suspect")?,
        alone: get(row, "alone")?,
        function: FunctionId(get(row, "function_id")?),
        task: get(row, "task")?,
        arguments: get::<Option<Vec<u8>>>(row, "arguments")?.map(Bytes::from),
        timeout_ms: get::<Option<i64>>(row, "timeout_ms")?.map(|ms| ms as u64),
        place: (get(row, "priority")?, get(row, "seq")?),
        partition: get(row, "partition")?,
        retried: get::<i32>(row, "retried")? as u32,
        retries: get::<Option<&str>>(row, "retries")?
            .map(|_| json(row, "retries"))
            .transpose()?,
        left_us: get::<Option<i64>>(row, "left_us")?.map(|us| us.max(0) as u64),
        unchecked: get(row, "unchecked")?,
    })
}
