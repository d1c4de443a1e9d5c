//! Components, their tasks, and what they may do.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{Row, Transaction};

use super::connection::error;
use super::read::{get, json, parse};
use super::*;
use crate::model::Moment;

const FUNCTIONS: &str =
    "select id, namespace, component, version, digest, interface, name, signature, docs, workflow
  from functions where namespace = $1 and ($2::text is null or component = $2) order by id";

impl Postgres {
    pub(super) async fn add_component_row(
        &self,
        namespace: &Namespace,
        component: &NewComponent,
    ) -> Result<Added, Error> {
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::query(
            "insert into component_bytes (digest, bytes) values ($1, $2) on conflict do nothing",
        )
        .bind(component.digest.as_str())
        .bind(component.bytes.as_ref())
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        let added = sqlx::query(
            "insert into components (namespace, name, version, digest, size, uploaded_at, wit, skipped,
                                     bindings)
             values ($1, $2, $3, $4, $5, windlass.now(), $6, $7, $8) on conflict do nothing",
        )
        .bind(namespace.as_str())
        .bind(component.name.as_str())
        .bind(component.version.to_string())
        .bind(component.digest.as_str())
        .bind(component.bytes.len() as i64)
        .bind(&component.wit)
        .bind(component.skipped.to_string())
        .bind(component.bindings.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        if added.rows_affected() == 0 {
            let row = sqlx::query(
                "select digest from components where namespace = $1 and name = $2 and version = $3",
            )
            .bind(namespace.as_str())
            .bind(component.name.as_str())
            .bind(component.version.to_string())
            .fetch_one(&mut *transaction)
            .await
            .map_err(error)?;
            let digest = Digest::from_store(get(&row, "digest")?);
            return Ok(if digest == component.digest {
                Added::Existed
            } else {
                Added::Conflict(digest)
            });
        }
        let interfaces: Vec<Option<&str>> = component
            .tasks
            .iter()
            .map(|t| t.interface.as_deref())
            .collect();
        let names: Vec<&str> = component.tasks.iter().map(|t| t.name.as_str()).collect();
        let signatures: Vec<String> = component
            .tasks
            .iter()
            .map(|t| t.signature.to_string())
            .collect();
        let docs: Vec<Option<&str>> = component.tasks.iter().map(|t| t.docs.as_deref()).collect();
        let workflows: Vec<bool> = component.tasks.iter().map(|t| t.workflow).collect();
        sqlx::query(
            "insert into functions (namespace, component, version, digest, interface, name, signature, docs,
                                    workflow)
             select $1, $2, $3, $4, u.*
               from unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[]) u",
        )
        .bind(namespace.as_str())
        .bind(component.name.as_str())
        .bind(component.version.to_string())
        .bind(component.digest.as_str())
        .bind(interfaces)
        .bind(names)
        .bind(signatures)
        .bind(docs)
        .bind(workflows)
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        // Under the catalogue's lock, so that of two uploads at once the later one sees both.
        sqlx::query("select 1 from catalogue for update")
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        sqlx::query("select windlass.mark_current($1, $2)")
            .bind(namespace.as_str())
            .bind(component.name.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        self.commit_catalogue(transaction).await?;
        Ok(Added::Created)
    }

    pub(super) async fn component_rows(
        &self,
        namespace: &Namespace,
        name: Option<&ComponentName>,
    ) -> Result<Vec<Component>, Error> {
        let rows = sqlx::query(
            "select name, version, digest, size, uploaded_at, skipped, bindings,
                    case when $2::text is null then '' else wit end as wit
               from components where namespace = $1 and ($2::text is null or name = $2)",
        )
        .bind(namespace.as_str())
        .bind(name.map(ComponentName::as_str))
        .fetch_all(&self.pool)
        .await
        .map_err(error)?;
        let functions = sqlx::query(FUNCTIONS)
            .bind(namespace.as_str())
            .bind(name.map(ComponentName::as_str))
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        let mut tasks: HashMap<(ComponentName, semver::Version), Vec<Function>> = HashMap::new();
        for row in &functions {
            let function = function(row)?;
            let version = (function.component.clone(), function.version.clone());
            tasks.entry(version).or_default().push(function);
        }
        let mut components = Vec::with_capacity(rows.len());
        for row in &rows {
            let (name, version): (ComponentName, semver::Version) =
                (parse(row, "name")?, parse(row, "version")?);
            components.push(Component {
                tasks: tasks
                    .remove(&(name.clone(), version.clone()))
                    .unwrap_or_default(),
                name,
                version,
                digest: Digest::from_store(get(row, "digest")?),
                size: get::<i64>(row, "size")? as u64,
                uploaded_at: Moment(get(row, "uploaded_at")?),
                wit: get(row, "wit")?,
                skipped: json(row, "skipped")?,
                bindings: json(row, "bindings")?,
            });
        }
        components.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(components)
    }

    pub(super) async fn read_component_bytes(
        &self,
        digest: &Digest,
    ) -> Result<Option<Vec<u8>>, Error> {
        let row = sqlx::query("select bytes from component_bytes where digest = $1")
            .bind(digest.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(error)?;
        row.map(|row| get(&row, "bytes")).transpose()
    }

    pub(super) async fn read_catalogue(&self, namespace: &Namespace) -> Result<Catalogue, Error> {
        // One snapshot, so that the revision belongs to what is read with it.
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::query("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        let revision: i64 = sqlx::query("select revision from catalogue")
            .fetch_one(&mut *transaction)
            .await
            .map_err(error)?
            .get(0);
        let functions = sqlx::query(FUNCTIONS)
            .bind(namespace.as_str())
            .bind(None::<&str>)
            .fetch_all(&mut *transaction)
            .await
            .map_err(error)?;
        let granted = sqlx::query("select name, grants from component_grants where namespace = $1")
            .bind(namespace.as_str())
            .fetch_all(&mut *transaction)
            .await
            .map_err(error)?;
        let declared =
            sqlx::query("select name, defaults from component_defaults where namespace = $1")
                .bind(namespace.as_str())
                .fetch_all(&mut *transaction)
                .await
                .map_err(error)?;
        let bound = sqlx::query(
            "select name, version, bindings from components
             where namespace = $1 and bindings <> '[]'",
        )
        .bind(namespace.as_str())
        .fetch_all(&mut *transaction)
        .await
        .map_err(error)?;
        transaction.commit().await.map_err(error)?;
        let mut bindings = HashMap::new();
        for row in &bound {
            let version = (parse(row, "name")?, parse(row, "version")?);
            bindings.insert(version, json(row, "bindings")?);
        }
        let mut grants = HashMap::new();
        for row in &granted {
            grants.insert(parse(row, "name")?, json(row, "grants")?);
        }
        let mut defaults = HashMap::new();
        for row in &declared {
            defaults.insert(parse(row, "name")?, json(row, "defaults")?);
        }
        Ok(Catalogue {
            revision,
            functions: functions.iter().map(function).collect::<Result<_, _>>()?,
            grants,
            bindings,
            defaults,
        })
    }

    pub(super) async fn read_function(&self, id: FunctionId) -> Result<Option<Function>, Error> {
        let row = sqlx::query(
            "select id, namespace, component, version, digest, interface, name, signature, docs,
                    workflow from functions where id = $1",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(error)?;
        row.as_ref().map(function).transpose()
    }

    pub(super) async fn write_grants(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        grants: &serde_json::Value,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::query(
            "insert into component_grants (namespace, name, grants) values ($1, $2, $3)
             on conflict (namespace, name) do update set grants = excluded.grants",
        )
        .bind(namespace.as_str())
        .bind(name.as_str())
        .bind(grants.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        self.commit_catalogue(transaction).await
    }

    pub(super) async fn write_defaults(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        defaults: &serde_json::Value,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await.map_err(error)?;
        sqlx::query(
            "insert into component_defaults (namespace, name, defaults) values ($1, $2, $3)
             on conflict (namespace, name) do update set defaults = excluded.defaults",
        )
        .bind(namespace.as_str())
        .bind(name.as_str())
        .bind(defaults.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(error)?;
        self.commit_catalogue(transaction).await
    }

    /// Commits a change of the catalogue, and has every host read it again.
    async fn commit_catalogue(
        &self,
        mut transaction: Transaction<'_, sqlx::Postgres>,
    ) -> Result<(), Error> {
        sqlx::query("update catalogue set revision = revision + 1")
            .execute(&mut *transaction)
            .await
            .map_err(error)?;
        transaction.commit().await.map_err(error)?;
        self.notify.outbox().tell(Signal::Catalogue);
        Ok(())
    }
}

fn function(row: &PgRow) -> Result<Function, Error> {
    Ok(Function {
        id: FunctionId(get(row, "id")?),
        namespace: parse(row, "namespace")?,
        component: parse(row, "component")?,
        version: parse(row, "version")?,
        digest: Digest::from_store(get(row, "digest")?),
        interface: get(row, "interface")?,
        name: get(row, "name")?,
        signature: json(row, "signature")?,
        docs: get(row, "docs")?,
        workflow: get(row, "workflow")?,
    })
}
