//! Schedules: which moments a cron line names in a time zone, and what becomes of a firing that was
//! missed or that meets the one before.
//!
//! - `cron`: cron lines, as local times that they name
//! - `timetable`: a cron line in a time zone, as moments

mod cron;
mod timetable;

pub use cron::Line;
pub use timetable::Timetable;

use serde::{Deserialize, Serialize};

/// What becomes of times at which no host looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// They are left out.
    #[default]
    Skip,
    /// Each of them is enqueued late.
    Backfill,
}

/// What becomes of a firing while the invocation of the one before has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It is enqueued all the same.
    #[default]
    Queue,
    /// It is left out.
    Skip,
    /// The one before is cancelled, and it is enqueued.
    Replace,
}
