//! What a call says beyond its queue, task and arguments, as the functions of the schema read it; and
//! one call stored within a transaction of the caller's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sqlx::postgres::PgConnection;

use super::connection::error;
use super::notify::Outbox;
use super::read::{get, without_nul};
use super::*;
use crate::model::Moment;
use crate::model::controls::{Controls, OnConflict, Once, Start};

/// These controls as JSON, in the store's units; none where nothing is said.
pub fn said(controls: &Controls) -> Option<String> {
    if *controls == Controls::default() {
        return None;
    }
    let mut said = serde_json::Map::new();
    match controls.start {
        Start::Now => {}
        Start::After(ms) => drop(said.insert("after".to_owned(), json!(micros(ms)))),
        Start::At(at) => drop(said.insert("at".to_owned(), json!(at.0))),
    }
    if let Some(partition) = &controls.partition {
        said.insert("partition".to_owned(), json!(without_nul(partition)));
    }
    if let Some(ms) = controls.deadline_ms {
        said.insert("deadline".to_owned(), json!(micros(ms)));
    }
    if let Some(retries) = &controls.retries {
        let retries = serde_json::to_string(retries).expect("retries are JSON");
        said.insert("retries".to_owned(), json!(retries));
    }
    if !controls.tags.is_empty() {
        let tags: BTreeMap<_, _> = controls
            .tags
            .iter()
            .map(|(name, value)| (without_nul(name), without_nul(value)))
            .collect();
        said.insert("tags".to_owned(), json!(tags));
    }
    if let Some(key) = controls.retry_of {
        said.insert("retry_of".to_owned(), json!(key.0));
    }
    if let Some(once) = &controls.once {
        let once = match once {
            Once::Dedup(dedup) => json!({
                "kind": "dedup",
                "name": without_nul(&dedup.key),
                "conflict": match dedup.on_conflict {
                    OnConflict::Reject => "reject",
                    OnConflict::Return => "return",
                    OnConflict::Replace => "replace",
                },
                "period": dedup.period_ms.map(micros),
            }),
            Once::Debounce(debounce) => json!({
                "kind": "debounce",
                "name": without_nul(&debounce.key),
                "period": micros(debounce.period_ms),
                "deadline": debounce.deadline_ms.map(micros),
            }),
        };
        said.insert("once".to_owned(), once);
    }
    Some(serde_json::Value::from(said).to_string())
}

/// Stores one call, whatever it says, within the transaction that is open on this connection. The
/// caller tells of it by [`tell`] after the commit. An error leaves the transaction to be rolled
/// back, except [`Error::IdTaken`] and [`Error::Duplicate`], which have stored nothing.
pub async fn store_one(
    connection: &mut PgConnection,
    call: &NewCall,
    queue: QueueId,
    revision: Option<i64>,
    writer: i64,
) -> Result<Stored, Error> {
    let row = sqlx::query(
        "select s.* from windlass.store_call($1, $2, row($3::text, $4::text, $5::boolean, $6::bigint,
           $7::bigint, $8::text, $9::bytea, $10::int, $11::bigint, $12::boolean, $13::text::jsonb)::windlass.call) s",
    )
    .bind(revision)
    .bind(writer)
    .bind(call.namespace.as_str())
    .bind(call.id.as_str())
    .bind(call.chosen)
    .bind(queue.0)
    .bind(call.function.0)
    .bind(call.task.as_str())
    .bind(call.arguments.as_ref())
    .bind(call.priority)
    .bind(call.timeout_ms.map(|ms| ms as i64))
    .bind(call.workflow)
    .bind(said(&call.controls))
    .fetch_one(connection)
    .await;
    let row = match row {
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some("WL002") => {
            return Err(Error::Unreachable(refused.to_string()));
        }
        row => row.map_err(error)?,
    };
    let verdict: &str = get(&row, "verdict")?;
    let id = InvocationId::from_store(get(&row, "id")?);
    match verdict {
        "taken" => Err(Error::IdTaken { index: 0, id }),
        "duplicate" => Err(duplicate(0, call, id)),
        verdict => Ok(Stored {
            call: Enqueued {
                key: Key(get(&row, "key")?),
                id,
                enqueued_at: Moment(get(&row, "enqueued_at")?),
                existed: verdict == "existed",
                replaced: verdict == "replaced",
            },
            due: get::<Option<i64>>(&row, "due")?.map(Moment),
        }),
    }
}

/// A call that stands in the store.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The call.
    pub call: Enqueued,
    /// When it is due, if it is scheduled.
    pub due: Option<Moment>,
}

/// The news of calls and their queues, after the commit.
pub fn tell<'s>(stored: impl IntoIterator<Item = (QueueId, &'s Stored)>, outbox: &Outbox) {
    let mut work = BTreeSet::new();
    let mut due: Option<Moment> = None;
    for (queue, stored) in stored {
        match stored.due {
            _ if stored.call.existed => {}
            Some(at) => due = due.min(Some(at)).or(Some(at)),
            None => drop(work.insert(queue)),
        }
    }
    for queue in work {
        outbox.tell(Signal::Work(queue));
    }
    if let Some(at) = due {
        outbox.tell(Signal::Due(at));
    }
}

/// When a call that was stored at this moment may start, if it has to wait.
pub fn due(call: &NewCall, enqueued_at: Moment) -> Option<Moment> {
    let at = match call.controls.start {
        Start::Now => return None,
        Start::After(ms) => enqueued_at.0.saturating_add(micros(ms)),
        Start::At(at) => at.0,
    };
    (at > enqueued_at.0).then_some(Moment(at))
}

fn micros(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// Another invocation, of this id, has the deduplication key of this call.
pub fn duplicate(index: usize, call: &NewCall, id: InvocationId) -> Error {
    let key = match &call.controls.once {
        Some(Once::Dedup(dedup)) => dedup.key.clone(),
        Some(Once::Debounce(debounce)) => debounce.key.clone(),
        None => String::new(),
    };
    Error::Duplicate { index, key, id }
}

/// A number for who counts arrivals in rows of its own.
pub fn writer_number() -> i64 {
    // Host numbers are small: no host has this one.
    (uuid::Uuid::now_v7().as_u128() as i64 & i64::MAX) | 1 << 62
}
