//! Moments, and the clock that ends a host's lease.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time, in microseconds since 1970, as stored; RFC 3339 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    /// Now, by this machine's wall clock.
    pub fn now() -> Self {
        Self(Timestamp::now().as_microsecond())
    }

    /// This moment, moved by so many microseconds.
    pub fn moved(self, microseconds: i64) -> Self {
        Self(self.0.saturating_add(microseconds))
    }

    /// So many milliseconds later, at most the end of time.
    pub fn moved_ms(self, ms: u64) -> Self {
        let us = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000);
        Self(self.0.saturating_add(us))
    }

    /// How long it is from this moment until a later one; nothing if that has passed.
    pub fn until(self, later: Self) -> Duration {
        let us = later.0.saturating_sub(self.0);
        Duration::from_micros(u64::try_from(us).unwrap_or(0))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.timestamp())
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let timestamp: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(timestamp.as_microsecond()))
    }
}

/// The time since this machine started, which goes on while it sleeps and which nobody can set.
///
/// Leases are measured by it: a host that was suspended must find its lease run out.
pub fn since_boot() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec for the call to fill, and CLOCK_BOOTTIME exists on every
    // Linux that runs us.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut time) };
    assert_eq!(failed, 0, "this system has no CLOCK_BOOTTIME");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_rfc_3339_and_back() {
        let moment = Moment(1_700_000_000_123_456);

        let text = serde_json::to_string(&moment).unwrap();

        assert_eq!(text, "\"2023-11-14T22:13:20.123456Z\"");
        assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), moment);
    }
}
