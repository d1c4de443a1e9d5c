//! A task that tells a collector when it starts and when it ends.
//!
//! What arrives there is a log that the host under test has no hand in: from it the tests prove
//! how many ran at once, and in which order. The collector must be on the component's allow-list.

/// What is to be proved by a log.
#[windlass_guest::tasks(package = "test:collector@0.1.0", interface = "tasks")]
pub mod tasks {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use windlass_guest::this_invocation;
    use windlass_guest_http as http;

    /// Posts `start <key> <attempt> <id> <when>`, waits, posts `end <key> <attempt> <id>`, returns the
    /// key. When is in microseconds since 1970.
    pub fn record(url: String, key: String, hold_ms: u32) -> Result<String, String> {
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let invocation = this_invocation();
        let line = |event: &str| format!("{event} {key} {} {}", invocation.attempt, invocation.id);
        post(&url, &format!("{} {}", line("start"), at.as_micros()))?;
        std::thread::sleep(Duration::from_millis(u64::from(hold_ms)));
        post(&url, &line("end"))?;
        Ok(key)
    }

    /// As `record`, but keeps a processor busy instead of waiting: counts to `rounds` between its
    /// two posts.
    pub fn record_busy(url: String, key: String, rounds: u64) -> Result<String, String> {
        let invocation = this_invocation();
        let line = |event: &str| format!("{event} {key} {} {}", invocation.attempt, invocation.id);
        post(&url, &line("start"))?;
        for round in 0..rounds {
            std::hint::black_box(round);
        }
        post(&url, &line("end"))?;
        Ok(key)
    }

    fn post(url: &str, line: &str) -> Result<(), String> {
        match http::post(url, "text/plain", line.as_bytes()) {
            Ok(response) if (200..300).contains(&response.status) => Ok(()),
            Ok(response) => Err(format!("{url} answered with status {}", response.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}
