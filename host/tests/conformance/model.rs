//! Whatever happens to a queue in whatever order, a store keeps its promises: what random sequences
//! do to it is done to a model in memory as well, which says what each answer may be.
//!
//! `promises` knows what is true of each invocation, `claims` what a claim may bring and must bring,
//! `play` draws what happens next and does it to both, `host` plays the hosts. Families are not part
//! of it: see `lending_at_random`.
//!
//! `WINDLASS_TEST_SEQUENCES` says how many sequences each store plays, `WINDLASS_TEST_SEED` plays the
//! one of this seed, which a failure names.

mod claims;
mod host;
mod play;
mod promises;
mod settings;

use std::env;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use windlass::store::Backend;

use super::bed::Bed;
use play::Play;

cases!(
    any_sequence_on_a_queue_without_partitions_keeps_the_promises,
    any_sequence_on_a_queue_with_partitions_keeps_the_promises,
    any_sequence_with_changing_settings_keeps_the_promises,
);

/// Sequences of each case where nothing is said. A commit of Postgres takes longer.
const ON_SQLITE: u64 = 700;
const ON_POSTGRES: u64 = 70;

/// Which settings a sequence begins with, and whether they change.
#[derive(Clone, Copy)]
pub enum Kind {
    Plain,
    Partitioned,
    Changing,
}

async fn any_sequence_on_a_queue_without_partitions_keeps_the_promises(bed: Bed) {
    run(bed, Kind::Plain, 0).await;
}

async fn any_sequence_on_a_queue_with_partitions_keeps_the_promises(bed: Bed) {
    run(bed, Kind::Partitioned, 1_000_000).await;
}

async fn any_sequence_with_changing_settings_keeps_the_promises(bed: Bed) {
    run(bed, Kind::Changing, 2_000_000).await;
}

/// Plays sequences of the seeds from `first`, one after the other on the same queue.
async fn run(bed: Bed, kind: Kind, first: u64) {
    let clock = bed.stop_clock().await;
    let mut play = Play::new(&bed.store, clock).await;
    for seed in seeds(bed.store.backend(), first) {
        let played = AssertUnwindSafe(play.sequence(kind, seed)).catch_unwind();
        if let Err(panic) = played.await {
            eprintln!("play it again with WINDLASS_TEST_SEED={seed}");
            for line in play.told() {
                eprintln!("  {line}");
            }
            std::panic::resume_unwind(panic);
        }
    }
}

fn seeds(backend: Backend, first: u64) -> Vec<u64> {
    let number = |name| env::var(name).ok().map(|text| text.parse().unwrap());
    let usual = match backend {
        Backend::Sqlite => ON_SQLITE,
        Backend::Postgres => ON_POSTGRES,
    };
    let count = number("WINDLASS_TEST_SEQUENCES").unwrap_or(usual);
    match number("WINDLASS_TEST_SEED") {
        Some(seed) => vec![seed],
        None => (first..first + count).collect(),
    }
}
