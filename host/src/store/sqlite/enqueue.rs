//! Calls become invocations.
//!
//! What their controls come to stands in `terms`. Calls of which there may be but one go through
//! here one by one, since each must see who had the key before it; `onces` says what becomes of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sqlx::FromRow;

use super::onces::{self, Turn};
use super::origin::Origin;
use super::packed::{Packed, rows};
use super::queues::Place;
use super::terms;
use super::{Error, Transaction, failed, queues};
use crate::model::{InvocationId, Key, Moment, Namespace, QueueId, QueueName};
use crate::store::{Enqueued, NewCall, Signal};

/// Stores the calls of one request, all or none.
pub(super) async fn enqueue(
    transaction: &mut Transaction,
    calls: &[NewCall],
    origin: &Origin,
    make_queues: bool,
) -> Result<Vec<Enqueued>, Error> {
    if let Origin::Caller(revision) = origin {
        let moved_to: i64 = sqlx::query_scalar("select revision from catalogue")
            .fetch_one(&mut transaction.connection)
            .await
            .map_err(failed)?;
        if *revision != moved_to {
            return Err(Error::CatalogueMoved);
        }
    }
    if calls.iter().all(|call| call.controls.once.is_none()) {
        return store(transaction, calls, 0, origin, make_queues).await;
    }
    let mut answers = Vec::with_capacity(calls.len());
    for index in 0..calls.len() {
        answers.push(store_one(transaction, calls, index, origin, make_queues).await?);
    }
    Ok(answers)
}

/// Stores one of these calls, if nobody stands in its way.
async fn store_one(
    transaction: &mut Transaction,
    calls: &[NewCall],
    index: usize,
    origin: &Origin,
    make_queues: bool,
) -> Result<Enqueued, Error> {
    let alone = &calls[index..=index];
    let call = &calls[index];
    let keeps = match &call.controls.once {
        // What stands under a chosen id is the answer, whoever has the key.
        Some(once) if stored(transaction, alone, origin).await?.is_empty() => {
            let (namespace, queue) = (&call.namespace, &call.queue);
            let place = queues::find_or_make(transaction, namespace, queue, make_queues).await?;
            let terms = origin.terms(call, place, transaction.now);
            match onces::turn(transaction, index, call, once, place, &terms).await? {
                Turn::Of(answer) => return Ok(answer),
                Turn::Mine(keeps) => Some(keeps),
            }
        }
        _ => None,
    };
    let Some(keeps) = keeps else {
        return Ok(store(transaction, alone, index, origin, make_queues)
            .await?
            .remove(0));
    };
    let mut call = call.clone();
    if let Some(start) = keeps.start {
        call.controls.start = start;
    }
    let call = std::slice::from_ref(&call);
    let answer = store(transaction, call, index, origin, make_queues)
        .await?
        .remove(0);
    onces::keep(transaction, &keeps, answer.key).await?;
    Ok(answer)
}

/// Stores calls without looking whether there may be but one of them; `base` is the place of the
/// first of them in their request.
async fn store(
    transaction: &mut Transaction,
    calls: &[NewCall],
    base: usize,
    origin: &Origin,
    make_queues: bool,
) -> Result<Vec<Enqueued>, Error> {
    let stored = stored(transaction, calls, origin).await?;
    let queues = find_queues(transaction, calls, make_queues).await?;
    let last_key: i64 = sqlx::query_scalar(
        "select coalesce((select seq from sqlite_sequence where name = 'invocations'), 0)",
    )
    .fetch_one(&mut transaction.connection)
    .await
    .map_err(failed)?;

    let mut answers: Vec<Enqueued> = Vec::with_capacity(calls.len());
    let mut first: HashMap<(&Namespace, &InvocationId), usize> =
        HashMap::with_capacity(calls.len());
    let mut new = Vec::with_capacity(calls.len());
    let mut kin = Vec::new();
    let mut tagged = Vec::new();
    let mut came = Came::default();
    let mut arguments = Packed::default();
    for (index, call) in calls.iter().enumerate() {
        let taken = || Error::IdTaken {
            index: base + index,
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
            let place = queues[&(&call.namespace, &call.queue)];
            if let Some(family) = origin.family() {
                let lender = family.lenders.get(&place.queue);
                kin.push((key, lender, family.detached[base + index]));
            }
            if !call.controls.tags.is_empty() {
                tagged.push((Key(key), &call.namespace, &call.controls));
            }
            let terms = origin.terms(call, place, transaction.now);
            came.count(place.queue, terms.start_at);
            new.push((
                key,
                &call.namespace,
                &call.id,
                place.queue,
                call.function,
                &call.task,
                start,
                length,
                call.priority,
                call.timeout_ms,
                call.workflow,
                (!terms.is_empty()).then_some(terms),
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
        let partitioned = queues.values().filter(|place| place.partitioned);
        let partitioned: Vec<_> = partitioned.map(|place| place.queue).collect();
        insert(transaction, new, arguments, origin).await?;
        make_live(transaction, last_key, &partitioned).await?;
        attach(transaction, &kin).await?;
        terms::tag(transaction, &tagged).await?;
        came.tell(transaction).await?;
    }
    Ok(answers)
}

/// What came into each queue.
#[derive(Default)]
struct Came {
    /// How many of them are scheduled, and how many are not.
    queues: HashMap<QueueId, (i64, i64)>,
    /// When the first of them is due.
    due: Option<Moment>,
}

impl Came {
    fn count(&mut self, queue: QueueId, start_at: Option<Moment>) {
        let (scheduled, live) = self.queues.entry(queue).or_default();
        match start_at {
            Some(at) => {
                *scheduled += 1;
                self.due = Some(self.due.map_or(at, |due| due.min(at)));
            }
            None => *live += 1,
        }
    }

    async fn tell(self, transaction: &mut Transaction) -> Result<(), Error> {
        if let Some(due) = self.due {
            transaction.signal(Signal::Due(due));
        }
        let mut arrived = Vec::with_capacity(self.queues.len());
        for (queue, (scheduled, live)) in self.queues {
            if live > 0 {
                transaction.signal(Signal::Work(queue));
            }
            arrived.push((queue, scheduled, live));
        }
        queues::arrive(transaction, &arrived).await
    }
}

fn same(a: &NewCall, b: &NewCall) -> bool {
    a.queue == b.queue && a.task == b.task && a.arguments == b.arguments
}

async fn insert(
    transaction: &mut Transaction,
    new: String,
    arguments: Packed,
    origin: &Origin,
) -> Result<(), Error> {
    let family = origin.family();
    sqlx::query(include_str!("sql/enqueue.sql"))
        .bind(new)
        .bind(arguments.into_bytes())
        .bind(transaction.now.0)
        .bind(family.map(|family| family.key.0))
        .bind(family.map_or(0, |family| family.depth + 1))
        .bind(origin.forked_from().map(|of| of.0))
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Makes the hot rows of what was stored after this key; those queues have partitions.
async fn make_live(
    transaction: &mut Transaction,
    last_key: i64,
    partitioned: &[QueueId],
) -> Result<(), Error> {
    sqlx::query(
        "insert into live
             (key, queue_id, priority, seq, state, workflow, parent, partition, due, deadline)
         select key, queue_id, priority, key, iif(start_at is null, 'queued', 'scheduled'),
                workflow, parent,
                iif(queue_id in (select value from json_each(?2)), coalesce(partition, ''), null),
                start_at, deadline
         from invocations where key > ?1",
    )
    .bind(last_key)
    .bind(rows(&partitioned))
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
) -> Result<HashMap<(&'c Namespace, &'c QueueName), Place>, Error> {
    let mut found = HashMap::new();
    for call in calls {
        if let Entry::Vacant(entry) = found.entry((&call.namespace, &call.queue)) {
            let (namespace, queue) = (&call.namespace, &call.queue);
            entry.insert(queues::find_or_make(transaction, namespace, queue, make).await?);
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
        .filter(|(_, call)| call.chosen || origin.family().is_some())
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
                same: (origin.family()).is_none_or(|family| row.parent == Some(family.key.0))
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
