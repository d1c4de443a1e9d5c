//! The wish that invocations end, with their descendants.

use std::collections::BTreeSet;

use sqlx::postgres::PgRow;

use super::connection::error;
use super::read::{get, without_nul};
use super::*;

/// How often it is tried while others hold what is to be locked. Each lasts half a second at most.
const TRIES: usize = 6;

impl Postgres {
    pub(super) async fn cancel_family(
        &self,
        keys: &[Key],
        reason: &str,
    ) -> Result<Cancelling, Error> {
        let wanted: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let row = self.try_cancel(&wanted, &without_nul(reason)).await?;
        let keys = |column: &'static str| -> Result<Vec<Key>, Error> {
            Ok(get::<Vec<i64>>(&row, column)?
                .into_iter()
                .map(Key)
                .collect())
        };
        let cancelling = Cancelling {
            ended: keys("ended")?,
            asked: keys("asked")?,
            queues: get::<Vec<i64>>(&row, "queues")?
                .into_iter()
                .map(QueueId)
                .collect(),
        };
        let outbox = self.notify.outbox();
        if !cancelling.ended.is_empty() {
            outbox.tell(Signal::Ended(cancelling.ended.clone().into()));
        }
        if !cancelling.asked.is_empty() {
            outbox.tell(Signal::Cancel);
        }
        let mut queues: BTreeSet<QueueId> = cancelling.queues.iter().copied().collect();
        queues.extend(get::<Vec<i64>>(&row, "touched")?.into_iter().map(QueueId));
        for queue in queues {
            outbox.tell(Signal::Work(queue));
        }
        Ok(cancelling)
    }

    async fn try_cancel(&self, keys: &[i64], reason: &str) -> Result<PgRow, Error> {
        let mut tries = 1;
        loop {
            let answer = sqlx::query("select * from windlass.cancel($1, $2)")
                .bind(keys)
                .bind(reason)
                .fetch_one(&self.pool)
                .await;
            match answer {
                Err(sqlx::Error::Database(refused))
                    if refused
                        .code()
                        .is_some_and(|code| code == "55P03" || code == "40P01")
                        && tries < TRIES =>
                {
                    tries += 1;
                }
                answer => return answer.map_err(error),
            }
        }
    }
}
