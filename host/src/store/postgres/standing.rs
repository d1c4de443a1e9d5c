//! Why an invocation does not run: its place and its limits, all read in one snapshot.

use sqlx::postgres::{PgConnection, PgRow};

use super::connection::error;
use super::read::{get, json, parse};
use super::*;
use crate::model::queue::{RateLimit, TOKEN_GRACE_MS};
use crate::model::{Moment, State};

/// What is known of the row itself.
struct Place {
    queue: i64,
    partition: Option<String>,
    priority: i32,
    seq: Option<i64>,
    now: i64,
}

impl Postgres {
    pub(super) async fn read_standing(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Option<Standing>, Error> {
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::raw_sql(
            "set transaction isolation level repeatable read, read only; set local enable_seqscan = off;
             set local enable_bitmapscan = off",
        )
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        let row = sqlx::query(
            "select l.*, q.settings, windlass.now() as now
               from invocations i join live l on l.key = i.key join queues q on q.id = l.queue_id
              where i.namespace = $1 and i.id = $2",
        )
        .bind(namespace.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(error)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let place = Place {
            queue: get(&row, "queue_id")?,
            partition: get(&row, "partition")?,
            priority: get(&row, "priority")?,
            seq: get(&row, "seq")?,
            now: get(&row, "now")?,
        };
        let mut standing = own(&row, &place)?;
        let connection = &mut *transaction;
        if standing.state == Some(State::Queued) && standing.reserved_by.is_none() {
            if standing.settings.is_ordered() {
                standing.behind_retry = behind_retry(connection, &place).await?;
            }
            standing.ahead = ahead(connection, &place).await?;
        }
        (standing.taken, standing.holders) = taken(connection, &place, Of::Queue).await?;
        standing.rate_opens_at =
            opens_at(connection, &place, standing.settings.rate_limit, Of::Queue).await?;
        if let (Some(_), Some(limits)) = (&place.partition, standing.settings.partitions) {
            (standing.partition_taken, standing.partition_holders) =
                taken(connection, &place, Of::Partition).await?;
            standing.partition_rate_opens_at =
                opens_at(connection, &place, limits.rate_limit, Of::Partition).await?;
        }
        Ok(Some(standing))
    }
}

/// Whose slots and starts are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Queue,
    Partition,
}

fn own(row: &PgRow, place: &Place) -> Result<Standing, Error> {
    let state: State = parse(row, "state")?;
    let host: Option<i64> = get(row, "host")?;
    let backoff: Option<i64> = get(row, "backoff")?;
    let due: Option<i64> = get(row, "due")?;
    Ok(Standing {
        state: Some(state),
        reserved_by: host.filter(|_| state == State::Queued).map(HostNumber),
        settings: json(row, "settings")?,
        due_at: due.or(backoff.filter(|at| *at > place.now)).map(Moment),
        now: Some(Moment(place.now)),
        ..Standing::default()
    })
}

/// The first one before it that holds it back until it is tried again.
async fn behind_retry(
    connection: &mut PgConnection,
    place: &Place,
) -> Result<Option<(InvocationId, Moment)>, Error> {
    let row = sqlx::query(
        "select i.id, l.backoff from live l join invocations i on i.key = l.key
          where l.backoff > $1 and l.queue_id = $2 and l.partition is not distinct from $3
            and l.state = 'queued' and l.host is null and (l.priority, l.seq) < ($4, $5)
          order by l.priority, l.seq limit 1",
    )
    .bind(place.now)
    .bind(place.queue)
    .bind(&place.partition)
    .bind(place.priority)
    .bind(place.seq)
    .fetch_optional(connection)
    .await
    .map_err(error)?;
    row.map(|row| {
        let id = InvocationId::from_store(get(&row, "id")?);
        Ok((id, Moment(get(&row, "backoff")?)))
    })
    .transpose()
}

async fn ahead(connection: &mut PgConnection, place: &Place) -> Result<u64, Error> {
    // Two statements, because the places of queues with partitions have an index of their own.
    let counting = match place.partition {
        None => {
            "select count(*) as n from (
               select 1 from live l
                where l.queue_id = $1 and l.partition is null
                  and l.state = 'queued' and l.host is null and l.due is null
                  and (l.priority, l.seq) < ($3, $4) limit $5) a"
        }
        Some(_) => {
            "select count(*) as n from (
               select 1 from live l
                where l.queue_id = $1 and l.partition is not null and l.partition = $2
                  and l.state = 'queued' and l.host is null and l.due is null
                  and (l.priority, l.seq) < ($3, $4) limit $5) a"
        }
    };
    let row = sqlx::query(counting)
        .bind(place.queue)
        .bind(&place.partition)
        .bind(place.priority)
        .bind(place.seq)
        .bind(AHEAD_MAX as i64)
        .fetch_one(connection)
        .await
        .map_err(error)?;
    Ok(get::<i64>(&row, "n")? as u64)
}

/// How many slots are taken, and some of those who have them, the oldest first.
async fn taken(
    connection: &mut PgConnection,
    place: &Place,
    of: Of,
) -> Result<(u64, Vec<Holder>), Error> {
    // A slot that was lent is its lender's.
    let rows = sqlx::query(match of {
        Of::Queue => {
            "with taken as materialized (
               select l.key, l.state, l.host from live l
                where l.host is not null and l.queue_id = $1 and l.payer is null
               union all
               select l.key, l.state, l.host from live l where l.queue_id = $1 and l.payer = l.key)
             select i.id, t.state, t.host, (select count(*) from taken) as n
               from (select * from taken t order by t.key limit $3) t
              cross join lateral (select i.id from invocations i where i.key = t.key limit 1) i
              order by t.key"
        }
        Of::Partition => {
            "with taken as materialized (
               select l.key, l.state, l.host from live l
                where l.queue_id = $1 and l.partition is not null and l.partition = $2
                  and (l.host is not null or l.payer is not null) and not l.lane_lent)
             select i.id, t.state, t.host, (select count(*) from taken) as n
               from (select * from taken t order by t.key limit $3) t
              cross join lateral (select i.id from invocations i where i.key = t.key limit 1) i
              order by t.key"
        }
    })
    .bind(place.queue)
    .bind(&place.partition)
    .bind(HOLDERS_MAX as i64)
    .fetch_all(connection)
    .await
    .map_err(error)?;
    let count = match rows.first() {
        Some(row) => get::<i64>(row, "n")? as u64,
        None => 0,
    };
    let holders = rows.iter().map(|row| {
        Ok(Holder {
            id: InvocationId::from_store(get(row, "id")?),
            state: parse(row, "state")?,
            host: get::<Option<i64>>(row, "host")?.map(HostNumber),
        })
    });
    Ok((count, holders.collect::<Result<_, Error>>()?))
}

/// When a rate limit lets the next one start, if it is closed now: when so many starts have left its
/// window that one more has room.
async fn opens_at(
    connection: &mut PgConnection,
    place: &Place,
    rate: Option<RateLimit>,
    of: Of,
) -> Result<Option<Moment>, Error> {
    let Some(rate) = rate else {
        return Ok(None);
    };
    let window = i64::try_from((rate.period_ms + TOKEN_GRACE_MS).saturating_mul(1_000));
    let window = window.unwrap_or(i64::MAX / 2);
    let row = sqlx::query(
        "select min(c.at) + $4 as at
           from (select t.at, sum(t.n) over later as later, sum(t.n) over () as counted
                   from tokens t
                  where t.queue_id = $1 and t.of_partition = $2 and t.partition = $3 and t.at > $5 - $4
                 window later as (order by t.at desc rows between unbounded preceding and 1 preceding)) c
          where c.counted >= $6 and coalesce(c.later, 0) < $6",
    )
    .bind(place.queue)
    .bind(of == Of::Partition)
    .bind(match of {
        Of::Queue => "",
        Of::Partition => place.partition.as_deref().unwrap_or_default(),
    })
    .bind(window)
    .bind(place.now)
    .bind(i64::from(rate.limit))
    .fetch_one(connection)
    .await
    .map_err(error)?;
    Ok(get::<Option<i64>>(&row, "at")?.map(Moment))
}
