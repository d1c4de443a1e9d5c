//! What goes to workflows and comes from them: messages, and published values.

use bytes::Bytes;
use sqlx::{FromRow, SqlitePool};

use super::{Error, Transaction, failed, unreadable, waits};
use crate::model::{InvocationId, Key, Moment, Namespace};
use crate::store::{Message, Published, Sent, Signal};

#[derive(FromRow)]
struct Receiver {
    key: i64,
    workflow: bool,
    /// Its final state, if it has ended.
    ended: Option<String>,
}

pub(super) async fn send(
    transaction: &mut Transaction,
    namespace: &Namespace,
    id: &InvocationId,
    name: &str,
    value: &Bytes,
    full: u32,
) -> Result<Sent, Error> {
    let found: Option<Receiver> = sqlx::query_as(
        "select i.key, i.workflow, o.state as ended
         from invocations i left join outcomes o on o.key = i.key
         where i.namespace = ?1 and i.id = ?2",
    )
    .bind(namespace.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    let Some(receiver) = found else {
        return Ok(Sent::Unknown);
    };
    if !receiver.workflow {
        return Ok(Sent::NoWorkflow);
    }
    if let Some(state) = receiver.ended {
        return Ok(Sent::Ended(state.parse().map_err(unreadable)?));
    }
    let count: u32 = sqlx::query_scalar("select count(*) from messages where key = ?1")
        .bind(receiver.key)
        .fetch_one(&mut transaction.connection)
        .await
        .map_err(failed)?;
    if count >= full {
        return Ok(Sent::Full(count));
    }
    sqlx::query("insert into messages (key, name, value, sent_at) values (?1, ?2, ?3, ?4)")
        .bind(receiver.key)
        .bind(name)
        .bind(&value[..])
        .bind(transaction.now.0)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    let key = Key(receiver.key);
    waits::hear(transaction, key, name).await?;
    transaction.signal(Signal::Told(key));
    Ok(Sent::Stored)
}

pub(super) async fn list(readers: &SqlitePool, key: Key) -> Result<Vec<Message>, Error> {
    let found: Vec<(i64, String, Vec<u8>, i64)> = sqlx::query_as(
        "select number, name, value, sent_at from messages where key = ?1 order by number",
    )
    .bind(key.0)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(number, name, value, sent_at)| Message {
            number,
            name,
            value: value.into(),
            sent_at: Moment(sent_at),
        })
        .collect())
}

pub(super) async fn published(
    readers: &SqlitePool,
    key: Key,
    after: i64,
) -> Result<Vec<Published>, Error> {
    let found: Vec<(String, Vec<u8>, i64, i64)> = sqlx::query_as(
        "select name, value, revision, published_at
         from published where key = ?1 and revision > ?2 order by name",
    )
    .bind(key.0)
    .bind(after)
    .fetch_all(readers)
    .await
    .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|(name, value, revision, published_at)| Published {
            name,
            value: value.into(),
            revision,
            published_at: Moment(published_at),
        })
        .collect())
}
