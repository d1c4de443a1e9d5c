//! Lists: pages of invocations that a filter lets through, newest first.
//!
//! The most telling condition drives: an index is walked from the newest key down, of each queue or
//! function by itself where the index leads with it, and the other conditions are looked up row by row
//! until the page is full. So a page costs as much as it shows, however many rows there are.

use sqlx::AssertSqlSafe;

use super::connection::error;
use super::handles::{invocation, shown};
use super::*;
use crate::model::{FailureKind, Moment, State};

/// Every condition has an index; a scan or a sort of everything is never the way, whatever statistics
/// say of tables that have just grown.
const BY_INDEX: &str = "set transaction read only; set local enable_seqscan = off;
     set local enable_bitmapscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off";

/// By how much times may run ahead of keys: longer than a transaction that enqueues, in microseconds.
const SLACK: i64 = 60_000_000;

impl Postgres {
    pub(super) async fn list_invocations(
        &self,
        namespace: &Namespace,
        filter: &Filter,
    ) -> Result<Vec<Invocation>, Error> {
        let tags: Vec<(&String, &String)> = filter.tags.iter().collect();
        let task = filter.task.as_deref().and_then(Written::of);
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::raw_sql(BY_INDEX)
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        let rows = sqlx::query(AssertSqlSafe(shown(&keys(filter), filter.whole)))
            // Planned for these very values: which index is best depends on what is said.
            .persistent(false)
            .bind(namespace.as_str())
            .bind(filter.before.map_or(i64::MAX, |key| key.0))
            .bind(i64::from(filter.limit))
            .bind(filter.queue.as_ref().map(QueueName::as_str))
            .bind(filter.state.map(State::as_str))
            .bind(filter.task.as_deref())
            .bind(filter.component.as_ref().map(ComponentName::as_str))
            .bind(filter.kind.map(FailureKind::as_str))
            .bind(tags.iter().map(|tag| tag.0.as_str()).collect::<Vec<_>>())
            .bind(tags.iter().map(|tag| tag.1.as_str()).collect::<Vec<_>>())
            .bind(filter.partition.as_deref())
            .bind(filter.since.map(|at: Moment| at.0))
            .bind(filter.until.map(|at: Moment| at.0))
            .bind(filter.parent.map(|key| key.0))
            .bind(task.map(|task| task.component))
            .bind(task.map(|task| task.function))
            .fetch_all(&mut *transaction)
            .await
            .map_err(error)?;
        rows.iter().map(invocation).collect()
    }
}

/// A task as people write it, in its parts.
#[derive(Clone, Copy)]
struct Written<'t> {
    component: &'t str,
    function: &'t str,
}

impl<'t> Written<'t> {
    fn of(task: &'t str) -> Option<Self> {
        let (component, function) = task.split_once('/')?;
        let component = component.split('@').next()?;
        let function = function.rsplit('#').next()?;
        Some(Self {
            component,
            function,
        })
    }
}

/// What a page is driven by.
struct Driver {
    /// Rows that lead the index, as `s`; each is walked by itself.
    of_each: Option<&'static str>,
    /// The table, as `d`, and its part of the condition.
    table: &'static str,
    condition: String,
}

const QUEUES: &str =
    "select q.id from queues q where q.namespace = $1 and ($4::text is null or q.name = $4)";

/// Of a component those functions that are called so; all of it if none is.
const FUNCTIONS_OF_TASK: &str =
    "select f.id from functions f where f.namespace = $1 and f.component = $15
     and (f.name = $16 or not exists (
       select 1 from functions g where g.namespace = $1 and g.component = $15 and g.name = $16))";

const FUNCTIONS_OF_COMPONENT: &str =
    "select f.id from functions f where f.namespace = $1 and f.component = $7";

impl Driver {
    fn of(filter: &Filter) -> Self {
        let (of_each, table, condition) = if !filter.tags.is_empty() {
            let first = "d.namespace = $1 and d.name = $9[1] and d.value = $10[1]";
            (None, "tags", first.to_owned())
        } else if filter.parent.is_some() {
            (None, "invocations", "d.parent = $14".to_owned())
        } else if filter.kind.is_some() {
            let condition = "d.queue_id = s.id and d.kind = $8";
            (Some(QUEUES), "outcomes", condition.to_owned())
        } else if filter.dead {
            let condition = "d.queue_id = s.id and d.state = 'failed'";
            (Some(QUEUES), "outcomes", condition.to_owned())
        } else if filter.partition.is_some() {
            (None, "invocations", "d.partition = $11".to_owned())
        } else if filter.state == Some(State::Queued) {
            let condition = match filter.queue {
                Some(_) => {
                    "d.state = 'queued' and d.queue_id =
                       (select q.id from queues q where q.namespace = $1 and q.name = $4)"
                }
                None => "d.state = 'queued'",
            };
            (None, "live", condition.to_owned())
        } else if let Some(state) = filter.state {
            let table = match state.is_final() {
                true => "outcomes",
                false => "live",
            };
            let condition = format!("d.queue_id = s.id and d.state = '{}'", state.as_str());
            (Some(QUEUES), table, condition)
        } else if filter.task.as_deref().and_then(Written::of).is_some() {
            let condition = "d.function_id = s.id".to_owned();
            (Some(FUNCTIONS_OF_TASK), "invocations", condition)
        } else if filter.component.is_some() {
            let condition = "d.function_id = s.id".to_owned();
            (Some(FUNCTIONS_OF_COMPONENT), "invocations", condition)
        } else if filter.queue.is_some() {
            let condition = "d.queue_id = s.id".to_owned();
            (Some(QUEUES), "invocations", condition)
        } else {
            (None, "invocations", "d.namespace = $1".to_owned())
        };
        Self {
            of_each,
            table,
            condition,
        }
    }
}

/// The query for the keys of a page.
fn keys(filter: &Filter) -> String {
    let driver = Driver::of(filter);
    let mut conditions = vec![driver.condition, "d.key < $2".to_owned()];
    if filter.since.is_some() {
        conditions.push(format!(
            "d.key >= (select windlass.key_at($12 - {SLACK})) and i.enqueued_at >= $12"
        ));
    }
    if filter.until.is_some() {
        conditions.push(format!(
            "d.key < (select windlass.key_at($13 + {SLACK})) and i.enqueued_at < $13"
        ));
    }
    let mut also = |said: bool, condition: &str| {
        if said {
            conditions.push(condition.to_owned());
        }
    };
    also(true, "i.namespace = $1");
    also(
        filter.queue.is_some(),
        "i.queue_id = (select q.id from queues q where q.namespace = $1 and q.name = $4)",
    );
    also(filter.task.is_some(), "i.task = $6");
    also(
        filter.component.is_some(),
        "exists (select 1 from functions f where f.id = i.function_id and f.component = $7)",
    );
    also(filter.partition.is_some(), "i.partition = $11");
    also(filter.parent.is_some(), "i.parent = $14");
    also(
        filter.tags.len() > 1,
        "not exists (select 1 from unnest($9, $10) u(name, value) where not exists (
           select 1 from tags t where t.namespace = $1 and t.name = u.name and t.value = u.value and t.key = d.key))",
    );
    also(
        filter.kind.is_some() && driver.table != "outcomes",
        "exists (select 1 from outcomes o where o.key = d.key and o.kind = $8)",
    );
    also(
        filter.dead,
        "exists (select 1 from outcomes o where o.key = d.key and o.state = 'failed')
         and not exists (select 1 from invocations r where r.retry_of = d.key)",
    );
    also(
        filter.state.is_some_and(State::is_final),
        "exists (select 1 from outcomes o where o.key = d.key and o.state = $5)",
    );
    also(
        filter.state.is_some_and(|state| !state.is_final()),
        "exists (select 1 from live l where l.key = d.key and l.state = $5)",
    );

    let table = driver.table;
    let own = match table {
        "invocations" => "select d.*",
        _ => "select * from invocations i where i.key = d.key limit 1",
    };
    let conditions = conditions.join(" and ");
    let page = format!(
        "select d.key from {table} d cross join lateral ({own}) i
          where {conditions} order by d.key desc limit $3"
    );
    match driver.of_each {
        None => page,
        Some(each) => format!(
            "select x.key from ({each}) s cross join lateral ({page}) x order by x.key desc limit $3"
        ),
    }
}
