//! Several hosts on one Postgres, and what is left when they and it are killed again and again.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::collections::HashSet;
use std::time::Duration;

use windlass_client::wire::{Grants, ListQuery, QueueSettings, State};
use windlass_client::{Call, Client};
use windlass_tests::{
    Collector, Durability, HostProcess, Postgres, Random, Running, Setup, Shutdown, call,
    eventually, upload,
};

/// The calls of one round of enqueueing, on each queue; of those on `open` a part tells the
/// collector.
const ROUNDS: usize = 40;
const ONE_A_ROUND: usize = 50;
const SEVEN_A_ROUND: usize = 50;
const OPEN_A_ROUND: usize = 400;
const OPEN_TOLD_A_ROUND: usize = 50;

const KILLS: usize = 30;

/// After which kills the database is restarted, and how.
const RESTARTS: [(usize, Shutdown); 2] = [(10, Shutdown::Fast), (20, Shutdown::Immediate)];

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_calls_keep_every_promise_while_hosts_and_database_are_killed() {
    let mut random = Random::new(2);
    let collector = Collector::start().await;
    let mut postgres = Postgres::start(Durability::Durable).unwrap();
    let database = postgres.fresh_database().unwrap();
    let setups: Vec<Setup> = (0..3)
        .map(|_| {
            Setup::postgres(&database)
                .with_short_lease()
                .that_blames_nobody()
        })
        .collect();
    let mut hosts: Vec<HostProcess> = setups.iter().map(Setup::start).collect();
    prepare(&hosts[0].client(), &collector).await;

    // Rounds of calls and kills take turns, so that there is work under every kill; each kill
    // comes when the tasks have told of so much more.
    let mut kills = 0;
    let mut told_before = 0;
    for round in 0..ROUNDS.max(KILLS) {
        let client = hosts[random.below(hosts.len())].client();
        if round < ROUNDS {
            enqueue(&client, &collector, round).await;
        }
        if round < KILLS {
            let more = 20 + random.below(150);
            progress(&collector, &client, told_before + more).await;
            told_before = collector.len();
            let victim = random.below(hosts.len());
            hosts.remove(victim).kill();
            collector.note_interruption().await;
            kills += 1;
            if let Some((_, how)) = RESTARTS.iter().find(|(after, _)| *after == kills) {
                postgres.stop(*how).unwrap();
                collector.note_interruption().await;
                postgres.start_again().unwrap();
                collector.note_interruption().await;
            }
            hosts.insert(victim, setups[victim].start());
        }
    }
    assert_eq!(kills, KILLS);
    let client = hosts[0].client();
    for (queue, calls) in [
        ("one", ROUNDS * ONE_A_ROUND),
        ("seven", ROUNDS * SEVEN_A_ROUND),
        ("open", ROUNDS * OPEN_A_ROUND),
    ] {
        all_ended(&client, queue, calls).await;
        assert_eq!(listed(&client, queue).await, calls, "on {queue}");
    }

    let log = collector.log();
    let one = Running::follow(&log, |key| key.starts_with("one-"));
    let seven = Running::follow(&log, |key| key.starts_with("seven-"));
    let in_order: Vec<String> = (0..ROUNDS * ONE_A_ROUND)
        .map(|n| format!("one-{n}"))
        .collect();
    assert_eq!(
        one.at_once_max, 1,
        "a queue with concurrency 1 ran two at once"
    );
    assert_eq!(one.first_starts, in_order);
    assert!(
        seven.at_once_max <= 7,
        "{} of 7 ran at once",
        seven.at_once_max
    );
    let name = database.rsplit('/').next().unwrap();
    assert_eq!(postgres.sql(name, LEFT_OVER).unwrap(), "20000|20000|0|0");
}

/// Invocations, those of them with exactly one outcome, those not ended, slots still executing.
const LEFT_OVER: &str = "\
    select (select count(*) from windlass.invocations), \
           (select count(*) from windlass.invocations join windlass.outcomes using (key)), \
           (select count(*) from windlass.live), \
           (select count(*) from windlass.outcomes where state <> 'succeeded')";

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_stopped_past_its_lease_records_nothing_of_what_was_taken_over() {
    let collector = Collector::start().await;
    let database = windlass_tests::fresh_database();
    let setups = [1, 2].map(|_| Setup::postgres(&database).with_short_lease());
    let stopped = setups[0].start();
    prepare(&stopped.client(), &collector).await;
    let queue = stopped.client().queue("one");
    let args = (collector.url(), "one-0", 3_000);
    let handle = queue.enqueue("collector/record", &args).await.unwrap();
    told(&collector, 1).await;

    stopped.pause();
    let other = setups[1].start();
    told(&collector, 2).await;
    stopped.resume();

    let client = other.client();
    let invocation = client.handle(handle.id()).wait().await.unwrap();
    assert_eq!(
        (invocation.state, invocation.attempt),
        (State::Succeeded, 2)
    );
    // The one that was stopped knows itself dead when it has registered anew.
    eventually("two live hosts", async || {
        let live = client.hosts().await.unwrap().len();
        (live == 2).then_some(()).ok_or(live)
    })
    .await;
    let later = client
        .handle(handle.id())
        .get(Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(later.finished_at, invocation.finished_at);
    assert_eq!(later.attempt, 2);
    let running = Running::follow(&collector.log(), |_| true);
    assert_eq!((running.starts, running.ends), (2, 1));
}

/// Uploads, grants the collector, and makes the queues with limits.
async fn prepare(client: &Client, collector: &Collector) {
    upload(client, "hello").await;
    upload(client, "collector").await;
    let grants = Grants {
        http: vec![collector.host()],
        ..Grants::default()
    };
    client.set_grants("collector", &grants).await.unwrap();
    for (name, concurrency) in [("one", Some(1)), ("seven", Some(7)), ("open", None)] {
        let settings = QueueSettings {
            concurrency,
            ..QueueSettings::default()
        };
        client.queue(name).put(&settings).await.unwrap();
    }
}

async fn enqueue(client: &Client, collector: &Collector, round: usize) {
    let record = |queue: &str, number: usize, hold_ms: u32| {
        let key = format!("{queue}-{number}");
        let args = (collector.url(), &key, hold_ms);
        call("collector/record", &args).id(key.clone())
    };
    let of_round = |each: usize| (round * each)..((round + 1) * each);
    let one: Vec<Call> = of_round(ONE_A_ROUND).map(|n| record("one", n, 0)).collect();
    let seven: Vec<Call> = of_round(SEVEN_A_ROUND)
        .map(|n| record("seven", n, 20))
        .collect();
    let open: Vec<Call> = of_round(OPEN_A_ROUND)
        .map(|n| match n % OPEN_A_ROUND < OPEN_TOLD_A_ROUND {
            true => record("open", n, 5),
            false => call("hello/nothing", &[(); 0]).id(format!("open-{n}")),
        })
        .collect();
    for (queue, calls) in [("one", one), ("seven", seven), ("open", open)] {
        // The same ids again are the same calls, so trying again is harmless.
        eventually("enqueueing", async || {
            client.queue(queue).enqueue_many(calls.clone()).await
        })
        .await;
    }
}

/// Returns when the collector has been told so much, or when there is nothing left to tell.
async fn progress(collector: &Collector, client: &Client, lines: usize) {
    eventually("progress between two kills", async || {
        if collector.len() >= lines {
            return Ok(());
        }
        let mut left = 0;
        for queue in ["one", "seven", "open"] {
            let counts = client
                .queue(queue)
                .get()
                .await
                .map_err(|error| error.to_string())?;
            left += counts.counts.queued + counts.counts.running;
        }
        match left {
            0 => Ok(()),
            left => Err(format!("{left} left, {} lines", collector.len())),
        }
    })
    .await;
}

async fn told(collector: &Collector, lines: usize) {
    eventually("what the collector is told", async || {
        (collector.len() >= lines)
            .then_some(())
            .ok_or(collector.len())
    })
    .await;
}

async fn all_ended(client: &Client, queue: &str, calls: usize) {
    eventually("the end of all calls", async || {
        let counts = client
            .queue(queue)
            .get()
            .await
            .map_err(|error| error.to_string())?
            .counts;
        match counts.ended() as usize {
            ended if ended == calls => Ok(()),
            _ => Err(format!("{queue}: {counts:?}")),
        }
    })
    .await;
}

/// How many different invocations the queue's list holds, all of which have succeeded.
async fn listed(client: &Client, queue: &str) -> usize {
    let mut ids = HashSet::new();
    let mut query = ListQuery {
        queue: Some(queue.to_owned()),
        limit: Some(1_000),
        ..ListQuery::default()
    };
    loop {
        let page = client.invocations(&query).await.unwrap();
        for invocation in page.items {
            assert_eq!(invocation.state, State::Succeeded, "{invocation:?}");
            assert!(ids.insert(invocation.id), "an invocation is listed twice");
        }
        query.page = page.next;
        if query.page.is_none() {
            return ids.len();
        }
    }
}
