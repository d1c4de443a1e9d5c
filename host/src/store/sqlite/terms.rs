//! What the controls of a call come to at the moment when it is stored.
//!
//! Delays and deadlines become moments here, and children take over what their parent has. Who may
//! be stored at all, of those that are kept to one, stands in `onces`.

use serde::Serialize;

use super::packed::rows;
use super::{Error, Transaction, failed};
use crate::model::controls::Start;
use crate::model::{Controls, Key, Moment, Namespace};

/// As they stand in the row of an invocation.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Terms {
    pub(super) partition: Option<String>,
    /// None where it may start at once.
    #[serde(serialize_with = "microseconds")]
    pub(super) start_at: Option<Moment>,
    #[serde(serialize_with = "microseconds")]
    pub(super) deadline: Option<Moment>,
    pub(super) retries: Option<String>,
    pub(super) tags: Option<String>,
    pub(super) retry_of: Option<Key>,
}

fn microseconds<S: serde::Serializer>(moment: &Option<Moment>, to: S) -> Result<S::Ok, S::Error> {
    moment.map(|moment| moment.0).serialize(to)
}

impl Terms {
    pub(super) fn of(controls: &Controls, now: Moment) -> Self {
        let start_at = match controls.start {
            Start::Now => None,
            Start::After(ms) => Some(now.moved_ms(ms)),
            Start::At(moment) => Some(moment),
        };
        let tags = (!controls.tags.is_empty()).then(|| rows(&controls.tags));
        Self {
            partition: controls.partition.clone(),
            start_at: start_at.filter(|moment| *moment > now),
            deadline: controls.deadline_ms.map(|ms| now.moved_ms(ms)),
            retries: controls.retries.as_ref().map(rows),
            tags,
            retry_of: controls.retry_of,
        }
    }

    /// What a child takes from its parent: the deadline, and the partition where it is said.
    pub(super) fn inherit(&mut self, partition: Option<&str>, deadline: Option<Moment>) {
        if self.partition.is_none() {
            // The empty key is what those have that name none.
            self.partition = partition.filter(|key| !key.is_empty()).map(str::to_owned);
        }
        self.deadline = match (self.deadline, deadline) {
            (Some(own), Some(above)) => Some(own.min(above)),
            (own, above) => own.or(above),
        };
    }

    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Makes invocations findable by their tags.
pub(super) async fn tag(
    transaction: &mut Transaction,
    tagged: &[(Key, &Namespace, &Controls)],
) -> Result<(), Error> {
    let tags: Vec<_> = tagged
        .iter()
        .flat_map(|(key, namespace, controls)| {
            let tags = controls.tags.iter();
            tags.map(move |(name, value)| (namespace, name, value, key))
        })
        .collect();
    if tags.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into tags (namespace, name, value, key)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?1)",
    )
    .bind(rows(&tags))
    .execute(&mut transaction.connection)
    .await
    .map_err(failed)?;
    Ok(())
}
