//! The wish that invocations end, with their descendants.

use super::connection::error;
use super::read::{get, without_nul};
use super::*;

impl Postgres {
    pub(super) async fn cancel_family(
        &self,
        keys: &[Key],
        reason: &str,
    ) -> Result<Cancelling, Error> {
        let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let row = sqlx::query("select * from windlass.cancel($1, $2)")
            .bind(keys)
            .bind(without_nul(reason))
            .fetch_one(&self.pool)
            .await
            .map_err(error)?;
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
        for queue in &cancelling.queues {
            outbox.tell(Signal::Work(*queue));
        }
        Ok(cancelling)
    }
}
