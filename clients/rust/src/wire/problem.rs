//! Refusals, as RFC 9457 problems (`application/problem+json`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a request was refused, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The address of the page about this code.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// What this code means, the same for every such problem.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was refused, and why.
    pub detail: String,
    /// By which programs tell problems apart; once published it stays.
    pub code: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Every mistake with its place, where there are several or they have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Mistake>,
}

/// A mistake and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mistake {
    /// Where, such as `args[1].sizes[3]`.
    pub place: String,
    /// What is wrong there, such as `expected u32, got -1`.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        for mistake in &self.errors {
            // A problem with one mistake may say it in its detail as well.
            if !self.detail.contains(&mistake.message) {
                write!(f, "\n  {}: {}", mistake.place, mistake.message)?;
            }
        }
        Ok(())
    }
}
