//! Lists of invocations, newest first.
//!
//! A page is found by the most selective condition that is said, which has an index by key, and the
//! other conditions filter what that finds. Ends and tasks have their index by queue and by task: the
//! newest of each are merged.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use super::handles::Row;
use super::{Error, failed};
use crate::model::{Key, Moment, Namespace, State};
use crate::store::{Filter, Invocation};

/// By how much keys and moments may disagree: clocks are set, and commits overtake each other.
const SLACK_US: i64 = 60_000_000;

/// The condition that finds.
enum Driver<'f> {
    Tag(&'f str, &'f str),
    Parent(Key),
    /// Ends of one kind, of these queues.
    Kind(&'static str, Vec<i64>),
    /// Ends of one state, of these queues.
    End(State, Vec<i64>),
    /// These tasks.
    Functions(Vec<i64>),
    Partition(&'f str),
    /// What has not ended and waits or is scheduled, of these queues.
    Idle(State, Vec<i64>),
    /// What executes: no more than hosts can hold.
    Running,
    /// Most of what lives: no index has these alone.
    Queued,
    Queue,
    All,
}

pub(super) async fn page(
    readers: &SqlitePool,
    namespace: &Namespace,
    filter: &Filter,
) -> Result<Vec<Invocation>, Error> {
    // One snapshot for all that is asked.
    let mut reader = readers.begin().await.map_err(failed)?;
    let queue = match &filter.queue {
        None => None,
        Some(name) => {
            let found: Option<i64> =
                sqlx::query_scalar("select id from queues where namespace = ?1 and name = ?2")
                    .bind(namespace.as_str())
                    .bind(name.as_str())
                    .fetch_optional(&mut *reader)
                    .await
                    .map_err(failed)?;
            match found {
                Some(id) => Some(id),
                None => return Ok(Vec::new()),
            }
        }
    };
    let from = match filter.since {
        Some(since) => first_key(&mut reader, since.moved(-SLACK_US)).await?,
        None => 0,
    };
    let mut below = filter.before.map_or(i64::MAX, |key| key.0);
    if let Some(until) = filter.until {
        below = below.min(first_key(&mut reader, until.moved(SLACK_US)).await?);
    }
    let search = Search {
        namespace,
        filter,
        queue,
        from,
        below,
    };
    let driver = search.driver(&mut reader).await?;
    let mut query = QueryBuilder::new("select\n");
    query.push(include_str!("sql/invocation_columns.sql"));
    query.push(match filter.whole {
        true => ", i.arguments, o.body from (",
        false => ", null as arguments, iif(o.state <> 'succeeded', o.body, null) as body from (",
    });
    search.push_keys(&mut query, &driver);
    query
        .push(") page cross join invocations i on i.key = page.key\n")
        .push(include_str!("sql/invocation_rows.sql"))
        .push(" order by page.key desc limit ")
        .push_bind(filter.limit);
    let found: Vec<Row> = query
        .build_query_as()
        .fetch_all(&mut *reader)
        .await
        .map_err(failed)?;
    found.into_iter().map(Row::read).collect()
}

/// The component and the function of a task as people write it: what stands before the first `/` names
/// the component, what follows a `#` the function.
fn written(task: &str) -> Option<(&str, &str)> {
    let (component, function) = task.split_once('/')?;
    let component = component.split('@').next()?;
    let function = function.rsplit('#').next()?;
    Some((component, function))
}

/// The first key that was stored at this moment or later: keys and moments grow together.
async fn first_key(reader: &mut SqliteConnection, at: Moment) -> Result<i64, Error> {
    let last: Option<i64> = sqlx::query_scalar("select max(key) from invocations")
        .fetch_one(&mut *reader)
        .await
        .map_err(failed)?;
    let (mut low, mut high) = (0, last.unwrap_or(0) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = sqlx::query_as(
            "select key, enqueued_at from invocations where key >= ?1 order by key limit 1",
        )
        .bind(middle)
        .fetch_optional(&mut *reader)
        .await
        .map_err(failed)?;
        match found {
            Some((key, stored)) if stored < at.0 => low = key + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The greatest key that may have been stored before this moment.
pub(super) async fn last_key(
    reader: &mut SqliteConnection,
    before: Moment,
) -> Result<Option<i64>, Error> {
    let after = first_key(reader, before.moved(SLACK_US)).await?;
    Ok((after > 0).then_some(after - 1))
}

struct Search<'f> {
    namespace: &'f Namespace,
    filter: &'f Filter,
    queue: Option<i64>,
    /// The least key.
    from: i64,
    /// All keys are below.
    below: i64,
}

impl<'f> Search<'f> {
    async fn driver(&self, reader: &mut SqliteConnection) -> Result<Driver<'f>, Error> {
        let filter = self.filter;
        if let Some((name, value)) = filter.tags.first_key_value() {
            return Ok(Driver::Tag(name, value));
        }
        if let Some(parent) = filter.parent {
            return Ok(Driver::Parent(parent));
        }
        if let Some(kind) = filter.kind {
            return Ok(Driver::Kind(kind.as_str(), self.queues(reader).await?));
        }
        if filter.dead {
            return Ok(Driver::End(State::Failed, self.queues(reader).await?));
        }
        if let Some(partition) = &filter.partition {
            return Ok(Driver::Partition(partition));
        }
        match filter.state {
            Some(State::Queued) => return Ok(Driver::Queued),
            Some(State::Running) => return Ok(Driver::Running),
            Some(state) if state.is_final() => {
                return Ok(Driver::End(state, self.queues(reader).await?));
            }
            Some(state) => return Ok(Driver::Idle(state, self.queues(reader).await?)),
            None => {}
        }
        if let Some(functions) = self.functions(reader).await? {
            return Ok(Driver::Functions(functions));
        }
        Ok(match self.queue {
            Some(_) => Driver::Queue,
            None => Driver::All,
        })
    }

    /// The tasks that the filter names: of a component all, or those that are called so.
    async fn functions(&self, reader: &mut SqliteConnection) -> Result<Option<Vec<i64>>, Error> {
        let written = self.filter.task.as_deref().and_then(written);
        let component = self.filter.component.as_ref().map(|name| name.as_str());
        let (component, function) = match (written, component) {
            (Some((component, function)), _) => (component, Some(function)),
            (None, Some(component)) => (component, None),
            (None, None) => return Ok(None),
        };
        let found: Vec<(i64, String)> = sqlx::query_as(
            "select id, name from functions where namespace = ?1 and component = ?2",
        )
        .bind(self.namespace.as_str())
        .bind(component)
        .fetch_all(reader)
        .await
        .map_err(failed)?;
        let called = |name: &str| function.is_none_or(|function| function == name);
        let any = found.iter().any(|(_, name)| called(name));
        let found = found.into_iter().filter(|(_, name)| !any || called(name));
        Ok(Some(found.map(|(id, _)| id).collect()))
    }

    async fn queues(&self, reader: &mut SqliteConnection) -> Result<Vec<i64>, Error> {
        match self.queue {
            Some(queue) => Ok(vec![queue]),
            None => sqlx::query_scalar("select id from queues where namespace = ?1")
                .bind(self.namespace.as_str())
                .fetch_all(reader)
                .await
                .map_err(failed),
        }
    }

    /// Adds the statement that finds the keys of the page, or, merged from several, some more.
    fn push_keys(&self, query: &mut QueryBuilder<Sqlite>, driver: &Driver<'f>) {
        match driver {
            Driver::Tag(name, value) => {
                query
                    .push("select d.key from tags d cross join invocations i on i.key = d.key")
                    .push(self.joined())
                    .push(" where d.namespace = ")
                    .push_bind(self.namespace.as_str().to_owned())
                    .push(" and d.name = ")
                    .push_bind((*name).to_owned())
                    .push(" and d.value = ")
                    .push_bind((*value).to_owned());
                self.push_rest(query, "d.key");
            }
            Driver::Parent(parent) => {
                query
                    .push("select i.key from invocations i indexed by invocations_parent")
                    .push(self.joined())
                    .push(" where i.parent = ")
                    .push_bind(parent.0);
                self.push_rest(query, "i.key");
            }
            Driver::Kind(kind, queues) => self.push_merged(query, queues, |query| {
                query
                    .push(
                        "select d.key from outcomes d indexed by outcomes_kind
                         cross join invocations i on i.key = d.key",
                    )
                    .push(self.joined())
                    .push(" where d.queue_id = scope.value and d.kind = ")
                    .push_bind(*kind);
                "d.key"
            }),
            Driver::End(state, queues) => self.push_merged(query, queues, |query| {
                query
                    .push(
                        "select d.key from outcomes d indexed by outcomes_ended
                         cross join invocations i on i.key = d.key",
                    )
                    .push(self.joined())
                    .push(" where d.queue_id = scope.value and d.state = ")
                    .push_bind(state.as_str());
                "d.key"
            }),
            Driver::Functions(functions) => self.push_merged(query, functions, |query| {
                query
                    .push("select i.key from invocations i indexed by invocations_function")
                    .push(self.joined())
                    .push(" where i.function_id = scope.value");
                "i.key"
            }),
            Driver::Partition(partition) => {
                query
                    .push("select i.key from invocations i indexed by invocations_partition")
                    .push(self.joined())
                    .push(" where i.partition = ")
                    .push_bind((*partition).to_owned());
                self.push_rest(query, "i.key");
            }
            Driver::Idle(state, queues) => self.push_merged(query, queues, |query| {
                query
                    .push(
                        "select d.key from live d indexed by live_idle
                         cross join invocations i on i.key = d.key",
                    )
                    .push(self.joined())
                    // In the words of the index, so that it is known to have these.
                    .push(" where d.queue_id = scope.value and d.state in ('scheduled', 'waiting')")
                    .push(" and d.state = ")
                    .push_bind(state.as_str());
                "d.key"
            }),
            Driver::Running => {
                query
                    .push(
                        "select d.key from live d indexed by live_host
                         cross join invocations i on i.key = d.key",
                    )
                    .push(self.joined())
                    .push(" where d.host is not null and d.state = 'running'");
                self.push_rest(query, "d.key");
            }
            Driver::Queued => {
                query
                    .push(
                        "select d.key from live d not indexed
                         cross join invocations i on i.key = d.key",
                    )
                    .push(self.joined())
                    .push(" where d.state = 'queued'");
                if let Some(queue) = self.queue {
                    query.push(" and d.queue_id = ").push_bind(queue);
                }
                self.push_rest(query, "d.key");
            }
            Driver::Queue => {
                query
                    .push("select i.key from invocations i indexed by invocations_queue")
                    .push(self.joined())
                    .push(" where true");
                self.push_rest(query, "i.key");
            }
            Driver::All => {
                query
                    .push("select i.key from invocations i not indexed")
                    .push(self.joined())
                    .push(" where true");
                self.push_rest(query, "i.key");
            }
        }
    }

    /// The newest of each scope, by a statement that takes it as `scope.value`.
    fn push_merged(
        &self,
        query: &mut QueryBuilder<Sqlite>,
        scopes: &[i64],
        newest: impl FnOnce(&mut QueryBuilder<Sqlite>) -> &'static str,
    ) {
        query
            .push("select found.key from json_each(")
            .push_bind(super::packed::rows(&scopes))
            .push(") scope cross join invocations found on found.key in (");
        let key = newest(query);
        self.push_rest(query, key);
        query.push(")");
    }

    /// What the conditions need beside the invocation.
    fn joined(&self) -> &'static str {
        " left join live l on l.key = i.key left join outcomes o on o.key = i.key"
    }

    /// Adds all conditions and the order. What the driver says already is said again, at no cost.
    fn push_rest(&self, query: &mut QueryBuilder<Sqlite>, key: &'static str) {
        let filter = self.filter;
        query
            .push(" and ")
            .push(key)
            .push(" >= ")
            .push_bind(self.from)
            .push(" and ")
            .push(key)
            .push(" < ")
            .push_bind(self.below)
            .push(" and i.namespace = ")
            .push_bind(self.namespace.as_str().to_owned());
        if let Some(queue) = self.queue {
            query.push(" and i.queue_id = ").push_bind(queue);
        }
        match filter.state {
            Some(state) if state.is_final() => {
                query.push(" and o.state = ").push_bind(state.as_str());
            }
            Some(state) => {
                query.push(" and l.state = ").push_bind(state.as_str());
            }
            None => {}
        }
        if let Some(task) = &filter.task {
            query.push(" and i.task = ").push_bind(task.clone());
        }
        if let Some(component) = &filter.component {
            query
                .push(" and i.function_id in (select id from functions where component = ")
                .push_bind(component.as_str().to_owned())
                .push(")");
        }
        if let Some(kind) = filter.kind {
            query.push(" and o.kind = ").push_bind(kind.as_str());
        }
        for (name, value) in &filter.tags {
            query
                .push(" and exists (select 1 from tags t where t.key = i.key and t.namespace = ")
                .push_bind(self.namespace.as_str().to_owned())
                .push(" and t.name = ")
                .push_bind(name.clone())
                .push(" and t.value = ")
                .push_bind(value.clone())
                .push(")");
        }
        if let Some(partition) = &filter.partition {
            query
                .push(" and i.partition = ")
                .push_bind(partition.clone());
        }
        if let Some(since) = filter.since {
            query.push(" and i.enqueued_at >= ").push_bind(since.0);
        }
        if let Some(until) = filter.until {
            query.push(" and i.enqueued_at < ").push_bind(until.0);
        }
        if filter.dead {
            query.push(
                " and o.state = 'failed'
                  and not exists (select 1 from invocations again where again.retry_of = i.key)",
            );
        }
        if let Some(parent) = filter.parent {
            query.push(" and i.parent = ").push_bind(parent.0);
        }
        query
            .push(" order by ")
            .push(key)
            .push(" desc limit ")
            .push_bind(filter.limit);
    }
}
