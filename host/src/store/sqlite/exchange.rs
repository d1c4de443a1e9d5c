//! What a host hands in: ends, starts, reports and returns, each under its fence. Retries stand in
//! `retries`, waits in `waits`.
//!
//! One look-up tells what of it still belongs to the host; since this is the only writer, that
//! stays true until the commit. What follows are a few statements for the whole batch.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use sqlx::FromRow;

use super::packed::{Packed, rows};
use super::{Error, Transaction, claim, ends, failed, lease, retries, slots, tokens, waits};
use crate::model::{Fence, HostNumber, Key, Moment, QueueId};
use crate::store::{Ended, Exchange, Exchanged, Hold, Report, Returned, Signal, Started};

pub(super) async fn exchange(
    transaction: &mut Transaction,
    host: HostNumber,
    exchange: Exchange,
) -> Result<Exchanged, Error> {
    lease::must_be_alive(transaction, host).await?;
    let mut held = Hands::look(transaction, host, &exchange).await?;
    let mut exchanged = Exchanged::default();
    end(transaction, &mut held, &exchange.ended, &mut exchanged.lost).await?;
    start(
        transaction,
        &mut held,
        &exchange.started,
        &mut exchanged.lost,
    )
    .await?;
    report(transaction, &held, &exchange.reports, &mut exchanged.lost).await?;
    give_back(
        transaction,
        &mut held,
        &exchange.returned,
        &mut exchanged.lost,
    )
    .await?;
    retries::retry(
        transaction,
        &mut held,
        &exchange.retried,
        &mut exchanged.lost,
    )
    .await?;
    waits::take(
        transaction,
        &mut held,
        &exchange.waited,
        &mut exchanged.lost,
    )
    .await?;
    for wish in &exchange.claims {
        exchanged
            .granted
            .push(claim::claim(transaction, host, wish).await?);
    }
    Ok(exchanged)
}

/// What the host holds of what it hands in.
pub(super) struct Hands {
    pub(super) host: HostNumber,
    held: HashMap<Key, Live>,
}

#[derive(FromRow)]
pub(super) struct Live {
    key: i64,
    pub(super) queue_id: i64,
    fence: i64,
    running: bool,
    attempt: u32,
    started_at: Option<i64>,
    /// Why somebody wishes its end.
    pub(super) cancel: Option<String>,
    #[sqlx(flatten)]
    pub(super) kin: ends::Kin,
}

impl Hands {
    async fn look(
        transaction: &mut Transaction,
        host: HostNumber,
        exchange: &Exchange,
    ) -> Result<Self, Error> {
        let keys: Vec<Key> = (exchange.ended.iter().map(|ended| ended.hold.key))
            .chain(exchange.started.iter().map(|started| started.hold.key))
            .chain(exchange.reports.iter().map(|report| report.hold.key))
            .chain(exchange.returned.iter().map(|returned| returned.hold.key))
            .chain(exchange.retried.iter().map(|retried| retried.hold.key))
            .chain(exchange.waited.iter().map(|waited| waited.hold.key))
            .collect();
        let mut held = HashMap::with_capacity(keys.len());
        if !keys.is_empty() {
            let found: Vec<Live> = sqlx::query_as(
                "select key, queue_id, fence, state = 'running' as running, attempt, started_at,
                        cancel, workflow, parent, lender, payer
                 from live where key in (select value from json_each(?1)) and host = ?2",
            )
            .bind(rows(&keys))
            .bind(host.0)
            .fetch_all(&mut transaction.connection)
            .await
            .map_err(failed)?;
            held.extend(found.into_iter().map(|live| (Key(live.key), live)));
        }
        Ok(Self { host, held })
    }

    fn get(&self, hold: Hold) -> Option<&Live> {
        self.held
            .get(&hold.key)
            .filter(|live| Fence(live.fence) == hold.fence)
    }

    fn get_mut(&mut self, hold: Hold) -> Option<&mut Live> {
        self.held
            .get_mut(&hold.key)
            .filter(|live| Fence(live.fence) == hold.fence)
    }

    pub(super) fn take(&mut self, hold: Hold) -> Option<Live> {
        self.get(hold)?;
        self.held.remove(&hold.key)
    }
}

async fn end(
    transaction: &mut Transaction,
    hands: &mut Hands,
    ended: &[Ended],
    lost: &mut Vec<Hold>,
) -> Result<(), Error> {
    let mut records = Vec::with_capacity(ended.len());
    let mut log = Vec::new();
    let mut unheld = Vec::new();
    for end in ended {
        let Some(live) = hands.take(end.hold) else {
            unheld.push(end.hold);
            continue;
        };
        if !end.log.is_empty() {
            log.push((end.hold.key, end.attempt, end.log.as_str()));
        }
        let outcome = match &live.cancel {
            Some(reason) => Cow::Owned(ends::cancelled(reason)),
            None => Cow::Borrowed(&end.outcome),
        };
        records.push(ends::Record {
            hold: end.hold,
            queue: QueueId(live.queue_id),
            outcome,
            attempt: end.attempt,
            host: hands.host,
            started_at: Some(end.started_at),
            finished_at: end.finished_at,
            place: ends::Place::default(),
            kin: live.kin,
        });
    }
    ends::record(transaction, &records).await?;
    write_log(transaction, &log).await?;
    if !unheld.is_empty() {
        let recorded = recorded(transaction, hands.host, &unheld).await?;
        lost.extend(
            unheld
                .into_iter()
                .filter(|hold| recorded.get(&hold.key) != Some(&hold.fence)),
        );
    }
    Ok(())
}

/// What this host recorded before, and under which fence: it was sent twice.
async fn recorded(
    transaction: &mut Transaction,
    host: HostNumber,
    holds: &[Hold],
) -> Result<HashMap<Key, Fence>, Error> {
    let keys: Vec<Key> = holds.iter().map(|hold| hold.key).collect();
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "select key, fence from outcomes
         where key in (select value from json_each(?1)) and host = ?2",
    )
    .bind(rows(&keys))
    .bind(host.0)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(key, fence)| (Key(key), Fence(fence)))
        .collect())
}

async fn start(
    transaction: &mut Transaction,
    hands: &mut Hands,
    started: &[Started],
    lost: &mut Vec<Hold>,
) -> Result<(), Error> {
    let mut marks = Vec::with_capacity(started.len());
    for start in started {
        match hands.get_mut(start.hold) {
            Some(live) => {
                live.running = true;
                live.attempt = start.attempt;
                live.started_at = Some(start.started_at.0);
                marks.push((start.hold.key, start.attempt, start.started_at.0));
            }
            None => lost.push(start.hold),
        }
    }
    if marks.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set state = 'running', attempt = mark.attempt, started_at = mark.started_at,
                         token = null, lane_token = null
         from (select value ->> 0 as key, value ->> 1 as attempt, value ->> 2 as started_at
               from json_each(?1)) mark
         where live.key = mark.key",
    )
    .bind(rows(&marks))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn report(
    transaction: &mut Transaction,
    hands: &Hands,
    reports: &[Report],
    lost: &mut Vec<Hold>,
) -> Result<(), Error> {
    // Of several reports on one invocation the last stands.
    let mut progress = BTreeMap::new();
    let mut log = Vec::new();
    for report in reports {
        if hands.get(report.hold).is_none() {
            lost.push(report.hold);
            continue;
        }
        if let Some(text) = &report.progress {
            progress.insert(report.hold.key, text);
        }
        if !report.log.is_empty() {
            log.push((report.hold.key, report.attempt, report.log.as_str()));
        }
    }
    if !progress.is_empty() {
        let progress: Vec<_> = progress.into_iter().collect();
        sqlx::query(
            "update live set progress = news.progress
             from (select value ->> 0 as key, value ->> 1 as progress from json_each(?1)) news
             where live.key = news.key",
        )
        .bind(rows(&progress))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    write_log(transaction, &log).await
}

/// Adds a part to the log of each of these.
pub(super) async fn write_log(
    transaction: &mut Transaction,
    parts: &[(Key, u32, &str)],
) -> Result<(), Error> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut texts = Packed::default();
    let places: Vec<_> = parts
        .iter()
        .map(|(key, attempt, text)| {
            let (start, length) = texts.push(text.as_bytes());
            (*key, *attempt, start, length)
        })
        .collect();
    sqlx::query(include_str!("sql/log.sql"))
        .bind(rows(&places))
        .bind(texts.into_bytes())
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn give_back(
    transaction: &mut Transaction,
    hands: &mut Hands,
    returned: &[Returned],
    lost: &mut Vec<Hold>,
) -> Result<(), Error> {
    let mut places = Vec::with_capacity(returned.len());
    let (mut attempts, mut cancelled, mut payers) = (Vec::new(), Vec::new(), Vec::new());
    let mut unstarted = Vec::new();
    for back in returned {
        let Some(live) = hands.take(back.hold) else {
            lost.push(back.hold);
            continue;
        };
        let attempt = match (&back.executed, live.running) {
            (Some(_), true) | (None, false) => live.attempt,
            // It started, but the mark of its start was not committed.
            (Some(_), false) => live.attempt + 1,
            // It was counted when it was claimed.
            (None, true) => live.attempt.saturating_sub(1),
        };
        if back.executed.is_none() {
            unstarted.push(back.hold.key);
        }
        if let Some(reason) = &back.executed {
            attempts.push((back.hold.key, attempt, hands.host, live.started_at, reason));
        }
        if let Some(reason) = &live.cancel {
            cancelled.push(ends::Record {
                hold: back.hold,
                queue: QueueId(live.queue_id),
                outcome: Cow::Owned(ends::cancelled(reason)),
                attempt,
                host: hands.host,
                started_at: live.started_at.map(Moment),
                finished_at: transaction.now,
                place: ends::Place::default(),
                kin: live.kin,
            });
            continue;
        }
        if live.kin.payer == Some(back.hold.key.0) {
            payers.push(back.hold.key);
        }
        places.push((back.hold.key, attempt));
        transaction.signal(Signal::Work(QueueId(live.queue_id)));
    }
    tokens::give_back(transaction, &unstarted).await?;
    ends::record(transaction, &cancelled).await?;
    if !places.is_empty() {
        sqlx::query(include_str!("sql/give_back.sql"))
            .bind(rows(&places))
            .execute(&mut transaction.connection)
            .await
            .map_err(failed)?;
    }
    for payer in payers {
        slots::pass_on(transaction, payer).await?;
    }
    if !attempts.is_empty() {
        sqlx::query(
            "insert into attempts (key, attempt, host, started_at, reason, ended_at)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ?2
             from json_each(?1)",
        )
        .bind(rows(&attempts))
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
