//! Workflows: what goes to and from them, their steps, their past.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A value that a workflow shows to the outside under a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Published {
    /// The name.
    pub name: String,
    /// The value.
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub value: Box<RawValue>,
    /// Grows with everything that the invocation publishes, under whatever name.
    pub revision: i64,
    /// When.
    pub published_at: String,
}

/// The query of `GET /v1/invocations/{id}/published/{name}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct PublishedQuery {
    /// Answer when there is such a value, or after so long at the latest: `30s`, `500ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// Only a value of a later revision than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
}

/// The body of `POST /v1/invocations/{id}/cancel`; none is as good.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CancelRequest {
    /// What the cancelled invocations say of why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The body of `POST /v1/invocations/{id}/fork`; none is as good.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ForkRequest {
    /// The number of the first step that is done anew; where it is absent, all are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The version of the component that goes on; where it is absent, the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A step of a workflow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// Its number, from 1.
    pub number: u32,
    /// `enqueue`, `enqueue-many`, `call`, `sleep`, `receive`, `wait-any` …
    pub kind: String,
    /// What was asked.
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub request: Box<RawValue>,
    /// What was answered; null while it is not.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub result: Option<Box<RawValue>>,
    /// The invocations that it enqueued.
    #[serde(default)]
    pub children: Vec<String>,
    /// When it was asked.
    pub asked_at: String,
    /// When it was answered.
    pub answered_at: Option<String>,
}

/// Where an execution and a journal part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// The number of the step.
    pub step: u32,
    /// What the journal has.
    pub recorded: String,
    /// What the execution does there.
    pub present: String,
}

/// The answer of `POST /v1/invocations/{id}/replay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replayed {
    /// Whether it replays exactly.
    pub exact: bool,
    /// How many steps were the same.
    pub steps: u32,
    /// Where it differs; null if it replays exactly.
    pub difference: Option<Difference>,
}

/// The body of `POST /v1/components/{name}/upgrade`; none is as good.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpgradeRequest {
    /// The version to which workflows in flight are moved; where it is absent, the highest that is
    /// no pre-release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it is only told what would be moved.
    pub dry_run: bool,
}

/// The answer of `POST /v1/components/{name}/upgrade`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upgraded {
    /// These replay exactly with the version, and go on with it.
    pub moved: Vec<String>,
    /// These differ, and stay with their version.
    pub differ: Vec<Differs>,
    /// These were executing, or moved on meanwhile: ask again.
    pub busy: Vec<String>,
}

/// A workflow that stays with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Differs {
    /// Its id.
    pub id: String,
    /// Where it differs.
    #[serde(flatten)]
    pub difference: Difference,
}
