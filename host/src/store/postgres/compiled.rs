//! Compiled code that hosts share.

use std::time::Duration;

use bytes::Bytes;

use super::connection::error;
use super::read::get;
use super::*;

/// When code was last used is kept to the hour, so that fetching it seldom writes.
const HOUR_US: i64 = 3_600_000_000;

impl Postgres {
    pub(super) async fn find_code(
        &self,
        of: &CodeId,
        claim: Duration,
    ) -> Result<SharedCode, Error> {
        let row = sqlx::query(
            "select sealed, used_at < windlass.now() - $3 as stale from compiled
              where digest = $1 and code = $2 and sealed is not null",
        )
        .bind(of.digest.as_str())
        .bind(&of.code)
        .bind(HOUR_US)
        .fetch_optional(&self.pool)
        .await
        .map_err(error)?;
        let Some(row) = row else {
            return self.claim_code(of, claim).await;
        };
        if get(&row, "stale")? {
            sqlx::query(
                "update compiled set used_at = windlass.now() where digest = $1 and code = $2",
            )
            .bind(of.digest.as_str())
            .bind(&of.code)
            .execute(&self.pool)
            .await
            .map_err(error)?;
        }
        get(&row, "sealed").map(SharedCode::Found)
    }

    async fn claim_code(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, Error> {
        let claimed = sqlx::query(
            "insert into compiled as c (digest, code, claimed_until, used_at)
             values ($1, $2, windlass.now() + $3, windlass.now())
             on conflict (digest, code) do update set claimed_until = excluded.claimed_until
              where c.sealed is null and c.claimed_until <= windlass.now()",
        )
        .bind(of.digest.as_str())
        .bind(&of.code)
        .bind(i64::try_from(claim.as_micros()).unwrap_or(i64::MAX / 2))
        .execute(&self.pool)
        .await
        .map_err(error)?;
        Ok(match claimed.rows_affected() {
            0 => SharedCode::Theirs,
            _ => SharedCode::Ours,
        })
    }

    pub(super) async fn keep_code(
        &self,
        of: &CodeId,
        sealed: &Bytes,
        total_max: u64,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::query(
            "insert into compiled (digest, code, sealed, size, claimed_until, used_at)
             values ($1, $2, $3, $4, 0, windlass.now())
             on conflict (digest, code) do update set
               sealed = excluded.sealed, size = excluded.size, claimed_until = 0,
               used_at = excluded.used_at",
        )
        .bind(of.digest.as_str())
        .bind(&of.code)
        .bind(sealed.as_ref())
        .bind(sealed.len() as i64)
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        // What was not used for longest makes room, also code of compilers that nobody has any more.
        sqlx::query(
            "delete from compiled c using (
               select digest, code, sum(size) over (
                        order by (digest, code) = ($1, $2) desc, used_at desc, digest, code) as total
                 from compiled where sealed is not null) o
              where o.digest = c.digest and o.code = c.code and o.total > $3
                and (c.digest, c.code) <> ($1, $2)",
        )
        .bind(of.digest.as_str())
        .bind(&of.code)
        .bind(i64::try_from(total_max).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        transaction.commit().await.map_err(error)
    }

    pub(super) async fn drop_claim_of_code(&self, of: &CodeId) -> Result<(), Error> {
        sqlx::query("delete from compiled where digest = $1 and code = $2 and sealed is null")
            .bind(of.digest.as_str())
            .bind(&of.code)
            .execute(&self.pool)
            .await
            .map_err(error)?;
        Ok(())
    }
}
