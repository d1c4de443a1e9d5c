//! Cases of one queue on one host.

use super::*;
use crate::model::{Fence, FunctionId, InvocationId, Key, Namespace};

pub(in crate::queue) fn claimed(key: i64) -> Claimed {
    Claimed {
        hold: Hold {
            key: Key(key),
            fence: Fence(1),
        },
        id: InvocationId::from_store(key.to_string()),
        namespace: Namespace::default_namespace(),
        attempt: 1,
        running: false,
        suspect: false,
        alone: false,
        function: FunctionId(1),
        task: "hello/nothing".to_owned(),
        arguments: None,
        timeout_ms: None,
        place: (0, key),
        workflow: false,
        resumed: false,
        lent: false,
        depth: 0,
        partition: None,
        retried: 0,
        retries: None,
        left_us: None,
        unchecked: false,
    }
}

fn desk() -> Desk {
    Desk::new(QueueId(1), &Settings::default())
}

fn granted(concurrency: Option<u32>, slots: Option<u32>, keys: &[i64], drained: bool) -> Granted {
    Granted {
        queue: QueueId(1),
        settings: Settings {
            concurrency,
            ..Settings::default()
        },
        slots,
        contended: false,
        claimed: keys.iter().copied().map(claimed).collect(),
        drained,
        opens_in_us: None,
        counted_after_us: None,
    }
}

#[test]
fn a_drained_queue_is_not_asked_again_until_there_is_work() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();

    desk.take(&asked, granted(None, None, &[], true), now, now);

    assert_eq!(desk.claim(8, now, false), None);
    desk.hear_of_work();
    assert!(desk.claim(8, now, false).is_some());
}

#[test]
fn no_more_start_than_the_slots_allow() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(
        &asked,
        granted(Some(2), Some(2), &[1, 2, 3], false),
        now,
        now,
    );

    desk.start(now).unwrap();
    desk.start(now).unwrap();

    assert!(desk.next(now).is_none());
    desk.end(false);
    assert_eq!(desk.next(now).unwrap().hold.key, Key(3));
}

#[test]
fn what_has_not_started_in_time_goes_back_in_its_order() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(&asked, granted(None, None, &[1, 2], true), now, now);

    assert!(desk.give_back(now, false, |_| true).is_empty());
    let back = desk.give_back(now + RESERVED_MAX, false, |_| true);

    let keys: Vec<_> = back.iter().map(|returned| returned.hold.key).collect();
    assert_eq!(keys, [Key(1), Key(2)]);
}

#[test]
fn a_queue_whose_head_is_not_compiled_claims_nothing_until_it_is() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(&asked, granted(None, None, &[1], false), now, now);

    desk.give_back(now + RESERVED_MAX, false, |_| false);
    desk.hear_of_work();

    assert_eq!(desk.claim(8, now, false), None);
    desk.unblock();
    assert!(desk.claim(8, now, false).is_some());
}

#[test]
fn a_slow_queue_claims_no_more_than_its_limit() {
    let settings = Settings {
        concurrency: Some(10),
        ..Settings::default()
    };
    let mut desk = Desk::new(QueueId(1), &settings);

    let claim = desk.claim(128, Instant::now(), false).unwrap();

    assert_eq!((claim.slots, claim.rows), (10, 10));
}

#[test]
fn unused_slots_go_back() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(&asked, granted(Some(4), Some(4), &[1], true), now, now);
    desk.start(now);

    let release = desk.claim(8, now, false).unwrap();

    assert_eq!((release.slots, release.rows, release.executing), (1, 0, 1));
}

#[test]
fn an_ordered_queue_claims_nothing_while_an_end_is_not_on_its_way() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(&asked, granted(Some(1), Some(1), &[1], false), now, now);
    desk.start(now);
    desk.end(false);

    assert!(desk.claim(8, now, true).is_none_or(|claim| claim.rows == 0));
    assert!(desk.claim(8, now, false).unwrap().rows > 0);
}

#[test]
fn a_workflow_takes_its_slot_into_its_wait() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(&asked, granted(Some(1), Some(1), &[1, 2], false), now, now);
    desk.start(now).unwrap();

    desk.wait(false);

    assert!(desk.next(now).is_none(), "2 would execute in the slot of 1");
    assert_eq!(desk.executing(), 0);
}

#[test]
fn a_grant_that_is_under_way_when_a_workflow_waits_counts_one_less() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    desk.take(&asked, granted(Some(2), Some(1), &[1], false), now, now);
    desk.start(now).unwrap();
    desk.hear_of_work();
    let asked = desk.claim(8, now, false).unwrap();

    desk.wait(false);
    desk.take(&asked, granted(Some(2), Some(1), &[2], false), now, now);

    assert!(
        desk.next(now).is_none(),
        "the store does not know yet that 1 kept its slot"
    );
}

#[test]
fn what_brings_its_slot_starts_before_what_waits_for_one() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    let mut answer = granted(Some(1), Some(0), &[1, 2], false);
    answer.claimed[1].lent = true;
    desk.take(&asked, answer, now, now);

    let started = desk.start(now).unwrap();

    assert_eq!(started.hold.key, Key(2));
    assert!(desk.next(now).is_none());
    desk.end(true);
    assert_eq!(desk.executing(), 0);
}

#[test]
fn no_more_start_than_one_host_may_run_whatever_they_bring() {
    let settings = Settings {
        worker_concurrency: Some(2),
        ..Settings::default()
    };
    let (mut desk, now) = (Desk::new(QueueId(1), &settings), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    assert_eq!(asked.rows, 2);
    let mut answer = granted(None, None, &[1, 2, 3], false);
    answer.settings = settings;
    answer.claimed[2].lent = true;
    desk.take(&asked, answer, now, now);

    desk.start(now).unwrap();
    desk.start(now).unwrap();

    assert!(desk.next(now).is_none());
    assert!(desk.claim(8, now, false).is_none());
    desk.end(false);
    assert_eq!(desk.next(now).unwrap().hold.key, Key(3));
}

#[test]
fn what_was_counted_against_a_rate_starts_within_its_grace_or_goes_back() {
    let (mut desk, sent) = (desk(), Instant::now());
    let asked = desk.claim(8, sent, false).unwrap();
    let mut answer = granted(None, None, &[1, 2], false);
    answer.counted_after_us = Some(10_000);
    let grace = Duration::from_millis(TOKEN_GRACE_MS + 10);
    let came = sent + grace - Duration::from_millis(1);
    desk.take(&asked, answer, sent, came);

    assert!(desk.next(came).is_some());
    assert!(desk.next(sent + grace).is_none());
    assert_eq!(desk.late_at(), Some(sent + grace));
    assert_eq!(desk.give_back(sent + grace, false, |_| true).len(), 2);
}

#[test]
fn a_queue_that_only_time_holds_back_is_asked_again_when_that_has_come() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    let mut answer = granted(None, None, &[], false);
    answer.opens_in_us = Some(5_000);
    desk.take(&asked, answer, now, now);

    desk.hear_of_work();
    assert_eq!(desk.claim(8, now, false), None);

    let opens_at = now + Duration::from_millis(5);
    assert_eq!(desk.late_at(), Some(opens_at));
    desk.look(opens_at);
    assert!(desk.claim(8, opens_at, false).is_some());
}

#[test]
fn settings_that_changed_open_what_time_held_back() {
    let (mut desk, now) = (desk(), Instant::now());
    let asked = desk.claim(8, now, false).unwrap();
    let mut answer = granted(None, None, &[], false);
    answer.opens_in_us = Some(5_000_000);
    desk.take(&asked, answer, now, now);

    desk.hear_of_settings(&Settings::default());

    assert!(desk.claim(8, now, false).is_some());
}
