//! All limits of a queue at once, over three hosts that are killed again and again: what the tasks
//! tell of themselves proves every one of them.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::collections::HashMap;

use windlass_client::wire::{Grants, Partitions, QueueSettings, RateLimit};
use windlass_client::{Call, Client};
use windlass_tests::{
    Collector, HostProcess, Random, Running, Setup, call, eventually, fresh_database,
    starts_within, upload,
};

const PERIOD_MS: u64 = 1_000;
/// The most that a start may be later than another one by the tasks' clocks than by the host's.
const SLACK_US: u64 = 100_000;

const CUSTOMERS: usize = 8;
const CALLS: usize = 400;
const KILLS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn concurrency_rate_and_partitions_hold_together_while_hosts_are_killed() {
    let mut random = Random::new(4);
    let collector = Collector::start().await;
    let database = fresh_database();
    let setups: Vec<Setup> = (0..3)
        .map(|_| {
            Setup::postgres(&database)
                .with_short_lease()
                .that_blames_nobody()
        })
        .collect();
    let mut hosts: Vec<HostProcess> = setups.iter().map(Setup::start).collect();
    let client = hosts[0].client();
    prepare(&client, &collector).await;
    enqueue(&client, &collector).await;

    let mut told = 0;
    for _ in 0..KILLS {
        told += 40 + random.below(40);
        collected(&collector, told).await;
        let victim = random.below(hosts.len());
        hosts.remove(victim).kill();
        collector.note_interruption().await;
        told = collector.len();
        hosts.insert(victim, setups[victim].start());
    }
    let client = hosts[0].client();
    for queue in ["customers", "strict"] {
        all_succeeded(&client, queue, CALLS).await;
    }

    let log = collector.log();
    let window = PERIOD_MS * 1_000 - SLACK_US;
    let at_once = |belongs: &dyn Fn(&str) -> bool| Running::follow(&log, belongs).at_once_max;
    let of_all = |key: &str| key.starts_with("customers-");
    assert!(at_once(&of_all) <= 6, "{} of 6 at once", at_once(&of_all));
    let starts = starts_within(&log, window, of_all);
    assert!(starts <= 40, "{starts} starts of 40 in a period");
    for customer in 0..CUSTOMERS {
        let of_one = |key: &str| key.starts_with(&format!("customers-{customer}-"));
        assert!(
            at_once(&of_one) <= 2,
            "customer {customer}: {} of 2",
            at_once(&of_one)
        );
        let starts = starts_within(&log, window, of_one);
        assert!(
            starts <= 10,
            "customer {customer}: {starts} starts of 10 in a period"
        );

        let of_strict = |key: &str| key.starts_with(&format!("strict-{customer}-"));
        let strict = Running::follow(&log, of_strict);
        assert_eq!(strict.at_once_max, 1, "strict customer {customer}");
        let in_order: Vec<String> = (0..CALLS / CUSTOMERS)
            .map(|n| format!("strict-{customer}-{n}"))
            .collect();
        assert_eq!(strict.first_starts, in_order);
    }
}

async fn prepare(client: &Client, collector: &Collector) {
    upload(client, "collector").await;
    let grants = Grants {
        http: vec![collector.host()],
        ..Grants::default()
    };
    client.set_grants("collector", &grants).await.unwrap();
    let rate = |limit| {
        Some(RateLimit {
            limit,
            period_ms: PERIOD_MS,
        })
    };
    let customers = QueueSettings {
        concurrency: Some(6),
        rate_limit: rate(40),
        partitions: Some(Partitions {
            concurrency: Some(2),
            rate_limit: rate(10),
        }),
        ..QueueSettings::default()
    };
    client.queue("customers").put(&customers).await.unwrap();
    let strict = QueueSettings {
        partitions: Some(Partitions {
            concurrency: Some(1),
            rate_limit: None,
        }),
        ..QueueSettings::default()
    };
    client.queue("strict").put(&strict).await.unwrap();
}

/// The calls of all customers, each customer's in order.
async fn enqueue(client: &Client, collector: &Collector) {
    for queue in ["customers", "strict"] {
        let calls: Vec<Call> = (0..CALLS)
            .map(|n| {
                let (customer, n) = (n % CUSTOMERS, n / CUSTOMERS);
                let key = format!("{queue}-{customer}-{n}");
                let args = (collector.url(), &key, 20);
                call("collector/record", &args)
                    .id(key.clone())
                    .partition(format!("customer {customer}"))
            })
            .collect();
        client.queue(queue).enqueue_many(calls).await.unwrap();
    }
}

/// Returns when so many lines are there, or nothing more comes.
async fn collected(collector: &Collector, lines: usize) {
    // Every call that ends has told twice at least.
    let lines = lines.min(CALLS * 2 * 2);
    eventually("progress between two kills", async || {
        (collector.len() >= lines)
            .then_some(())
            .ok_or(collector.len())
    })
    .await;
}

async fn all_succeeded(client: &Client, queue: &str, calls: usize) {
    eventually("the end of all calls", async || {
        let queue = client.queue(queue).get().await;
        let counts = queue.map_err(|error| error.to_string())?.counts;
        match counts.succeeded as usize {
            ended if ended == calls => Ok(()),
            _ => Err(format!("{counts:?}")),
        }
    })
    .await;
}

/// Turns are fair: while every customer has a backlog, none is far ahead of another.
#[tokio::test(flavor = "multi_thread")]
async fn customers_take_turns_whatever_the_shape_of_their_backlogs() {
    let collector = Collector::start().await;
    let host = Setup::sqlite().start();
    let client = host.client();
    prepare(&client, &collector).await;
    let queue = client.queue("turns");
    let settings = QueueSettings {
        concurrency: Some(2),
        partitions: Some(Partitions::default()),
        paused: true,
        ..QueueSettings::default()
    };
    queue.put(&settings).await.unwrap();
    // One customer came first, with most of all.
    for (customer, count) in [("a", 60), ("b", 20), ("c", 20)] {
        let calls = (0..count).map(|n| {
            let key = format!("{customer}-{n}");
            call("collector/record", &(collector.url(), &key, 0)).partition(customer)
        });
        let calls: Vec<_> = calls.collect();
        queue.enqueue_many(calls).await.unwrap();
    }

    let running = QueueSettings {
        paused: false,
        ..settings
    };
    queue.put(&running).await.unwrap();
    all_succeeded(&client, "turns", 100).await;

    let order = Running::follow(&collector.log(), |_| true).first_starts;
    let mut before: HashMap<char, usize> = HashMap::new();
    for key in &order[..60] {
        *before.entry(key.chars().next().unwrap()).or_default() += 1;
    }
    for customer in ['a', 'b', 'c'] {
        let count = before.get(&customer).copied().unwrap_or_default();
        assert!((16..=24).contains(&count), "{before:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_host_runs_no_more_at_once_than_its_own_limit() {
    let collector = Collector::start().await;
    let database = fresh_database();
    let hosts: Vec<HostProcess> = (0..2).map(|_| Setup::postgres(&database).start()).collect();
    let client = hosts[0].client();
    prepare(&client, &collector).await;
    let settings = QueueSettings {
        worker_concurrency: Some(2),
        ..QueueSettings::default()
    };
    client.queue("workers").put(&settings).await.unwrap();

    let calls: Vec<Call> = (0..80)
        .map(|n| call("collector/record", &(collector.url(), format!("w-{n}"), 20)))
        .collect();
    let handles = client.queue("workers").enqueue_many(calls).await.unwrap();
    let ended = windlass_tests::ended(&client, &handles).await;

    let log = collector.log();
    assert!(Running::follow(&log, |_| true).at_once_max <= 4);
    let by_host: HashMap<_, Vec<&str>> = ended.iter().fold(HashMap::new(), |mut by, one| {
        by.entry(one.host)
            .or_insert_with(Vec::new)
            .push(one.id.as_str());
        by
    });
    for ids in by_host.values() {
        let on_this: Vec<_> = log
            .iter()
            .filter(|entry| entry.is_of(ids))
            .cloned()
            .collect();
        assert!(Running::follow(&on_this, |_| true).at_once_max <= 2);
    }
}
