use super::*;

fn at(text: &str) -> Moment {
    Moment(text.parse::<Timestamp>().unwrap().as_microsecond())
}

/// The firings after a moment, as local times with their offset.
fn firings(cron: &str, timezone: &str, after: &str, count: usize) -> Vec<String> {
    let timetable = Timetable::parse(cron, timezone).unwrap();
    let mut now = at(after);
    let mut told = Vec::new();
    for _ in 0..count {
        now = timetable.next(now).unwrap();
        let local = Timestamp::from_microsecond(now.0)
            .unwrap()
            .to_zoned(timetable.zone.clone());
        told.push(local.strftime("%m-%d %H:%M:%S%:z").to_string());
    }
    told
}

#[test]
fn a_time_that_does_not_exist_fires_at_the_next_instant_that_does() {
    // Berlin goes from 02:00 to 03:00, New York too, Lord Howe from 02:00 to 02:30.
    assert_eq!(
        firings("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
        [
            "03-28 02:30:00+01:00",
            "03-29 03:00:00+02:00",
            "03-30 02:30:00+02:00"
        ]
    );
    assert_eq!(
        firings("15 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", 2),
        ["03-08 03:00:00-04:00", "03-09 02:15:00-04:00"]
    );
    assert_eq!(
        firings(
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T00:00:00Z",
            2
        ),
        ["10-04 02:30:00+11:00", "10-05 02:15:00+11:00"]
    );
}

#[test]
fn several_times_that_do_not_exist_fire_once_together() {
    assert_eq!(
        firings("*/20 2,3 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 4),
        [
            "03-29 03:00:00+02:00",
            "03-29 03:20:00+02:00",
            "03-29 03:40:00+02:00",
            "03-30 02:00:00+02:00"
        ]
    );
}

#[test]
fn a_time_that_exists_twice_fires_the_first_time() {
    assert_eq!(
        firings("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["10-25 02:30:00+02:00", "10-26 02:30:00+01:00"]
    );
    assert_eq!(
        firings("30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", 2),
        ["11-01 01:30:00-04:00", "11-02 01:30:00-05:00"]
    );
    // Lord Howe goes from 02:00 back to 01:30.
    assert_eq!(
        firings(
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T00:00:00Z",
            2
        ),
        ["04-05 01:45:00+11:00", "04-06 01:45:00+10:30"]
    );
}

#[test]
fn who_looks_in_the_repeated_hour_finds_the_next_day() {
    assert_eq!(
        firings("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1),
        ["10-26 02:30:00+01:00"]
    );
}

#[test]
fn the_end_of_the_repeated_hour_fires_once() {
    // 03:00 is where the clock would have gone on: it comes an hour later.
    assert_eq!(
        firings("0 3 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 2),
        ["10-25 03:00:00+01:00", "10-26 03:00:00+01:00"]
    );
}

#[test]
fn the_first_instant_after_the_gap_fires_once_even_if_it_is_named_itself() {
    assert_eq!(
        firings("0 2-4 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
        [
            "03-29 03:00:00+02:00",
            "03-29 04:00:00+02:00",
            "03-30 02:00:00+02:00"
        ]
    );
}

/// The seconds between the firings around a change of the clocks.
fn steps(cron: &str, timezone: &str, after: &str, count: usize) -> Vec<i64> {
    let timetable = Timetable::parse(cron, timezone).unwrap();
    let mut now = timetable.next(at(after)).unwrap();
    let mut steps = Vec::new();
    for _ in 0..count {
        let next = timetable.next(now).unwrap();
        steps.push((next.0 - now.0) / MICROSECONDS);
        now = next;
    }
    steps
}

#[test]
fn a_line_for_every_minute_fires_in_each_real_minute_through_every_change() {
    for (timezone, change) in [
        ("Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Asia/Kolkata", "2026-06-01T00:00:00Z"),
    ] {
        let before = Moment(at(change).0 - 2 * 3_600 * MICROSECONDS).to_string();

        assert_eq!(
            steps("* * * * *", timezone, &before, 240),
            [60; 240],
            "{timezone} {change}"
        );
        assert_eq!(
            steps("*/10 * * * * *", timezone, &before, 1_500),
            [10; 1_500],
            "{timezone}"
        );
    }
}

#[test]
fn a_line_for_every_hour_fires_in_each_real_hour_where_clocks_move_by_an_hour() {
    for (timezone, after) in [
        ("Europe/Berlin", "2026-03-28T22:00:00Z"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z"),
        ("America/New_York", "2026-03-08T04:00:00Z"),
        ("America/New_York", "2026-11-01T03:00:00Z"),
        ("Asia/Kolkata", "2026-10-24T22:00:00Z"),
    ] {
        assert_eq!(
            steps("17 * * * *", timezone, after, 8),
            [3_600; 8],
            "{timezone}"
        );
        assert_eq!(
            steps("@hourly", timezone, after, 8),
            [3_600; 8],
            "{timezone}"
        );
    }
}

#[test]
fn where_clocks_move_by_half_an_hour_a_line_for_every_hour_fires_when_the_clock_shows_it() {
    assert_eq!(
        firings(
            "45 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:30:00Z",
            4
        ),
        [
            "04-05 00:45:00+11:00",
            "04-05 01:45:00+11:00",
            "04-05 01:45:00+10:30",
            "04-05 02:45:00+10:30"
        ]
    );
}

#[test]
fn a_zone_without_daylight_saving_has_its_own_midnight() {
    assert_eq!(
        firings("0 0 * * *", "Asia/Kolkata", "2026-03-28T00:00:00Z", 2),
        ["03-29 00:00:00+05:30", "03-30 00:00:00+05:30"]
    );
    assert_eq!(
        firings("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2),
        ["02-29 00:00:00+00:00", "02-29 00:00:00+00:00"]
    );
}

#[test]
fn the_next_firing_is_later_than_the_moment_and_the_same_from_anywhere_before_it() {
    let timetable = Timetable::parse("*/7 1-3 * * *", "Europe/Berlin").unwrap();
    let start = at("2026-03-29T00:00:00Z");

    let mut next = timetable.next(start).unwrap();
    for second in 0..4 * 3_600 {
        let now = start.moved(second * MICROSECONDS + 1);
        if now >= next {
            next = timetable.next(next).unwrap();
        }
        assert_eq!(timetable.next(now), Some(next), "{now}");
    }
}

#[test]
fn a_time_zone_that_is_none_is_refused() {
    let error = Timetable::parse("* * * * *", "Europe/Bielefeld").unwrap_err();

    assert_eq!(error.field, "timezone");
    assert_eq!(
        error.message,
        "\"Europe/Bielefeld\" is no time zone: give its IANA name, such as UTC or Europe/Berlin"
    );
}
