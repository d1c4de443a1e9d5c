//! Hosts, their beats, and what becomes of what a dead one held.

use std::borrow::Cow;

use sqlx::{FromRow, SqlitePool};

use super::packed::rows;
use super::{Error, Transaction, cancel, claim, ends, failed, slots, unreadable};
use crate::model::{Failure, FailureKind, Fence, HostNumber, Key, Moment, Outcome, QueueId};
use crate::store::{Beat, Held, Hold, Host, NewHost, Rescued, Signal, Trouble};

pub(super) async fn register(
    transaction: &mut Transaction,
    host: &NewHost,
) -> Result<HostNumber, Error> {
    let queues = host
        .queues
        .as_ref()
        .map(|names| serde_json::to_string(names).expect("names are texts"));
    let number = sqlx::query_scalar(
        "insert into hosts (name, address, version, queues, lease_ms, started_at)
         values (?1, ?2, ?3, ?4, ?5, ?6) returning number",
    )
    .bind(&host.name)
    .bind(&host.address)
    .bind(&host.version)
    .bind(queues)
    .bind(host.lease_ms as i64)
    .bind(transaction.now.0)
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(HostNumber(number))
}

/// Refuses what comes from a host that was declared dead, left, or never registered.
pub(super) async fn must_be_alive(
    transaction: &mut Transaction,
    host: HostNumber,
) -> Result<(), Error> {
    let alive: Option<i64> =
        sqlx::query_scalar("select 1 from hosts where number = ?1 and state = 'alive'")
            .bind(host.0)
            .fetch_optional(&mut transaction.connection)
            .await
            .map_err(failed)?;
    alive.map(drop).ok_or(Error::LeaseLost(host))
}

pub(super) async fn renew(
    transaction: &mut Transaction,
    host: HostNumber,
    troubles: &[Trouble],
) -> Result<Beat, Error> {
    let renewed = sqlx::query(
        "update hosts set beat = beat + 1, troubles = ?2 where number = ?1 and state = 'alive'",
    )
    .bind(host.0)
    .bind(rows(&troubles))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if renewed.rows_affected() == 0 {
        return Err(Error::LeaseLost(host));
    }
    let others: Vec<(i64, i64, i64)> = sqlx::query_as(
        "select number, beat, lease_ms from hosts where state = 'alive' and number <> ?1",
    )
    .bind(host.0)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(Beat {
        others: others
            .into_iter()
            .map(|(number, beat, lease_ms)| (HostNumber(number), beat, lease_ms as u64))
            .collect(),
        now: Some(transaction.now),
    })
}

pub(super) async fn rescue(
    transaction: &mut Transaction,
    host: HostNumber,
    seen: i64,
    deaths_max: u32,
) -> Result<Option<Rescued>, Error> {
    let declared = sqlx::query(
        "update hosts set state = 'dead' where number = ?1 and beat = ?2 and state = 'alive'",
    )
    .bind(host.0)
    .bind(seen)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if declared.rows_affected() == 0 {
        return Ok(None);
    }
    end_attempts(transaction, host, "its host died").await?;
    let mut queues = cancel::grant_wishes(transaction, host).await?;
    let failed = fail_lost(transaction, host, deaths_max, &mut queues).await?;
    let returned = take_back(transaction, host, true, &mut queues).await?;
    Ok(Some(Rescued {
        returned,
        failed,
        queues,
    }))
}

pub(super) async fn leave(transaction: &mut Transaction, host: HostNumber) -> Result<(), Error> {
    let left = sqlx::query("update hosts set state = 'left' where number = ?1 and state = 'alive'")
        .bind(host.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    if left.rows_affected() == 0 {
        // It was declared dead, and everything was taken from it, or it left before.
        return Ok(());
    }
    end_attempts(transaction, host, "its host was stopped").await?;
    let mut queues = cancel::grant_wishes(transaction, host).await?;
    take_back(transaction, host, false, &mut queues).await?;
    Ok(())
}

/// Lists the attempts that the host was executing among those that ended without an outcome.
async fn end_attempts(
    transaction: &mut Transaction,
    host: HostNumber,
    reason: &str,
) -> Result<(), Error> {
    sqlx::query(
        "insert into attempts (key, attempt, host, started_at, ended_at, reason)
         select key, attempt, host, started_at, ?2, ?3
         from live where host = ?1 and state = 'running'",
    )
    .bind(host.0)
    .bind(transaction.now.0)
    .bind(reason)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Ends what has died with its host too often, and adds the queues in which others may go on.
async fn fail_lost(
    transaction: &mut Transaction,
    host: HostNumber,
    deaths_max: u32,
    queues: &mut Vec<QueueId>,
) -> Result<Vec<Key>, Error> {
    let lost: Vec<LostRow> = sqlx::query_as(
        "select key, queue_id, fence, attempt, deaths + 1 as deaths, started_at,
                false as scheduled, false as backs_off, workflow, parent, lender, payer
         from live where host = ?1 and state = 'running' and deaths + 1 >= ?2",
    )
    .bind(host.0)
    .bind(deaths_max)
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let records: Vec<_> = lost
        .iter()
        .map(|row| {
            let outcome = Outcome::Error(Failure::new(
                FailureKind::HostLost,
                format!(
                    "{} hosts died while they executed it: it is not attempted again",
                    row.deaths
                ),
            ));
            row.live.ends(Cow::Owned(outcome), host, transaction.now)
        })
        .collect();
    queues.extend(ends::record(transaction, &records).await?);
    Ok(lost.into_iter().map(|row| Key(row.live.key)).collect())
}

/// Puts everything that the host still holds back to its place, under a new fence, and frees its
/// slots; how many went back. Adds the queues in which something may be claimed now.
async fn take_back(
    transaction: &mut Transaction,
    host: HostNumber,
    died: bool,
    queues: &mut Vec<QueueId>,
) -> Result<u64, Error> {
    let payers: Vec<i64> =
        sqlx::query_scalar("select key from live where host = ?1 and payer = key")
            .bind(host.0)
            .fetch_all(&mut transaction.connection)
            .await
            .map_err(failed)?;
    let returned: Vec<i64> = sqlx::query_scalar(include_str!("sql/take_back.sql"))
        .bind(host.0)
        .bind(died)
        .fetch_all(&mut transaction.connection)
        .await
        .map_err(failed)?;
    for payer in payers {
        slots::pass_on(transaction, Key(payer)).await?;
    }
    let count = returned.len() as u64;
    queues.extend(returned.into_iter().map(QueueId));
    queues.extend(claim::free_slots(transaction, host).await?);
    queues.sort_unstable();
    queues.dedup();
    for queue in queues {
        transaction.signal(Signal::Work(*queue));
    }
    Ok(count)
}

pub(super) async fn hosts(readers: &SqlitePool) -> Result<Vec<Host>, Error> {
    let found: Vec<HostRow> = sqlx::query_as(
        "select number, name, address, version, queues, lease_ms, beat, started_at,
                troubles, (select count(*) from live where live.host = hosts.number) as holds
         from hosts where state = 'alive' order by number",
    )
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    found.into_iter().map(HostRow::read).collect()
}

pub(super) async fn held(readers: &SqlitePool, host: HostNumber) -> Result<Vec<Held>, Error> {
    let found: Vec<(i64, i64, i64, bool, bool)> = sqlx::query_as(
        "select key, fence, queue_id, state = 'running', cancel is not null
         from live where host = ?1",
    )
    .bind(host.0)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(key, fence, queue, running, cancelled)| Held {
            hold: Hold {
                key: Key(key),
                fence: Fence(fence),
            },
            queue: QueueId(queue),
            running,
            cancelled,
        })
        .collect())
}

#[derive(FromRow)]
struct LostRow {
    deaths: i64,
    #[sqlx(flatten)]
    live: ends::Unfinished,
}

#[derive(FromRow)]
struct HostRow {
    number: i64,
    name: String,
    address: String,
    version: String,
    queues: Option<String>,
    lease_ms: i64,
    beat: i64,
    started_at: i64,
    troubles: String,
    holds: i64,
}

impl HostRow {
    fn read(self) -> Result<Host, Error> {
        let queues = self.queues.as_deref().map(serde_json::from_str);
        Ok(Host {
            number: HostNumber(self.number),
            about: NewHost {
                name: self.name,
                address: self.address,
                version: self.version,
                queues: queues.transpose().map_err(unreadable)?,
                lease_ms: self.lease_ms as u64,
            },
            beat: self.beat,
            started_at: Moment(self.started_at),
            holds: self.holds as u64,
            troubles: serde_json::from_str(&self.troubles).map_err(unreadable)?,
        })
    }
}
