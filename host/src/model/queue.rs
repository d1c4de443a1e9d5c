//! What a queue allows.

use serde::{Deserialize, Serialize};

/// The highest concurrency that may be asked for.
pub const CONCURRENCY_MAX: u32 = 1_000_000;

/// The longest timeout of one attempt, in milliseconds: thirty days.
pub const TIMEOUT_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// A queue's settings, all changeable while it runs; null or absent means no such limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// At most so many invocations at once over all hosts.
    pub concurrency: Option<u32>,
    /// Whether retries keep their place and hold what follows, and starts happen in order.
    /// Where it is not said: true if `concurrency` is 1.
    pub ordered: Option<bool>,
    /// Whether nothing starts.
    pub paused: bool,
    /// How long one attempt may take, in milliseconds, where the call does not say.
    pub timeout_ms: Option<u64>,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidSetting {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it, and the way out.
    pub message: String,
}

impl Settings {
    /// Whether starts happen strictly in order.
    pub fn is_ordered(&self) -> bool {
        self.ordered.unwrap_or(self.concurrency == Some(1))
    }

    /// These settings, if they can be.
    pub fn checked(self) -> Result<Self, InvalidSetting> {
        let fail = |field, message: String| Err(InvalidSetting { field, message });
        match self.concurrency {
            Some(0) => {
                return fail(
                    "concurrency",
                    "expected at least 1, got 0 (to stop a queue, pause it)".to_owned(),
                );
            }
            Some(n) if n > CONCURRENCY_MAX => {
                return fail(
                    "concurrency",
                    format!("expected at most {CONCURRENCY_MAX}, got {n} (null means no limit)"),
                );
            }
            _ => {}
        }
        match self.timeout_ms {
            Some(ms) if ms == 0 || ms > TIMEOUT_MS_MAX => fail(
                "timeout_ms",
                format!("expected 1 to {TIMEOUT_MS_MAX}, got {ms}"),
            ),
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_with_concurrency_one_is_ordered_unless_told_otherwise() {
        let one = Settings {
            concurrency: Some(1),
            ..Settings::default()
        };
        let loose = Settings {
            ordered: Some(false),
            ..one.clone()
        };

        assert!(one.is_ordered());
        assert!(!loose.is_ordered());
        assert!(!Settings::default().is_ordered());
    }

    #[test]
    fn a_concurrency_of_zero_or_a_billion_is_refused() {
        for concurrency in [0, 1_000_000_000] {
            let settings = Settings {
                concurrency: Some(concurrency),
                ..Settings::default()
            };
            assert_eq!(settings.checked().unwrap_err().field, "concurrency");
        }
    }
}
