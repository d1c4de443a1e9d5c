//! Cron lines: read, checked field by field, and asked for the local times that they name.
//!
//! The grammar and the search are those of the library `croner`, on wall times without a zone: what a
//! change of the clocks does to them is `timetable`'s business.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, date};

use crate::model::queue::InvalidSetting;

/// The longest line, in bytes.
const LINE_MAX_BYTES: usize = 256;

/// How many hours a line names that fires in every hour.
const HOURS: usize = 24;

/// The fields of a line, seconds first, with what they may hold.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0 to 59"),
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    (
        "day of month",
        "1 to 31, L for the last, 15W for the working day next to the 15th",
    ),
    ("month", "1 to 12 or JAN to DEC"),
    (
        "day of week",
        "0 to 7 or SUN to SAT (0 and 7 are Sunday), FRI#2 for the second, FRI#L for the last of the month",
    ),
];

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const NICKNAMES: [&str; 6] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@hourly",
];

/// A cron line: five fields, or six with seconds first, or `@hourly` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(Cron);

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// If it is none, or names a day that never comes; the message names the field.
    pub fn parse(text: &str) -> Result<Self, InvalidSetting> {
        let text = text.trim();
        if text.len() > LINE_MAX_BYTES {
            let has = text.len();
            return refuse(format!(
                "has {has} bytes: at most {LINE_MAX_BYTES} are allowed"
            ));
        }
        if text.starts_with('@') {
            let known = NICKNAMES.iter().any(|name| name.eq_ignore_ascii_case(text));
            return match read(text) {
                Some(line) if known => Ok(line),
                _ => refuse(format!("{text:?} is none of {}", NICKNAMES.join(", "))),
            };
        }
        let fields: Vec<_> = text.split_whitespace().collect();
        let first = match fields.len() {
            5 => 1,
            6 => 0,
            count => {
                return refuse(format!(
                    "{text:?} has {count} fields: expected 5 (minute, hour, day of month, month, day of week), or 6 with seconds first"
                ));
            }
        };
        for (index, field) in fields.iter().enumerate() {
            check(first + index, field, index + 1)?;
        }
        let line = match read(text) {
            Some(line) => line,
            None => return refuse(format!("{text:?} is no cron line")),
        };
        // From the start of a leap year on: what does not come from there never comes.
        match line.from(date(2024, 1, 1).at(0, 0, 0, 0)) {
            Some(_) => Ok(line),
            None => refuse(format!(
                "{text:?} never comes: there is no day {} (field {}) in the month {} (field {})",
                fields[3 - first],
                4 - first,
                fields[4 - first],
                5 - first
            )),
        }
    }

    /// The first local time that it names, then or later.
    pub(super) fn from(&self, time: DateTime) -> Option<DateTime> {
        self.0.find_next_occurrence(&time, true).ok()
    }

    /// Whether it names times in every hour of a day, so that it is meant to fire by the time that
    /// passes.
    pub(super) fn is_hourly(&self) -> bool {
        self.0.pattern.hours.values().len() == HOURS
    }
}

fn read(text: &str) -> Option<Line> {
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build();
    parser.parse(text).ok().map(Line)
}

/// Checks one field by itself, so that the mistake has a place.
fn check(kind: usize, field: &str, number: usize) -> Result<(), InvalidSetting> {
    let mut alone = ["0", "*", "*", "*", "*", "*"];
    alone[kind] = field;
    // The library takes the names of months and days wherever they stand.
    if words_fit(kind, field) && read(&alone.join(" ")).is_some() {
        return Ok(());
    }
    let (name, allowed) = FIELDS[kind];
    refuse(format!(
        "field {number}, {name}: {field:?} is none: expected {allowed}, also in lists (1,2), ranges (1-5) and steps (*/5, 10-20/5)"
    ))
}

fn words_fit(kind: usize, field: &str) -> bool {
    let field = field.to_ascii_uppercase();
    let mut words = field
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    words.all(|word| match kind {
        3 => matches!(word, "L" | "W" | "LW"),
        4 => MONTHS.contains(&word),
        5 => word == "L" || WEEKDAYS.contains(&word.strip_suffix('L').unwrap_or(word)),
        _ => false,
    })
}

fn refuse<T>(message: String) -> Result<T, InvalidSetting> {
    Err(InvalidSetting {
        field: "cron",
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Line::parse(text).unwrap_err().message
    }

    #[test]
    fn lines_of_five_and_six_fields_names_lists_ranges_and_steps_read() {
        for text in [
            "* * * * *",
            "*/5 * * * * *",
            "0 9-17/2 * * mon-fri",
            "0 0 1,15 JAN,jul *",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 LW * *",
            "0 0 * * FRI#2",
            "0 0 * * 5L",
            "0 0 ? * 7",
            "0 0 29 2 *",
            "@hourly",
            "@Daily",
            "  0  0 * * *  ",
        ] {
            assert!(Line::parse(text).is_ok(), "{text}: {:?}", Line::parse(text));
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_field() {
        for (text, place) in [
            ("60 * * * *", "field 1, minute: \"60\""),
            ("0 24 * * *", "field 2, hour: \"24\""),
            ("0 0 0 * *", "field 3, day of month: \"0\""),
            ("0 0 MON * *", "field 3, day of month: \"MON\""),
            ("0 0 * 13 *", "field 4, month: \"13\""),
            ("0 0 * * 8", "field 5, day of week: \"8\""),
            ("0 0 * * MONDAY", "field 5, day of week: \"MONDAY\""),
            ("61 0 0 * * *", "field 1, second: \"61\""),
            ("0 0 */0 * *", "field 3, day of month: \"*/0\""),
            ("0 5-3 * * *", "field 2, hour: \"5-3\""),
            ("0 0 * * 1-", "field 5, day of week: \"1-\""),
        ] {
            assert!(
                message(text).starts_with(place),
                "{text}: {}",
                message(text)
            );
        }
    }

    #[test]
    fn a_line_of_too_few_or_too_many_fields_is_refused() {
        for text in ["", "*", "* * * *", "* * * * * * *", "@sometimes", "@"] {
            assert!(Line::parse(text).is_err(), "{text}");
        }
        assert!(message(&"1,".repeat(1 << 20)).contains("at most 256"));
    }

    #[test]
    fn a_day_that_never_comes_is_refused() {
        assert_eq!(
            message("0 0 30 2 *"),
            "\"0 0 30 2 *\" never comes: there is no day 30 (field 3) in the month 2 (field 4)"
        );
        assert!(message("0 0 0 31 APR,JUN *").contains("31 (field 4) in the month APR,JUN"));
    }
}
