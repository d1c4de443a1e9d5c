//! Settings at random: each limit there or not, small enough to be reached.

use windlass::model::queue::{Partitions, RateLimit, Settings};

use super::Kind;
use crate::conformance::random::Random;

/// The same in every sequence, so that a limit that changes counts the same period.
const PERIOD_MS: u64 = 1_000;
const LANE_PERIOD_MS: u64 = 400;

pub fn any(kind: Kind, random: &mut Random) -> Settings {
    let partitions = match kind {
        Kind::Plain => false,
        Kind::Partitioned => true,
        Kind::Changing => random.one_in(2),
    };
    Settings {
        concurrency: limit(random, 2, 4),
        rate_limit: rate(random, 3, 5, PERIOD_MS),
        partitions: partitions.then(|| Partitions {
            concurrency: limit(random, 2, 3),
            rate_limit: rate(random, 3, 3, LANE_PERIOD_MS),
        }),
        ordered: [None, Some(true), Some(false)][random.below(3)],
        ..Settings::default()
    }
}

/// A limit of 1 to `most`, once in `often`.
fn limit(random: &mut Random, often: usize, most: usize) -> Option<u32> {
    random.one_in(often).then(|| 1 + random.below(most) as u32)
}

fn rate(random: &mut Random, often: usize, most: usize, period_ms: u64) -> Option<RateLimit> {
    limit(random, often, most).map(|limit| RateLimit { limit, period_ms })
}
