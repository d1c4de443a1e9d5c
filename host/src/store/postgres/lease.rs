//! Hosts: registration, beats, and what is taken from a dead one.

use std::time::Duration;

use sqlx::Row;

use super::connection::error;
use super::notify::LISTENER;
use super::read::{get, json};
use super::*;
use crate::model::{Failure, FailureKind, Moment, Outcome};

/// A beat that takes longer is no beat: the connection is made anew.
const BEAT_TIMEOUT: Duration = Duration::from_secs(3);

impl Postgres {
    pub(super) async fn insert_host(&self, host: &NewHost) -> Result<HostNumber, Error> {
        let row = sqlx::query(
            "insert into hosts (name, address, version, queues, lease_ms, started_at)
             values ($1, $2, $3, $4, $5, windlass.now()) returning number",
        )
        .bind(&host.name)
        .bind(&host.address)
        .bind(&host.version)
        .bind(
            host.queues
                .as_ref()
                .map(|queues| serde_json::to_string(queues).expect("texts are JSON")),
        )
        .bind(host.lease_ms as i64)
        .fetch_one(&self.pool)
        .await
        .map_err(error)?;
        Ok(HostNumber(get(&row, "number")?))
    }

    pub(super) async fn beat(&self, host: HostNumber, troubles: &[Trouble]) -> Result<Beat, Error> {
        let troubles = serde_json::to_string(troubles).expect("troubles are JSON");
        let mut turn = self.lease.enter().await?;
        let beating = sqlx::query(
            "with own as (
               update hosts set beat = beat + 1, troubles = $3 where number = $1 and state = 'alive' returning number)
             select h.number, h.beat, h.lease_ms, windlass.now() as now,
                    exists (select 1 from own) as renewed,
                    (select count(*) > 1 from pg_stat_activity a
                      where a.datname = current_database() and a.application_name = $2) as heard
               from hosts h where h.state = 'alive' or h.number = $1",
        )
        .bind(host.0)
        .bind(LISTENER)
        .bind(&troubles)
        .fetch_all(turn.connection());
        let rows = match tokio::time::timeout(BEAT_TIMEOUT, beating).await {
            Ok(rows) => turn.end(rows)?,
            Err(_) => return Err(Error::Unreachable("a beat got no answer".to_owned())),
        };
        let mut beat = Beat::default();
        let mut renewed = false;
        for row in &rows {
            renewed |= get::<bool>(row, "renewed")?;
            self.notify.set_heard(get(row, "heard")?);
            beat.now = Some(Moment(get(row, "now")?));
            let number = HostNumber(get(row, "number")?);
            if number != host {
                let lease: i64 = get(row, "lease_ms")?;
                beat.others.push((number, get(row, "beat")?, lease as u64));
            }
        }
        match renewed {
            true => Ok(beat),
            false => Err(Error::LeaseLost(host)),
        }
    }

    pub(super) async fn declare_dead(
        &self,
        host: HostNumber,
        seen: i64,
        deaths_max: u32,
    ) -> Result<Option<Rescued>, Error> {
        let lost = Failure::new(
            FailureKind::HostLost,
            format!(
                "{deaths_max} hosts died while they ran this invocation; it is not tried again \
                 (see its attempts; retry it when the cause is mended)"
            ),
        );
        let row = sqlx::query("select * from windlass.rescue($1, $2, $3, $4)")
            .bind(host.0)
            .bind(seen)
            .bind(deaths_max as i32)
            .bind(Outcome::Error(lost).to_stored().into_bytes())
            .fetch_one(&self.pool)
            .await
            .map_err(error)?;
        if !get::<bool>(&row, "declared")? {
            return Ok(None);
        }
        let rescued = Rescued {
            returned: get::<i64>(&row, "returned")? as u64,
            failed: get::<Vec<i64>>(&row, "failed")?
                .into_iter()
                .map(Key)
                .collect(),
            queues: get::<Vec<i64>>(&row, "queues")?
                .into_iter()
                .map(QueueId)
                .collect(),
        };
        let outbox = self.notify.outbox();
        let cancelled: Vec<i64> = get(&row, "cancelled")?;
        let mut ended = rescued.failed.clone();
        ended.extend(cancelled.into_iter().map(Key));
        if !ended.is_empty() {
            outbox.tell(Signal::Ended(ended.into()));
        }
        for queue in &rescued.queues {
            outbox.tell(Signal::Work(*queue));
        }
        Ok(Some(rescued))
    }

    pub(super) async fn end_registration(&self, host: HostNumber) -> Result<(), Error> {
        let row = sqlx::query("select * from windlass.leave($1)")
            .bind(host.0)
            .fetch_one(&self.pool)
            .await
            .map_err(error)?;
        let outbox = self.notify.outbox();
        let cancelled: Vec<i64> = get(&row, "cancelled")?;
        if !cancelled.is_empty() {
            outbox.tell(Signal::Ended(cancelled.into_iter().map(Key).collect()));
        }
        for queue in get::<Vec<i64>>(&row, "queues")? {
            outbox.tell(Signal::Work(QueueId(queue)));
        }
        Ok(())
    }

    pub(super) async fn read_hosts(&self) -> Result<Vec<Host>, Error> {
        let rows = sqlx::query(
            "select h.*, (select count(*) from live l where l.host = h.number) as holds
               from hosts h where h.state = 'alive' order by h.number",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        rows.iter()
            .map(|row| {
                let queues: Option<&str> = get(row, "queues")?;
                Ok(Host {
                    number: HostNumber(get(row, "number")?),
                    about: NewHost {
                        name: get(row, "name")?,
                        address: get(row, "address")?,
                        version: get(row, "version")?,
                        queues: queues.map(|_| json(row, "queues")).transpose()?,
                        lease_ms: get::<i64>(row, "lease_ms")? as u64,
                    },
                    beat: get(row, "beat")?,
                    started_at: Moment(get(row, "started_at")?),
                    holds: row.get::<i64, _>("holds") as u64,
                    troubles: json(row, "troubles")?,
                })
            })
            .collect()
    }
}
