//! What every store promises, case by case the same on SQLite and on Postgres.
//!
//! A case is an `async fn(Bed)`; `cases!` makes a test of it for each backend. SQLite runs in a
//! temporary folder. Postgres runs on the server at `WINDLASS_TEST_POSTGRES` (the URL of a
//! superuser), in a database of the case's own; without that variable its cases are left out with
//! a line that says so, or fail where `CI` is true.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

/// Makes a module of tests for each backend out of cases.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $case() {
                crate::conformance::bed::on_sqlite(super::$case);
            })+
        }
        mod postgres {
            $(#[test]
            fn $case() {
                crate::conformance::bed::on_postgres(super::$case);
            })+
        }
    };
}

mod conformance {
    mod bed;
    mod clock;
    mod controls;
    mod families;
    mod random;
    mod world;

    mod cancelling;
    mod caps;
    mod compiled;
    mod components;
    mod counting;
    mod deadlines;
    mod debouncing;
    mod enqueueing;
    mod fencing;
    mod firing;
    mod handles;
    mod lending;
    mod lending_at_random;
    mod lending_handed_on;
    mod lists;
    mod messages;
    mod model;
    mod once;
    mod opening;
    mod order;
    mod partitions;
    mod partitions_changing;
    mod pausing;
    mod rate;
    mod rescue;
    mod resuming;
    mod retention;
    mod retrying;
    mod schedules;
    mod scheduling;
    mod signals;
    mod slots;
    mod standing;
    mod steps;
    mod waiting;
    mod workflows;
}
