//! Components: what `POST /v1/components` and its neighbours take and give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The query of `POST /v1/components`; the body is the component's bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The component's name.
    pub name: String,
    /// Its version (semver). Where it is absent: the version that its WIT package states, or
    /// `0.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A version of a component.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The sha-256 of its bytes, in lower-case hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub size: u64,
    /// When it was uploaded.
    pub uploaded_at: String,
    /// The functions that can be called.
    pub tasks: Vec<Task>,
    /// The exported functions that cannot.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
}

/// An exported function that can be called.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// The function's name.
    pub name: String,
    /// The interface that it stands in, such as `demo:images/tasks@0.1.0`; null at world level.
    pub interface: Option<String>,
    /// What it takes, in order.
    pub params: Vec<Param>,
    /// The type of what it returns, as WIT; null where it returns nothing.
    pub result: Option<String>,
    /// What its author wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// Parameters and result with every type spelled out, for programs that read arguments or
    /// build forms.
    #[serde(default)]
    pub signature: serde_json::Value,
}

/// A parameter of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type, as WIT.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An exported function that cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skipped {
    /// The function's name.
    pub name: String,
    /// The interface that it stands in; null at world level.
    #[serde(default)]
    pub interface: Option<String>,
    /// Why it cannot be called.
    pub reason: String,
}

/// What a component may do beyond its sandbox: body and answer of
/// `PUT /v1/components/{name}/grants`. Nothing, by default; a grant holds for every version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// The hosts that it may call by HTTP, such as `api.example.com` or `127.0.0.1:8080`.
    pub http: Vec<String>,
    /// The environment variables that it sees.
    pub environment: BTreeMap<String, String>,
}
