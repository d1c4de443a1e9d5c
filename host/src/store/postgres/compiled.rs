//! Compiled code that hosts share.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;

use super::connection::error;
use super::read::get;
use super::*;

/// When code was last used is kept to the hour, so that fetching it seldom writes.
const HOUR_US: i64 = 3_600_000_000;

/// Code is stored and fetched in pieces of so many bytes.
const PIECE_BYTES: usize = 1 << 20;

impl Postgres {
    pub(super) async fn find_code(
        &self,
        of: &CodeId,
        claim: Duration,
    ) -> Result<SharedCode, Error> {
        let mut rows = sqlx::query(
            "select p.bytes, c.size, c.used_at < windlass.now() - $3 as stale
               from compiled c join compiled_pieces p using (digest, code)
              where c.digest = $1 and c.code = $2 order by p.piece",
        )
        .bind(of.digest.as_str())
        .bind(&of.code)
        .bind(HOUR_US)
        .fetch(&self.pool);
        let (mut sealed, mut is_stale) = (Vec::new(), false);
        while let Some(row) = rows.try_next().await.map_err(error)? {
            if sealed.is_empty() {
                let size: i64 = get(&row, "size")?;
                sealed.reserve_exact(usize::try_from(size).unwrap_or(0));
                is_stale = get(&row, "stale")?;
            }
            sealed.extend_from_slice(get(&row, "bytes")?);
        }
        drop(rows);
        if sealed.is_empty() {
            return self.claim_code(of, claim).await;
        }
        if is_stale {
            sqlx::query(
                "update compiled set used_at = windlass.now() where digest = $1 and code = $2",
            )
            .bind(of.digest.as_str())
            .bind(&of.code)
            .execute(&self.pool)
            .await
            .map_err(error)?;
        }
        Ok(SharedCode::Found(sealed))
    }

    async fn claim_code(&self, of: &CodeId, claim: Duration) -> Result<SharedCode, Error> {
        let claimed = sqlx::query(
            "insert into compiled as c (digest, code, claimed_until, used_at)
             values ($1, $2, windlass.now() + $3, windlass.now())
             on conflict (digest, code) do update set claimed_until = excluded.claimed_until
              where c.size is null and c.claimed_until <= windlass.now()",
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
            "insert into compiled (digest, code, size, claimed_until, used_at)
             values ($1, $2, $3, 0, windlass.now())
             on conflict (digest, code) do update set
               size = excluded.size, claimed_until = 0, used_at = excluded.used_at",
        )
        .bind(of.digest.as_str())
        .bind(&of.code)
        .bind(sealed.len() as i64)
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        sqlx::query("delete from compiled_pieces where digest = $1 and code = $2")
            .bind(of.digest.as_str())
            .bind(&of.code)
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        for (piece, bytes) in (0i32..).zip(sealed.chunks(PIECE_BYTES)) {
            sqlx::query(
                "insert into compiled_pieces (digest, code, piece, bytes) values ($1, $2, $3, $4)",
            )
            .bind(of.digest.as_str())
            .bind(&of.code)
            .bind(piece)
            .bind(bytes)
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        }
        // What was not used for longest makes room, also code of compilers that nobody has any more.
        sqlx::query(
            "delete from compiled c using (
               select digest, code, sum(size) over (
                        order by (digest, code) = ($1, $2) desc, used_at desc, digest, code) as total
                 from compiled where size is not null) o
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
        sqlx::query("delete from compiled where digest = $1 and code = $2 and size is null")
            .bind(of.digest.as_str())
            .bind(&of.code)
            .execute(&self.pool)
            .await
            .map_err(error)?;
        Ok(())
    }
}
