//! Schedules, and their firings: each in one transaction with what it enqueues.

use sqlx::postgres::{PgConnection, PgRow};

use super::cancel::Cancelled;
use super::connection::error;
use super::controls::{Stored, store_one, tell};
use super::read::{get, parse, without_nul};
use super::*;
use crate::model::Moment;
use crate::model::schedule::{Missed, Overlap};

/// How often a firing is tried while others hold what it has to cancel.
const TRIES: usize = 6;

/// What a firing says to whom it replaces.
const REPLACED: &str = "replaced by the next firing of its schedule";

impl Postgres {
    pub(super) async fn write_schedule(&self, schedule: &Schedule) -> Result<Schedule, Error> {
        let row = sqlx::query(
            "insert into schedules as s (namespace, name, cron, timezone, queue, task, arguments, options,
                                         missed, overlap, paused, next_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, windlass.now())
             on conflict (namespace, name) do update set cron = excluded.cron,
               timezone = excluded.timezone, queue = excluded.queue, task = excluded.task,
               arguments = excluded.arguments, options = excluded.options, missed = excluded.missed,
               overlap = excluded.overlap, paused = excluded.paused, next_at = excluded.next_at,
               revision = s.revision + 1
             returning *",
        )
        .bind(schedule.namespace.as_str())
        .bind(&schedule.name)
        .bind(&schedule.cron)
        .bind(&schedule.timezone)
        .bind(schedule.queue.as_str())
        .bind(&schedule.task)
        .bind(schedule.arguments.as_ref())
        .bind(schedule.options.get())
        .bind(match schedule.missed {
            Missed::Skip => "skip",
            Missed::Backfill => "backfill",
        })
        .bind(match schedule.overlap {
            Overlap::Queue => "queue",
            Overlap::Skip => "skip",
            Overlap::Replace => "replace",
        })
        .bind(schedule.paused)
        .bind(schedule.next_at.map(|at| at.0))
        .fetch_one(&self.pool)
        .await
        .map_err(error)?;
        let written = read(&row)?;
        if let (Some(at), false) = (written.next_at, written.paused) {
            self.notify.outbox().tell(Signal::Due(at));
        }
        Ok(written)
    }

    pub(super) async fn read_schedules(
        &self,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Result<Vec<Schedule>, Error> {
        let rows = sqlx::query(
            "select * from schedules
              where namespace = $1 and ($2::text is null or name = $2) order by name collate \"C\"",
        )
        .bind(namespace.as_str())
        .bind(name)
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter().map(read).collect()
    }

    pub(super) async fn remove_schedule(
        &self,
        namespace: &Namespace,
        name: &str,
    ) -> Result<bool, Error> {
        let deleted = sqlx::query("delete from schedules where namespace = $1 and name = $2")
            .bind(namespace.as_str())
            .bind(name)
            .execute(&self.pool)
            .await
            .map_err(error)?;
        Ok(deleted.rows_affected() > 0)
    }

    pub(super) async fn read_due_schedules(&self, limit: u32) -> Result<DueSchedules, Error> {
        // One more than asked for: the first that is not answered tells when to look again.
        let rows = sqlx::query(
            "select t.at as now, s.*
               from (select windlass.now() as at) t
               left join lateral (select * from schedules s where s.next_at is not null and not s.paused
                                   order by s.next_at limit $1) s on true
              order by s.next_at",
        )
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        let now = Moment(get(&rows[0], "now")?);
        let mut found = DueSchedules {
            due: Vec::new(),
            next_at: None,
            now,
        };
        for row in &rows {
            let Some(at) = get::<Option<i64>>(row, "next_at")?.map(Moment) else {
                break;
            };
            if at > now || found.due.len() == limit as usize {
                found.next_at = Some(at);
                break;
            }
            found.due.push(read(row)?);
        }
        Ok(found)
    }

    pub(super) async fn fire_schedule(&self, firing: Firing) -> Result<Fired, Error> {
        let call = match &firing.call {
            Ok((call, revision)) => Ok(Resolved {
                call,
                queue: self.queue_ids([&**call]).await?[0],
                revision: *revision,
            }),
            Err(reason) => Err(reason.as_str()),
        };
        let mut tries = 1;
        loop {
            match self.try_fire(&firing, call).await {
                Err(Error::Unreachable(_)) if tries < TRIES => tries += 1,
                fired => return fired,
            }
        }
    }

    async fn try_fire(
        &self,
        firing: &Firing,
        call: Result<Resolved<'_>, &str>,
    ) -> Result<Fired, Error> {
        let mut transaction = self.pool.begin().await.map_err(error)?;
        let found = sqlx::query(
            "select s.last_key, exists (select 1 from live l where l.key = s.last_key) as lives
               from schedules s
              where s.namespace = $1 and s.name = $2 and s.revision = $3 and s.next_at = $4 and not s.paused
                for no key update",
        )
        .bind(firing.namespace.as_str())
        .bind(&firing.name)
        .bind(firing.revision)
        .bind(firing.due_at.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(error)?;
        let Some(found) = found else {
            return Ok(Fired::Gone);
        };
        let before: Option<i64> = get(&found, "last_key")?;
        let lives: bool = get(&found, "lives")?;

        let mut cancelled = None;
        let made = match call {
            Ok(_) if lives && firing.overlap == Overlap::Skip => Ok(None),
            Ok(resolved) => {
                if let (Some(before), true, Overlap::Replace) = (before, lives, firing.overlap) {
                    cancelled = Some(cancel(&mut transaction, before).await?);
                }
                match self.store_resolved(&mut transaction, resolved).await {
                    Ok(stored) => Ok(Some((resolved.queue, stored))),
                    // Neither passes: the schedule moves on, and says why.
                    Err(refused @ (Error::IdTaken { .. } | Error::Duplicate { .. })) => {
                        Err(refused.to_string())
                    }
                    Err(other) => return Err(other),
                }
            }
            Err(reason) => Err(reason.to_owned()),
        };
        move_on(&mut transaction, firing, &made).await?;
        transaction.commit().await.map_err(error)?;

        let outbox = self.notify.outbox();
        if let Some(cancelled) = cancelled {
            cancelled.tell(&outbox);
        }
        if let Some(at) = firing.next_at {
            outbox.tell(Signal::Due(at));
        }
        match made {
            Ok(Some((queue, stored))) => {
                tell([(queue, &stored)], &outbox);
                Ok(Fired::Enqueued(stored.call))
            }
            _ => Ok(Fired::Skipped),
        }
    }

    async fn store_resolved(
        &self,
        connection: &mut PgConnection,
        resolved: Resolved<'_>,
    ) -> Result<Stored, Error> {
        let Resolved {
            call,
            queue,
            revision,
        } = resolved;
        store_one(connection, call, queue, Some(revision), self.writer).await
    }
}

/// A call whose queue has its number.
#[derive(Clone, Copy)]
struct Resolved<'f> {
    call: &'f NewCall,
    queue: QueueId,
    revision: i64,
}

/// Cancels the invocation of the firing before.
async fn cancel(connection: &mut PgConnection, key: i64) -> Result<Cancelled, Error> {
    let row = sqlx::query("select * from windlass.cancel($1, $2)")
        .bind(vec![key])
        .bind(REPLACED)
        .fetch_one(connection)
        .await
        .map_err(error)?;
    Cancelled::read(&row)
}

async fn move_on(
    connection: &mut PgConnection,
    firing: &Firing,
    made: &Result<Option<(QueueId, Stored)>, String>,
) -> Result<(), Error> {
    let stored = made.as_ref().ok().and_then(Option::as_ref);
    let stored = stored.map(|(_, stored)| stored);
    // Where nothing was enqueued, the one before is still the one that the next firing may meet.
    sqlx::query(
        "update schedules set next_at = $3, last_at = $4, last_key = coalesce($5, last_key), last_id = $6,
                last_error = $7
          where namespace = $1 and name = $2",
    )
    .bind(firing.namespace.as_str())
    .bind(&firing.name)
    .bind(firing.next_at.map(|at| at.0))
    .bind(firing.due_at.0)
    .bind(stored.map(|stored| stored.call.key.0))
    .bind(stored.map(|stored| stored.call.id.as_str()))
    .bind(made.as_ref().err().map(|reason| without_nul(reason)))
    .execute(connection)
    .await
    .map_err(error)?;
    Ok(())
}

fn read(row: &PgRow) -> Result<Schedule, Error> {
    let options: String = get(row, "options")?;
    let last_id: Option<String> = get(row, "last_id")?;
    let last_at: Option<i64> = get(row, "last_at")?;
    Ok(Schedule {
        namespace: parse(row, "namespace")?,
        name: get(row, "name")?,
        cron: get(row, "cron")?,
        timezone: get(row, "timezone")?,
        queue: parse(row, "queue")?,
        task: get(row, "task")?,
        arguments: get::<Vec<u8>>(row, "arguments")?.into(),
        options: serde_json::value::RawValue::from_string(options)
            .map_err(|error| Error::Database(format!("column options: {error}")))?,
        missed: match get(row, "missed")? {
            "backfill" => Missed::Backfill,
            _ => Missed::Skip,
        },
        overlap: match get(row, "overlap")? {
            "skip" => Overlap::Skip,
            "replace" => Overlap::Replace,
            _ => Overlap::Queue,
        },
        paused: get(row, "paused")?,
        next_at: get::<Option<i64>>(row, "next_at")?.map(Moment),
        revision: get(row, "revision")?,
        last: last_at.map(|at| (Moment(at), last_id.map(InvocationId::from_store))),
        last_error: get(row, "last_error")?,
        created_at: Moment(get(row, "created_at")?),
    })
}
