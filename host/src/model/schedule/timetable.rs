//! A cron line in a time zone: at which moments it fires.
//!
//! A line that names some hours fires by the clock on the wall, once at each local time: one that
//! does not exist because the clocks go forward fires at the next instant that does (several such
//! times together, once), and one that exists twice because they go back fires the first time. A line
//! that names every hour fires by the time that passes: whenever the clock shows what it names, so
//! that a line for every minute fires in each real minute.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Line;
use crate::model::Moment;
use crate::model::queue::InvalidSetting;

/// A cron line in a time zone.
#[derive(Debug, Clone)]
pub struct Timetable {
    line: Line,
    zone: TimeZone,
}

impl Timetable {
    /// Reads a cron line, and the IANA name of a time zone.
    ///
    /// # Errors
    ///
    /// If one of them is none.
    pub fn parse(cron: &str, timezone: &str) -> Result<Self, InvalidSetting> {
        let line = Line::parse(cron)?;
        let zone = TimeZone::get(timezone).map_err(|_| InvalidSetting {
            field: "timezone",
            message: format!(
                "{:?} is no time zone: give its IANA name, such as UTC or Europe/Berlin",
                timezone.chars().take(40).collect::<String>()
            ),
        })?;
        Ok(Self { line, zone })
    }

    /// The name of the time zone as it is spelled.
    pub fn timezone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// When it fires first after this moment; none if it never does again.
    pub fn next(&self, after: Moment) -> Option<Moment> {
        let second = after.0.div_euclid(MICROSECONDS).checked_add(1)?;
        let mut from = Timestamp::from_second(second).ok()?;
        // From one change of the clocks to the next, in which local times are just moved instants.
        loop {
            let offset = self.zone.to_offset(from);
            let mut local = offset.to_datetime(from);
            if !self.line.is_hourly()
                && let Some((changed, would_be)) = self.last_change(from)
            {
                let is = offset.to_datetime(changed);
                if changed == from && is > would_be && self.names_any(would_be, is) {
                    return Some(moment(from));
                }
                // What the clock shows a second time has fired already.
                local = local.max(would_be);
            }
            let found = offset.to_timestamp(self.line.from(local)?).ok()?;
            let mut changes = self.zone.following(from);
            match changes.next().map(|change| change.timestamp()) {
                Some(change) if found >= change => from = change,
                _ => return Some(moment(found)),
            }
        }
    }

    /// The last change of the clocks until then, and what they would have shown at it.
    fn last_change(&self, until: Timestamp) -> Option<(Timestamp, DateTime)> {
        let then = Timestamp::from_second(until.as_second().checked_add(1)?).ok()?;
        let changed = self.zone.preceding(then).next()?.timestamp();
        let before = Timestamp::from_second(changed.as_second().checked_sub(1)?).ok()?;
        Some((changed, self.zone.to_offset(before).to_datetime(changed)))
    }

    fn names_any(&self, from: DateTime, to: DateTime) -> bool {
        self.line.from(from).is_some_and(|time| time < to)
    }
}

const MICROSECONDS: i64 = 1_000_000;

fn moment(timestamp: Timestamp) -> Moment {
    Moment(timestamp.as_microsecond())
}

#[cfg(test)]
mod tests;
