//! Components, their tasks, their grants and what their manifests say.

use std::collections::HashMap;

use sqlx::{FromRow, SqliteConnection, SqlitePool};

use super::{Error, Transaction, failed, unreadable};
use crate::model::{ComponentName, Digest, FunctionId, Moment, Namespace};
use crate::store::{Added, Catalogue, Component, Function, NewComponent, Signal};

pub(super) async fn add(
    transaction: &mut Transaction,
    namespace: &Namespace,
    component: &NewComponent,
) -> Result<Added, Error> {
    let version = component.version.to_string();
    let stands: Option<String> = sqlx::query_scalar(
        "select digest from components where namespace = ?1 and name = ?2 and version = ?3",
    )
    .bind(namespace.as_str())
    .bind(component.name.as_str())
    .bind(&version)
    .fetch_optional(&mut transaction.connection)
    .await
    .map_err(failed)?;
    match stands {
        Some(digest) if digest == component.digest.as_str() => return Ok(Added::Existed),
        Some(digest) => return Ok(Added::Conflict(Digest::from_store(digest))),
        None => {}
    }
    sqlx::query(
        "insert into component_bytes (digest, bytes) values (?1, ?2) on conflict do nothing",
    )
    .bind(component.digest.as_str())
    .bind(component.bytes.to_vec())
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    sqlx::query(
        "insert into components (namespace, name, version, digest, size, uploaded_at, wit, skipped,
                                 bindings)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(namespace.as_str())
    .bind(component.name.as_str())
    .bind(&version)
    .bind(component.digest.as_str())
    .bind(component.bytes.len() as i64)
    .bind(transaction.now.0)
    .bind(&component.wit)
    .bind(component.skipped.to_string())
    .bind(component.bindings.to_string())
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    for task in &component.tasks {
        sqlx::query(
            "insert into functions
                 (namespace, component, version, digest, interface, name, signature, docs,
                  workflow)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .bind(namespace.as_str())
        .bind(component.name.as_str())
        .bind(&version)
        .bind(component.digest.as_str())
        .bind(&task.interface)
        .bind(&task.name)
        .bind(task.signature.to_string())
        .bind(&task.docs)
        .bind(task.workflow)
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    }
    move_catalogue(transaction).await?;
    Ok(Added::Created)
}

pub(super) async fn put_grants(
    transaction: &mut Transaction,
    namespace: &Namespace,
    name: &ComponentName,
    grants: &serde_json::Value,
) -> Result<(), Error> {
    sqlx::query(
        "insert into component_grants (namespace, name, grants) values (?1, ?2, ?3)
         on conflict (namespace, name) do update set grants = excluded.grants",
    )
    .bind(namespace.as_str())
    .bind(name.as_str())
    .bind(grants.to_string())
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    move_catalogue(transaction).await
}

pub(super) async fn put_defaults(
    transaction: &mut Transaction,
    namespace: &Namespace,
    name: &ComponentName,
    defaults: &serde_json::Value,
) -> Result<(), Error> {
    sqlx::query(
        "insert into component_defaults (namespace, name, defaults) values (?1, ?2, ?3)
         on conflict (namespace, name) do update set defaults = excluded.defaults",
    )
    .bind(namespace.as_str())
    .bind(name.as_str())
    .bind(defaults.to_string())
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    move_catalogue(transaction).await
}

async fn move_catalogue(transaction: &mut Transaction) -> Result<(), Error> {
    sqlx::query("update catalogue set revision = revision + 1")
        .execute(&mut transaction.connection)
        .await
        .map_err(failed)?;
    transaction.signal(Signal::Catalogue);
    Ok(())
}

pub(super) async fn list(
    readers: &SqlitePool,
    namespace: &Namespace,
    name: Option<&ComponentName>,
) -> Result<Vec<Component>, Error> {
    // One snapshot: a version is never seen without its tasks.
    let mut reader = readers.begin().await.map_err(failed)?;
    let rows: Vec<ComponentRow> = sqlx::query_as(
        "select name, version, digest, size, uploaded_at,
                case when ?2 is null then '' else wit end as wit, skipped, bindings
         from components
         where namespace = ?1 and (?2 is null or name = ?2)",
    )
    .bind(namespace.as_str())
    .bind(name.map(ComponentName::as_str))
    .fetch_all(&mut *reader)
    .await
    .map_err(failed)?;
    let mut tasks: HashMap<(String, String), Vec<Function>> = HashMap::new();
    for function in functions(&mut reader, namespace, name).await? {
        tasks
            .entry((function.component.to_string(), function.version.to_string()))
            .or_default()
            .push(function);
    }
    let mut components = rows
        .into_iter()
        .map(|row| {
            let tasks = tasks
                .remove(&(row.name.clone(), row.version.clone()))
                .unwrap_or_default();
            row.read(tasks)
        })
        .collect::<Result<Vec<_>, Error>>()?;
    components.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(components)
}

pub(super) async fn bytes(readers: &SqlitePool, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
    sqlx::query_scalar("select bytes from component_bytes where digest = ?1")
        .bind(digest.as_str())
        .fetch_optional(readers)
        .await
        .map_err(failed)
}

pub(super) async fn catalogue(
    readers: &SqlitePool,
    namespace: &Namespace,
) -> Result<Catalogue, Error> {
    // One snapshot: the tasks are those of the revision.
    let mut reader = readers.begin().await.map_err(failed)?;
    let revision = sqlx::query_scalar("select revision from catalogue")
        .fetch_one(&mut *reader)
        .await
        .map_err(failed)?;
    let functions = functions(&mut reader, namespace, None).await?;
    let grants = sqlx::query_as("select name, grants from component_grants where namespace = ?1")
        .bind(namespace.as_str())
        .fetch_all(&mut *reader)
        .await
        .map_err(failed)?;
    let defaults =
        sqlx::query_as("select name, defaults from component_defaults where namespace = ?1")
            .bind(namespace.as_str())
            .fetch_all(&mut *reader)
            .await
            .map_err(failed)?;
    let bindings: Vec<(String, String, String)> = sqlx::query_as(
        "select name, version, bindings from components
         where namespace = ?1 and bindings <> '[]'",
    )
    .bind(namespace.as_str())
    .fetch_all(&mut *reader)
    .await
    .map_err(failed)?;
    let bindings = bindings
        .into_iter()
        .map(|(name, version, bindings)| {
            let name = ComponentName::parse(&name).map_err(unreadable)?;
            let version = version.parse().map_err(unreadable)?;
            let bindings = serde_json::from_str(&bindings).map_err(unreadable)?;
            Ok(((name, version), bindings))
        })
        .collect::<Result<_, Error>>()?;
    Ok(Catalogue {
        revision,
        functions,
        grants: by_name(grants)?,
        bindings,
        defaults: by_name(defaults)?,
    })
}

/// JSON of components, by their names.
fn by_name(
    rows: Vec<(String, String)>,
) -> Result<HashMap<ComponentName, serde_json::Value>, Error> {
    rows.into_iter()
        .map(|(name, json)| {
            Ok((
                ComponentName::parse(&name).map_err(unreadable)?,
                serde_json::from_str(&json).map_err(unreadable)?,
            ))
        })
        .collect()
}

pub(super) async fn function(
    readers: &SqlitePool,
    id: FunctionId,
) -> Result<Option<Function>, Error> {
    let row: Option<FunctionRow> = sqlx::query_as(
        "select id, namespace, component, version, digest, interface, name, signature, docs,
                workflow
         from functions where id = ?1",
    )
    .bind(id.0)
    .fetch_optional(readers)
    .await
    .map_err(failed)?;
    row.map(FunctionRow::read).transpose()
}

async fn functions(
    reader: &mut SqliteConnection,
    namespace: &Namespace,
    component: Option<&ComponentName>,
) -> Result<Vec<Function>, Error> {
    let rows: Vec<FunctionRow> = sqlx::query_as(
        "select id, namespace, component, version, digest, interface, name, signature, docs,
                workflow
         from functions
         where namespace = ?1 and (?2 is null or component = ?2)
         order by id",
    )
    .bind(namespace.as_str())
    .bind(component.map(ComponentName::as_str))
    .fetch_all(reader)
    .await
    .map_err(failed)?;
    rows.into_iter().map(FunctionRow::read).collect()
}

#[derive(FromRow)]
struct ComponentRow {
    name: String,
    version: String,
    digest: String,
    size: i64,
    uploaded_at: i64,
    wit: String,
    skipped: String,
    bindings: String,
}

impl ComponentRow {
    fn read(self, tasks: Vec<Function>) -> Result<Component, Error> {
        Ok(Component {
            bindings: serde_json::from_str(&self.bindings).map_err(unreadable)?,
            name: ComponentName::parse(&self.name).map_err(unreadable)?,
            version: self.version.parse().map_err(unreadable)?,
            digest: Digest::from_store(self.digest),
            size: self.size as u64,
            uploaded_at: Moment(self.uploaded_at),
            wit: self.wit,
            tasks,
            skipped: serde_json::from_str(&self.skipped).map_err(unreadable)?,
        })
    }
}

#[derive(FromRow)]
struct FunctionRow {
    id: i64,
    namespace: String,
    component: String,
    version: String,
    digest: String,
    interface: Option<String>,
    name: String,
    signature: String,
    docs: Option<String>,
    workflow: bool,
}

impl FunctionRow {
    fn read(self) -> Result<Function, Error> {
        Ok(Function {
            workflow: self.workflow,
            id: FunctionId(self.id),
            namespace: Namespace::parse(&self.namespace).map_err(unreadable)?,
            component: ComponentName::parse(&self.component).map_err(unreadable)?,
            version: self.version.parse().map_err(unreadable)?,
            digest: Digest::from_store(self.digest),
            interface: self.interface,
            name: self.name,
            signature: serde_json::from_str(&self.signature).map_err(unreadable)?,
            docs: self.docs,
        })
    }
}
