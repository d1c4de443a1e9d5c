//! The wish that invocations end, with their descendants.

use std::collections::BTreeSet;

use sqlx::postgres::PgRow;

use super::connection::error;
use super::notify::Outbox;
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
        let cancelled = Cancelled::read(&row)?;
        cancelled.tell(&self.notify.outbox());
        Ok(cancelled.cancelling)
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

/// What the database answers to a cancellation.
pub struct Cancelled {
    cancelling: Cancelling,
    /// The queues of what ended: claims may have gone by while it was locked.
    touched: Vec<QueueId>,
}

impl Cancelled {
    /// The answer of `windlass.cancel`.
    pub fn read(row: &PgRow) -> Result<Self, Error> {
        let keys = |column: &'static str| -> Result<Vec<Key>, Error> {
            Ok(get::<Vec<i64>>(row, column)?.into_iter().map(Key).collect())
        };
        let queues = |column: &'static str| -> Result<Vec<QueueId>, Error> {
            let queues = get::<Vec<i64>>(row, column)?;
            Ok(queues.into_iter().map(QueueId).collect())
        };
        Ok(Self {
            cancelling: Cancelling {
                ended: keys("ended")?,
                asked: keys("asked")?,
                queues: queues("queues")?,
            },
            touched: queues("touched")?,
        })
    }

    /// Tells of it, after the commit.
    pub fn tell(&self, outbox: &Outbox) {
        let cancelling = &self.cancelling;
        if !cancelling.ended.is_empty() {
            outbox.tell(Signal::Ended(cancelling.ended.clone().into()));
        }
        if !cancelling.asked.is_empty() {
            outbox.tell(Signal::Cancel);
        }
        let queues: BTreeSet<QueueId> = cancelling.queues.iter().copied().collect();
        for queue in queues.union(&self.touched.iter().copied().collect()) {
            outbox.tell(Signal::Work(*queue));
        }
    }
}
