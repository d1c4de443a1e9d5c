//! Compiled code that hosts share.

use std::time::Duration;

use bytes::Bytes;
use sqlx::SqlitePool;

use super::{Error, Transaction, failed};
use crate::store::{CodeId, SharedCode};

/// When code was last used is kept to the hour, so that fetching it seldom writes.
const HOUR_US: i64 = 3_600_000_000;

pub(super) async fn find(readers: &SqlitePool, of: &CodeId) -> Result<Option<Vec<u8>>, Error> {
    sqlx::query_scalar(
        "select sealed from compiled
         where digest = ?1 and code = ?2 and sealed is not null",
    )
    .bind(of.digest.as_str())
    .bind(&of.code)
    .fetch_optional(readers)
    .await
    .map_err(failed)
}

/// Notes that the code, which is another's by now, is used, if that was long ago.
pub(super) async fn touch(transaction: &mut Transaction, of: &CodeId) -> Result<SharedCode, Error> {
    sqlx::query(
        "update compiled set used_at = ?3 where digest = ?1 and code = ?2 and used_at < ?3 - ?4",
    )
    .bind(of.digest.as_str())
    .bind(&of.code)
    .bind(transaction.now.0)
    .bind(HOUR_US)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(SharedCode::Theirs)
}

pub(super) async fn claim(
    transaction: &mut Transaction,
    of: &CodeId,
    claim: Duration,
) -> Result<SharedCode, Error> {
    let until = i64::try_from(claim.as_micros()).unwrap_or(i64::MAX / 2);
    let claimed = sqlx::query(
        "insert into compiled (digest, code, claimed_until, used_at) values (?1, ?2, ?3 + ?4, ?3)
         on conflict (digest, code) do update set claimed_until = excluded.claimed_until
         where sealed is null and claimed_until <= ?3",
    )
    .bind(of.digest.as_str())
    .bind(&of.code)
    .bind(transaction.now.0)
    .bind(until)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(match claimed.rows_affected() {
        0 => SharedCode::Theirs,
        _ => SharedCode::Ours,
    })
}

pub(super) async fn keep(
    transaction: &mut Transaction,
    of: &CodeId,
    sealed: &Bytes,
    total_max: u64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into compiled (digest, code, sealed, size, claimed_until, used_at)
         values (?1, ?2, ?3, ?4, 0, ?5)
         on conflict (digest, code) do update set
             sealed = excluded.sealed, size = excluded.size, claimed_until = 0,
             used_at = excluded.used_at",
    )
    .bind(of.digest.as_str())
    .bind(&of.code)
    .bind(sealed.to_vec())
    .bind(sealed.len() as i64)
    .bind(transaction.now.0)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    // What was not used for longest makes room, also code of compilers that nobody has any more.
    sqlx::query(
        "delete from compiled where (digest, code) in (
             select digest, code from (
                 select digest, code, sum(size) over (
                     order by (digest, code) = (?1, ?2) desc, used_at desc, digest, code) as total
                 from compiled where sealed is not null)
             where total > ?3 and (digest, code) <> (?1, ?2))",
    )
    .bind(of.digest.as_str())
    .bind(&of.code)
    .bind(i64::try_from(total_max).unwrap_or(i64::MAX))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn drop_claim(transaction: &mut Transaction, of: &CodeId) -> Result<(), Error> {
    sqlx::query("delete from compiled where digest = ?1 and code = ?2 and sealed is null")
        .bind(of.digest.as_str())
        .bind(&of.code)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}
