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

/// What a page is driven by: an index of `columns` and then the key.
struct Driver {
    /// Rows that lead the index, as `s`; each is walked by itself.
    of_each: Option<&'static str>,
    /// The table, as `d`.
    table: &'static str,
    /// What stands before the key in the index, and what it must be.
    columns: &'static [(&'static str, &'static str)],
    /// So that the index, which has not every row, is known to have these.
    partial: &'static str,
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
        let on = |of_each, table, columns, partial| Self {
            of_each,
            table,
            columns,
            partial,
        };
        if !filter.tags.is_empty() {
            let columns = &[
                ("d.namespace", "$1"),
                ("d.name", "$9[1]"),
                ("d.value", "$10[1]"),
            ];
            return on(None, "tags", columns, "true");
        }
        if filter.parent.is_some() {
            let columns = &[("d.parent", "$14")];
            return on(None, "invocations", columns, "d.parent is not null");
        }
        if filter.kind.is_some() {
            let columns = &[("d.queue_id", "s.id"), ("d.kind", "$8")];
            return on(Some(QUEUES), "outcomes", columns, "d.kind is not null");
        }
        if filter.dead {
            let columns = &[("d.queue_id", "s.id"), ("d.state", "'failed'")];
            return on(Some(QUEUES), "outcomes", columns, "true");
        }
        if filter.partition.is_some() {
            let columns = &[("d.partition", "$11")];
            return on(None, "invocations", columns, "d.partition is not null");
        }
        match filter.state {
            // Most of what lives is queued: no index has these alone.
            Some(State::Queued) => {
                let partial = match filter.queue {
                    None => "d.state = 'queued'",
                    Some(_) => {
                        "d.state = 'queued' and d.queue_id =
                           (select q.id from queues q where q.namespace = $1 and q.name = $4)"
                    }
                };
                return on(None, "live", &[], partial);
            }
            Some(state) => {
                let columns = &[("d.queue_id", "s.id"), ("d.state", "$5")];
                return match state.is_final() {
                    true => on(Some(QUEUES), "outcomes", columns, "true"),
                    false => on(Some(QUEUES), "live", columns, "d.state <> 'queued'"),
                };
            }
            None => {}
        }
        if filter.task.as_deref().and_then(Written::of).is_some() {
            let columns = &[("d.function_id", "s.id")];
            return on(Some(FUNCTIONS_OF_TASK), "invocations", columns, "true");
        }
        if filter.component.is_some() {
            let columns = &[("d.function_id", "s.id")];
            return on(Some(FUNCTIONS_OF_COMPONENT), "invocations", columns, "true");
        }
        if filter.queue.is_some() {
            let columns = &[("d.queue_id", "s.id")];
            return on(Some(QUEUES), "invocations", columns, "true");
        }
        on(None, "invocations", &[], "true")
    }

    /// The condition of the walk, and its order. The last column and the key are compared as a row, and
    /// not one by one, so that no other index gives this order: the server's statistics know nothing of
    /// one queue or task among many, and walking all keys for it would be the end of a page's speed.
    fn walk(&self, filter: &Filter) -> (String, String) {
        let from = match filter.since {
            Some(_) => format!("(select windlass.key_at($12 - {SLACK}))"),
            None => "0".to_owned(),
        };
        let to = match filter.until {
            Some(_) => format!("least($2, (select windlass.key_at($13 + {SLACK})))"),
            None => "$2".to_owned(),
        };
        let Some(((column, value), first)) = self.columns.split_last() else {
            let condition = format!("{} and d.key >= {from} and d.key < {to}", self.partial);
            return (condition, "d.key desc".to_owned());
        };
        let mut condition = self.partial.to_owned();
        for (column, value) in first {
            condition.push_str(&format!(" and {column} = {value}"));
        }
        condition.push_str(&format!(
            " and row({column}, d.key) >= row({value}, {from}) and row({column}, d.key) < row({value}, {to})"
        ));
        (condition, format!("{column} desc, d.key desc"))
    }
}

/// The query for the keys of a page.
fn keys(filter: &Filter) -> String {
    let driver = Driver::of(filter);
    let (table, each) = (driver.table, driver.of_each);
    let ended = table == "outcomes";
    // What is looked up is looked up row by row: as a subquery with one value, and never as a join.
    let (walk, order) = driver.walk(filter);
    let mut conditions = vec![walk];
    let mut also = |said: bool, condition: &str| {
        if said {
            conditions.push(condition.to_owned());
        }
    };
    also(
        filter.tags.len() > 1,
        "not exists (select 1 from unnest($9, $10) u(name, value) where not exists (
           select 1 from tags t where t.namespace = $1 and t.name = u.name and t.value = u.value and t.key = d.key))",
    );
    also(
        filter.kind.is_some() && !ended,
        "(select o.kind from outcomes o where o.key = d.key) = $8",
    );
    also(
        filter.dead,
        "not exists (select 1 from invocations r where r.retry_of = d.key)",
    );
    also(filter.dead && ended, "d.state = 'failed'");
    also(
        filter.dead && !ended,
        "(select o.state from outcomes o where o.key = d.key) = 'failed'",
    );
    let state = |state: State| match (state.is_final(), table) {
        (true, "outcomes") | (false, "live") => "d.state = $5",
        (true, _) => "(select o.state from outcomes o where o.key = d.key) = $5",
        (false, _) => "(select l.state from live l where l.key = d.key) = $5",
    };
    if let Some(wanted) = filter.state {
        also(true, state(wanted));
    }

    // These need the row of the invocation itself, which a driver by queue, function or tag knows to be
    // of this namespace.
    let known = each.is_some() || table == "tags";
    let by_queue = each == Some(QUEUES);
    let of_row = [
        (!known, "i.namespace = $1"),
        (
            filter.queue.is_some() && !by_queue,
            "i.queue_id = (select q.id from queues q where q.namespace = $1 and q.name = $4)",
        ),
        (filter.task.is_some(), "i.task = $6"),
        (
            filter.component.is_some() && each != Some(FUNCTIONS_OF_COMPONENT),
            "(select f.component from functions f where f.id = i.function_id) = $7",
        ),
        (filter.partition.is_some(), "i.partition = $11"),
        (filter.parent.is_some(), "i.parent = $14"),
        (filter.since.is_some(), "i.enqueued_at >= $12"),
        (filter.until.is_some(), "i.enqueued_at < $13"),
    ];
    let of_row: Vec<&str> = of_row
        .into_iter()
        .filter_map(|(said, condition)| said.then_some(condition))
        .collect();
    let row = match (of_row.is_empty(), table) {
        (true, _) => "",
        (false, "invocations") => "cross join lateral (select d.*) i",
        (false, _) => {
            "cross join lateral (select * from invocations i where i.key = d.key limit 1) i"
        }
    };
    conditions.extend(of_row.into_iter().map(str::to_owned));
    let conditions = conditions.join(" and ");
    let page =
        format!("select d.key from {table} d {row} where {conditions} order by {order} limit $3");
    match each {
        None => page,
        Some(each) => format!(
            "select x.key from ({each}) s cross join lateral ({page}) x order by x.key desc limit $3"
        ),
    }
}
