//! Choosing invocations: lists, what is done to all that match, exports.

use serde::{Deserialize, Serialize};

use super::{FailureKind, Invocation, State};

/// Which invocations: those for which all that is said holds. In a query string the same fields, of
/// which `tag` may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// In this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// With this task, as it was written when it was enqueued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// With a task of this component, of any version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// With this tag, as `name:value`; of several, with all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// Ended with an error of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FailureKind>,
    /// In this partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Enqueued then or later: RFC 3339, or how long ago, such as `15m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Enqueued earlier: RFC 3339, or how long ago, such as `2h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Enqueued by this workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Dead letters: failed, and not done again since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dead: bool,
}

/// The query of `GET /v1/invocations`; the newest come first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct ListQuery {
    /// In this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// With this task, as it was written when it was enqueued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// With a task of this component, of any version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// With this tag, as `name:value`; may be repeated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// Ended with an error of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FailureKind>,
    /// In this partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Enqueued then or later: RFC 3339, or how long ago, such as `15m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Enqueued earlier: RFC 3339, or how long ago, such as `2h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Enqueued by this workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// `true`: dead letters, which failed and were not done again since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dead: bool,
    /// `args`, `outcome`, or both with a comma: with the arguments, with how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<String>,
    /// At most so many items: 1000, or 100 with `include`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl ListQuery {
    /// What it says of which invocations.
    pub fn filter(&self) -> Filter {
        let one = self.clone();
        Filter {
            queue: one.queue,
            state: one.state,
            task: one.task,
            component: one.component,
            tag: one.tag,
            kind: one.kind,
            partition: one.partition,
            since: one.since,
            until: one.until,
            parent: one.parent,
            dead: one.dead,
        }
    }
}

impl From<Filter> for ListQuery {
    fn from(filter: Filter) -> Self {
        Self {
            queue: filter.queue,
            state: filter.state,
            task: filter.task,
            component: filter.component,
            tag: filter.tag,
            kind: filter.kind,
            partition: filter.partition,
            since: filter.since,
            until: filter.until,
            parent: filter.parent,
            dead: filter.dead,
            include: None,
            limit: None,
            page: None,
        }
    }
}

/// The body of `POST /v1/invocations/cancel`, `/retry` and `/resume`: what is done to all that match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BulkRequest {
    /// Which; one that says nothing is refused without `all`.
    pub filter: Filter,
    /// Whether it is only told how many match.
    pub dry_run: bool,
    /// Whether all are meant where the filter says nothing.
    pub all: bool,
    /// Of `cancel`: what the cancelled invocations say of why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The answer of `POST /v1/invocations/cancel`, `/retry` and `/resume`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bulk {
    /// How many match.
    pub matched: u64,
    /// To how many of them it was done: none in a dry run. What ended or was done again meanwhile
    /// is not among them.
    pub done: u64,
    /// Whether more may match than one request looks at: send it again.
    pub more: bool,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// The first few that match, as they stood before.
    pub items: Vec<Invocation>,
    /// The first few to which it could not be done.
    pub refused: Vec<Refused>,
}

/// An invocation to which something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refused {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_its_filter_says() {
        let filter = Filter {
            tag: vec!["customer:7".to_owned()],
            dead: true,
            since: Some("15m".to_owned()),
            ..Filter::default()
        };

        assert_eq!(ListQuery::from(filter.clone()).filter(), filter);
    }

    #[test]
    fn a_misspelled_filter_is_refused_rather_than_everything_matched() {
        let body = r#"{"filter": {"qeue": "q"}}"#;

        let error = serde_json::from_str::<BulkRequest>(body).unwrap_err();

        assert!(error.to_string().contains("unknown field `qeue`"));
    }
}
