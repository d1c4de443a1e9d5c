//! Retries: which failures are tried again, how often, and after how long.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::queue::InvalidSetting;
use super::{Failure, FailureKind};

/// The most retries that may be asked for.
pub const RETRIES_MAX: u32 = 1_000;

/// The longest wait between two attempts, in milliseconds: thirty days.
pub const BACKOFF_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// How often a failed attempt is made again, and when.
///
/// The wait before the n-th retry is `backoff_ms · factor^(n - 1)`, at most `max_backoff_ms`, less a
/// random part of it of at most `jitter`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// At most so many attempts after the first.
    pub max: u32,
    /// The wait before the first retry, in milliseconds.
    pub backoff_ms: u64,
    /// By how much each wait is longer than the one before.
    pub factor: f64,
    /// The longest wait, in milliseconds.
    pub max_backoff_ms: u64,
    /// How much of a wait is left to chance, from 0 to 1: so that what failed together is not tried
    /// again together.
    pub jitter: f64,
    /// Which failures are tried again: kinds, or `guest:CASE` for a guest's error of one case.
    pub on: Vec<Rule>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max: 0,
            backoff_ms: 1_000,
            factor: 2.0,
            max_backoff_ms: 60 * 60 * 1000,
            jitter: 0.1,
            on: vec![
                Rule::Kind(FailureKind::Guest),
                Rule::Kind(FailureKind::Trap),
                Rule::Kind(FailureKind::Limit),
                Rule::Kind(FailureKind::Timeout),
            ],
        }
    }
}

/// A failure that is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// Every failure of this kind.
    Kind(FailureKind),
    /// An error of the guest whose payload is this case of its enum or variant.
    Case(String),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => kind.fmt(f),
            Self::Case(case) => write!(f, "guest:{case}"),
        }
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(case) = text.strip_prefix("guest:") {
            return match case.is_empty() {
                true => {
                    Err("`guest:` names no case: write `guest:CASE`, or `guest` for all".into())
                }
                false => Ok(Self::Case(case.to_owned())),
            };
        }
        let kind = text.parse().map_err(|_| {
            format!(
                "{text:?} is nothing that is tried again: guest, guest:CASE, trap, limit, timeout, component or host-lost"
            )
        })?;
        match kind {
            FailureKind::Cancelled | FailureKind::Arguments | FailureKind::Nondeterminism => {
                Err(format!("`{kind}` would end the same way again"))
            }
            kind => Ok(Self::Kind(kind)),
        }
    }
}

impl TryFrom<String> for Rule {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl Rule {
    fn holds_for(&self, failure: &Failure) -> bool {
        match self {
            Self::Kind(kind) => *kind == failure.kind,
            Self::Case(case) => {
                let payload = failure.payload.as_ref().map(|payload| payload.get());
                failure.kind == FailureKind::Guest
                    && payload.is_some_and(|payload| case_of(payload).as_deref() == Some(case))
            }
        }
    }
}

/// The case of an enum or variant, as JSON shows it: `"name"` or `{"name": …}`.
fn case_of(payload: &str) -> Option<String> {
    match serde_json::from_str(payload).ok()? {
        serde_json::Value::String(case) => Some(case),
        serde_json::Value::Object(fields) if fields.len() == 1 => {
            fields.into_iter().next().map(|(case, _)| case)
        }
        _ => None,
    }
}

impl Retries {
    /// How long to wait, in milliseconds, before this failure is tried again; none if it is final.
    ///
    /// `retried` is how many retries there were already, `chance` a random number from 0 to 1. What
    /// failed in a workflow's own code fails again when it is replayed.
    pub fn after(
        &self,
        failure: &Failure,
        retried: u32,
        workflow: bool,
        chance: f64,
    ) -> Option<u64> {
        let again = workflow
            && matches!(
                failure.kind,
                FailureKind::Guest | FailureKind::Trap | FailureKind::Nondeterminism
            );
        if again || retried >= self.max || !self.on.iter().any(|rule| rule.holds_for(failure)) {
            return None;
        }
        let longest = self.max_backoff_ms.min(BACKOFF_MS_MAX) as f64;
        let wait = self.backoff_ms as f64 * self.factor.powi(retried.min(i32::MAX as u32) as i32);
        Some((wait.min(longest) * (1.0 - self.jitter * chance)).round() as u64)
    }

    /// These retries, if they can be. `field` is where they stand.
    pub fn checked(self, field: &'static str) -> Result<Self, InvalidSetting> {
        let wrong = match &self {
            Self { max, .. } if *max > RETRIES_MAX => {
                format!("max: expected at most {RETRIES_MAX}, got {max}")
            }
            Self { backoff_ms, .. } if *backoff_ms > BACKOFF_MS_MAX => {
                format!("backoff_ms: expected at most {BACKOFF_MS_MAX}, got {backoff_ms}")
            }
            Self { max_backoff_ms, .. } if *max_backoff_ms > BACKOFF_MS_MAX => {
                format!("max_backoff_ms: expected at most {BACKOFF_MS_MAX}, got {max_backoff_ms}")
            }
            Self { factor, .. } if !(1.0..=100.0).contains(factor) => {
                format!("factor: expected 1 to 100, got {factor}")
            }
            Self { jitter, .. } if !(0.0..=1.0).contains(jitter) => {
                format!("jitter: expected 0 to 1, got {jitter}")
            }
            Self { on, .. } if on.is_empty() => {
                "on: names nothing that is tried again (leave it out for the usual kinds)"
                    .to_owned()
            }
            _ => return Ok(self),
        };
        Err(InvalidSetting {
            field,
            message: wrong,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn guest(payload: &str) -> Failure {
        let mut failure = Failure::new(FailureKind::Guest, "err");
        failure.payload = Some(RawValue::from_string(payload.to_owned()).unwrap());
        failure
    }

    #[test]
    fn waits_grow_up_to_the_longest_and_end_with_the_last_retry() {
        let retries = Retries {
            max: 5,
            backoff_ms: 100,
            max_backoff_ms: 500,
            jitter: 0.5,
            ..Retries::default()
        };
        let failure = Failure::new(FailureKind::Timeout, "late");

        let waits: Vec<_> = (0..6)
            .map(|n| retries.after(&failure, n, false, 0.0))
            .collect();

        assert_eq!(
            waits,
            [Some(100), Some(200), Some(400), Some(500), Some(500), None]
        );
        assert_eq!(retries.after(&failure, 0, false, 1.0), Some(50));
    }

    #[test]
    fn a_rule_may_name_the_case_of_a_guests_error() {
        let rule = "guest:overloaded".parse().unwrap();
        let retries = Retries {
            max: 1,
            on: vec![rule],
            ..Retries::default()
        };

        for (payload, again) in [
            ("\"overloaded\"", true),
            ("{\"overloaded\": 3}", true),
            ("\"invalid\"", false),
            ("7", false),
        ] {
            let wait = retries.after(&guest(payload), 0, false, 0.0);
            assert_eq!(wait.is_some(), again, "{payload}");
        }
    }

    #[test]
    fn what_fails_in_a_workflows_own_code_is_final() {
        let retries = Retries {
            max: 9,
            ..Retries::default()
        };

        assert_eq!(retries.after(&guest("1"), 0, true, 0.0), None);
        assert!(
            retries
                .after(&Failure::new(FailureKind::Timeout, "late"), 0, true, 0.0)
                .is_some()
        );
    }

    #[test]
    fn rules_that_cannot_help_are_refused_with_the_way_out() {
        for text in ["cancelled", "nondeterminism", "guest:", "often"] {
            let refused = serde_json::from_value::<Rule>(text.into()).unwrap_err();
            assert!(!refused.to_string().is_empty(), "{text}");
        }
    }

    #[test]
    fn retries_beyond_their_bounds_are_refused() {
        for bad in [
            Retries {
                max: RETRIES_MAX + 1,
                ..Retries::default()
            },
            Retries {
                factor: 0.5,
                ..Retries::default()
            },
            Retries {
                factor: f64::NAN,
                ..Retries::default()
            },
            Retries {
                jitter: 1.5,
                ..Retries::default()
            },
            Retries {
                backoff_ms: BACKOFF_MS_MAX + 1,
                ..Retries::default()
            },
            Retries {
                on: Vec::new(),
                ..Retries::default()
            },
        ] {
            assert!(bad.clone().checked("retries").is_err(), "{bad:?}");
        }
    }
}
