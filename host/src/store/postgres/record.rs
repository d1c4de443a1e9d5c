//! The statement by which steps are recorded: lists of records into arrays of columns.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::{PgConnection, PgRow};

use super::controls::said;
use super::steps::Request;
use super::*;

/// Sends these steps; `children` says for each child that is sent its step and its index there.
pub async fn call(
    connection: &mut PgConnection,
    host: HostNumber,
    writer: i64,
    careful: bool,
    requests: &[&Request],
    children: &[(usize, usize)],
) -> Result<Vec<PgRow>, sqlx::Error> {
    macro_rules! steps {
        (|$item:ident| $value:expr) => {
            requests
                .iter()
                .map(|request| &request.steps)
                .map(|$item| $value)
                .collect::<Vec<_>>()
        };
    }
    macro_rules! each {
        ($list:ident, |$step:pat_param, $item:pat_param| $value:expr) => {
            requests
                .iter()
                .enumerate()
                .flat_map(|(step, request)| {
                    let items = request.steps.$list.iter();
                    items.map(move |item| (step as i32 + 1, item))
                })
                .map(|($step, $item)| $value)
                .collect::<Vec<_>>()
        };
    }
    macro_rules! children {
        (|$child:ident| $value:expr) => {
            children
                .iter()
                .map(|(step, index)| &requests[*step].steps.children[*index])
                .map(|$child| $value)
                .collect::<Vec<_>>()
        };
    }
    let mut families: HashMap<(usize, QueueId), i32> = HashMap::new();
    let mut family_steps: Vec<i32> = Vec::new();
    let mut family_queues: Vec<i64> = Vec::new();
    let mut family: Vec<i32> = Vec::with_capacity(children.len());
    for (step, index) in children {
        let queue = requests[*step].queues[*index];
        family.push(*families.entry((*step, queue)).or_insert_with(|| {
            family_steps.push(*step as i32 + 1);
            family_queues.push(queue.0);
            family_steps.len() as i32
        }));
    }
    // Of one name the last one stands.
    let mut published: Vec<(i32, &Publication)> = each!(published, |step, one| (step, one));
    let mut seen = HashSet::new();
    published.reverse();
    published.retain(|(step, one)| seen.insert((*step, one.name.as_str())));
    published.reverse();
    sqlx::query(
        "select * from windlass.record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
           $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)",
    )
    .bind(host.0)
    .bind(writer)
    .bind(careful)
    .bind(steps!(|s| s.hold.key.0))
    .bind(steps!(|s| s.hold.fence.0))
    .bind(steps!(|s| s.first as i32))
    .bind(steps!(|s| s.count as i32))
    .bind(steps!(|s| s.body.as_ref()))
    .bind(steps!(|s| s.restart.as_deref()))
    .bind(family_steps)
    .bind(family_queues)
    .bind(family)
    .bind(children!(|c| c.call.namespace.as_str()))
    .bind(children!(|c| c.call.id.as_str()))
    .bind(children!(|c| c.call.chosen))
    .bind(children!(|c| c.call.function.0))
    .bind(children!(|c| c.call.task.as_str()))
    .bind(children!(|c| c.call.arguments.as_ref()))
    .bind(children!(|c| c.call.priority))
    .bind(children!(|c| c.call.timeout_ms.map(|ms| ms as i64)))
    .bind(children!(|c| c.call.workflow))
    .bind(children!(|c| c.detached))
    .bind(children!(|c| said(&c.call.controls)))
    .bind(each!(cancels, |step, _| step))
    .bind(each!(cancels, |_, key| key.0))
    .bind(published.iter().map(|(step, _)| *step).collect::<Vec<_>>())
    .bind(published.iter().map(|(_, one)| one.name.as_str()).collect::<Vec<_>>())
    .bind(published.iter().map(|(_, one)| one.value.as_ref()).collect::<Vec<_>>())
    .bind(each!(taken, |step, _| step))
    .bind(each!(taken, |_, number| *number))
    .fetch_all(connection)
    .await
}
