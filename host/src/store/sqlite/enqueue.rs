//! Calls become invocations.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sqlx::FromRow;

use super::packed::{Packed, rows};
use super::{Error, Transaction, failed, queues};
use crate::model::{InvocationId, Key, Moment, Namespace, QueueId, QueueName};
use crate::store::{Enqueued, NewCall, Signal};

/// Where calls come from.
pub(super) enum Origin {
    /// From outside, resolved by the catalogue of this revision.
    Caller(i64),
    /// From a workflow, which has so many ancestors.
    Workflow {
        key: Key,
        depth: u32,
        /// Who may lend a slot to what is enqueued here.
        lenders: HashMap<QueueId, Key>,
        /// Which of the calls go on when the workflow is cancelled.
        detached: Vec<bool>,
    },
    /// From the journal of another invocation.
    Fork(Key),
}

impl Origin {
    fn parent(&self) -> Option<Key> {
        match self {
            Self::Workflow { key, .. } => Some(*key),
            Self::Caller(_) | Self::Fork(_) => None,
        }
    }

    fn depth(&self) -> u32 {
        match self {
            Self::Workflow { depth, .. } => depth + 1,
            Self::Caller(_) | Self::Fork(_) => 0,
        }
    }

    fn forked_from(&self) -> Option<Key> {
        match self {
            Self::Fork(of) => Some(*of),
            Self::Caller(_) | Self::Workflow { .. } => None,
        }
    }
}

/// Stores the calls of one request, all or none.
pub(super) async fn enqueue(
    transaction: &mut Transaction,
    calls: &[NewCall],
    origin: &Origin,
    make_queues: bool,
) -> Result<Vec<Enqueued>, Error> {
    let (moved_to, last_key): (i64, i64) = sqlx::query_as(
        "select (select revision from catalogue),
                coalesce((select seq from sqlite_sequence where name = 'invocations'), 0)",
    )
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;
    if matches!(origin, Origin::Caller(revision) if *revision != moved_to) {
        return Err(Error::CatalogueMoved);
    }
    let stored = stored(transaction, calls, origin).await?;
    let queues = find_queues(transaction, calls, make_queues).await?;

    let mut answers: Vec<Enqueued> = Vec::with_capacity(calls.len());
    let mut first: HashMap<(&Namespace, &InvocationId), usize> =
        HashMap::with_capacity(calls.len());
    let mut new = Vec::with_capacity(calls.len());
    let mut kin = Vec::new();
    let mut arguments = Packed::default();
    for (index, call) in calls.iter().enumerate() {
        let taken = || Error::IdTaken {
            index,
            id: call.id.clone(),
        };
        let again = match first.entry((&call.namespace, &call.id)) {
            Entry::Occupied(earlier) => {
                if !same(&calls[*earlier.get()], call) {
                    return Err(taken());
                }
                Some(&answers[*earlier.get()])
            }
            Entry::Vacant(place) => {
                place.insert(index);
                None
            }
        };
        let answer = if let Some(earlier) = again {
            Enqueued {
                existed: true,
                ..earlier.clone()
            }
        } else if let Some(stands) = stored.get(&(&call.namespace, &call.id)) {
            if !stands.same {
                return Err(taken());
            }
            Enqueued {
                key: stands.key,
                id: call.id.clone(),
                enqueued_at: stands.enqueued_at,
                existed: true,
                replaced: false,
            }
        } else {
            let key = last_key + 1 + new.len() as i64;
            let (start, length) = arguments.push(&call.arguments);
            let queue = queues[&(&call.namespace, &call.queue)];
            if let Origin::Workflow {
                lenders, detached, ..
            } = origin
            {
                kin.push((key, lenders.get(&queue), detached[index]));
            }
            new.push((
                key,
                &call.namespace,
                &call.id,
                queue,
                call.function,
                &call.task,
                start,
                length,
                call.priority,
                call.timeout_ms,
                call.workflow,
            ));
            Enqueued {
                key: Key(key),
                id: call.id.clone(),
                enqueued_at: transaction.now,
                existed: false,
                replaced: false,
            }
        };
        answers.push(answer);
    }
    if !new.is_empty() {
        let new = rows(&new);
        insert(transaction, new, arguments, last_key, origin).await?;
        attach(transaction, &kin).await?;
    }
    for queue in queues.values() {
        transaction.signal(Signal::Work(*queue));
    }
    Ok(answers)
}

fn same(a: &NewCall, b: &NewCall) -> bool {
    a.queue == b.queue && a.task == b.task && a.arguments == b.arguments
}

async fn insert(
    transaction: &mut Transaction,
    new: String,
    arguments: Packed,
    last_key: i64,
    origin: &Origin,
) -> Result<(), Error> {
    sqlx::query(include_str!("sql/enqueue.sql"))
        .bind(new)
        .bind(arguments.into_bytes())
        .bind(transaction.now.0)
        .bind(origin.parent().map(|parent| parent.0))
        .bind(origin.depth())
        .bind(origin.forked_from().map(|of| of.0))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    sqlx::query(
        "insert into live (key, queue_id, priority, seq, state, workflow, parent)
         select key, queue_id, priority, key, 'queued', workflow, parent
         from invocations where key > ?1",
    )
    .bind(last_key)
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Tells children who may lend them a slot, and which of them are detached.
async fn attach(
    transaction: &mut Transaction,
    kin: &[(i64, Option<&Key>, bool)],
) -> Result<(), Error> {
    if kin.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update live set lender = kin.lender, detached = kin.detached
         from (select value ->> 0 as key, value ->> 1 as lender, value ->> 2 as detached
               from json_each(?1)) kin
         where live.key = kin.key",
    )
    .bind(rows(&kin))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn find_queues<'c>(
    transaction: &mut Transaction,
    calls: &'c [NewCall],
    make: bool,
) -> Result<HashMap<(&'c Namespace, &'c QueueName), QueueId>, Error> {
    let mut found = HashMap::new();
    for call in calls {
        if let Entry::Vacant(place) = found.entry((&call.namespace, &call.queue)) {
            let id = queues::find_or_make(transaction, &call.namespace, &call.queue, make).await?;
            place.insert(id);
        }
    }
    Ok(found)
}

/// What stands in the store under an id that a caller chose.
struct Stored {
    key: Key,
    enqueued_at: Moment,
    same: bool,
}

/// The ids among these that exist already. Ids of our own are new, so they are not looked for; but
/// those of a workflow's children may have been stored with an answer that was lost.
async fn stored<'c>(
    transaction: &mut Transaction,
    calls: &'c [NewCall],
    origin: &Origin,
) -> Result<HashMap<(&'c Namespace, &'c InvocationId), Stored>, Error> {
    let chosen: Vec<_> = calls
        .iter()
        .enumerate()
        .filter(|(_, call)| call.chosen || origin.parent().is_some())
        .map(|(index, call)| (index, &call.namespace, &call.id))
        .collect();
    if chosen.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<StoredRow> = sqlx::query_as(
        "select asked.value ->> 0 as place, i.key, i.enqueued_at, q.name as queue, i.task,
                i.arguments, i.parent
         from json_each(?1) asked
         cross join invocations i
             on i.namespace = asked.value ->> 1 and i.id = asked.value ->> 2
         cross join queues q on q.id = i.queue_id",
    )
    .bind(rows(&chosen))
    .fetch_all(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(found
        .into_iter()
        .map(|row| {
            let call = &calls[row.place as usize];
            let stored = Stored {
                key: Key(row.key),
                enqueued_at: Moment(row.enqueued_at),
                // What a workflow enqueued is its own, and nobody else's.
                same: origin.parent().is_none_or(|key| row.parent == Some(key.0))
                    && row.queue == call.queue.as_str()
                    && row.task == call.task
                    && row.arguments == call.arguments,
            };
            ((&call.namespace, &call.id), stored)
        })
        .collect())
}

#[derive(FromRow)]
struct StoredRow {
    place: i64,
    key: i64,
    enqueued_at: i64,
    queue: String,
    task: String,
    arguments: Vec<u8>,
    parent: Option<i64>,
}
