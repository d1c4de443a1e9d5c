//! `windlass bench`: what a host does, beside what the bare commits of its disk cost.

use std::time::{Duration, Instant};

use serde::Serialize;
use windlass_client::wire::{Partitions, QueueSettings, RateLimit};
use windlass_client::{Call, Client, Queue};

use super::connection::Connection;
use super::demo;
use super::measure::{BareCommits, percentile};
use super::output::Output;
use super::private_host::{PrivateHost, interruptible};
use super::show::thousands;

/// How many calls go in one request when a backlog is made.
const BATCH: usize = 1_000;
const ROUNDS: usize = 200;
/// So many partitions, each with one invocation at a time.
const PARTITIONS: usize = 1_000;
/// A rate that no host reaches.
const RATE: RateLimit = RateLimit {
    limit: 10_000_000,
    period_ms: 1_000,
};
/// The first calls make the queue, load the code and open connections.
const WARM_UP: usize = 20;

/// Measure a host beside the bare commits of its disk.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// Measure the host that --server names, and not a private one. It is left with what was
    /// enqueued.
    #[arg(long)]
    remote: bool,

    /// Let the private host store in this Postgres, and measure its bare commits. With --remote:
    /// the database of that host.
    #[arg(
        long,
        value_name = "URL",
        env = "WINDLASS_BENCH_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,

    /// How many empty calls to drain.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    calls: usize,

    /// Drain once more under this limit; and under others.
    #[arg(long, value_name = "N", default_value_t = 10)]
    concurrency: u32,

    /// For how long calls are enqueued, in seconds.
    #[arg(long, value_name = "N", default_value_t = 3)]
    seconds: u64,
}

/// One measured thing.
#[derive(Debug, Serialize)]
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
}

impl Bench {
    /// Measures, and prints the figures.
    pub async fn run(&self, connection: &Connection, output: Output) -> anyhow::Result<()> {
        let figures = interruptible(async {
            if self.remote {
                return self.measure(&connection.client()?, None, output).await;
            }
            let host = PrivateHost::start("bench", self.database.clone()).await?;
            let figures = self.measure(host.client(), Some(&host), output).await;
            host.stop().await?;
            figures
        });
        let figures = figures.await?;
        output.many(&figures, &["what", "value", "unit"], |figure| {
            let value = match figure.value {
                value if value < 100.0 => format!("{value:.2}"),
                value => thousands(value as u64),
            };
            vec![figure.what.clone(), value, figure.unit.to_owned()]
        })?;
        Ok(())
    }

    async fn measure(
        &self,
        client: &Client,
        host: Option<&PrivateHost>,
        output: Output,
    ) -> anyhow::Result<Vec<Figure>> {
        let mut figures = Vec::new();
        demo::upload(client).await?;

        output.say("latency on an idle host, and bare commits …");
        let commits = match (&self.database, host) {
            (Some(url), _) => Some(BareCommits::postgres(url).await?),
            (None, Some(host)) => Some(BareCommits::sqlite(host.folder()).await?),
            (None, None) => None,
        };
        latency(client, commits, &mut figures).await?;

        for callers in [1, 64] {
            output.say(format!("enqueue by {callers} …"));
            let rate = self.enqueue(client, callers).await?;
            figures.push(Figure {
                what: format!("enqueue, one call a request, {callers} callers"),
                value: rate,
                unit: "calls/s",
            });
        }

        for (limit, settings) in self.limits() {
            output.say(format!("drain of {}, {limit} …", self.calls));
            let rate = self.drain(client, &limit, settings).await?;
            figures.push(Figure {
                what: format!(
                    "drain of {} empty calls, {limit}",
                    thousands(self.calls as u64)
                ),
                value: rate,
                unit: "calls/s",
            });
        }
        Ok(figures)
    }

    /// The limits under which a backlog is drained, with what they are called.
    fn limits(&self) -> Vec<(String, QueueSettings)> {
        let none = QueueSettings::default;
        let concurrency = QueueSettings {
            concurrency: Some(self.concurrency),
            ..none()
        };
        let partitions = QueueSettings {
            partitions: Some(Partitions {
                concurrency: Some(1),
                rate_limit: None,
            }),
            ..none()
        };
        let rate = QueueSettings {
            rate_limit: Some(RATE),
            ..none()
        };
        vec![
            ("no limit".to_owned(), none()),
            (format!("concurrency {}", self.concurrency), concurrency),
            (
                format!("{} partitions", thousands(PARTITIONS as u64)),
                partitions,
            ),
            ("a rate above the load".to_owned(), rate),
        ]
    }

    /// How many calls a second so many callers enqueue, each one call at a time.
    async fn enqueue(&self, client: &Client, callers: usize) -> anyhow::Result<f64> {
        // Paused, so that nothing but enqueueing is measured.
        let queue = client.queue(format!("bench-enqueue-{callers}"));
        queue.put(&paused(true)).await?;
        let time = Duration::from_secs(self.seconds);
        let started = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..callers {
            let queue = queue.clone();
            running.spawn(async move {
                let mut count = 0_u64;
                while started.elapsed() < time {
                    queue.call(nothing()?).await?;
                    count += 1;
                }
                anyhow::Ok(count)
            });
        }
        let mut count = 0;
        while let Some(one) = running.join_next().await {
            count += one??;
        }
        let rate = count as f64 / started.elapsed().as_secs_f64();
        queue.put(&paused(false)).await?;
        ended(&queue, count).await?;
        Ok(rate)
    }

    /// How many calls a second a backlog is drained with.
    async fn drain(
        &self,
        client: &Client,
        limit: &str,
        settings: QueueSettings,
    ) -> anyhow::Result<f64> {
        let name: String = limit
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let queue = client.queue(format!("bench-drain-{name}"));
        let paused = QueueSettings {
            paused: true,
            ..settings.clone()
        };
        let before = queue.put(&paused).await?.counts.ended();
        let mut made = 0;
        while made < self.calls {
            let some = made..self.calls.min(made + BATCH);
            let calls: Result<Vec<Call>, _> = some
                .map(|n| match settings.partitions.is_some() {
                    true => Ok(nothing()?.partition((n % PARTITIONS).to_string())),
                    false => nothing(),
                })
                .collect();
            made += queue.enqueue_many(calls?).await?.len();
        }
        let started = Instant::now();
        queue.put(&settings).await?;
        ended(&queue, before + self.calls as u64).await?;
        Ok(self.calls as f64 / started.elapsed().as_secs_f64())
    }
}

/// How long a lone call takes. Bare commits are measured in between, so that both meet the same
/// disk in the same mood.
async fn latency(
    client: &Client,
    mut commits: Option<BareCommits>,
    figures: &mut Vec<Figure>,
) -> anyhow::Result<()> {
    let queue = client.queue("bench-latency");
    let mut calls = Vec::with_capacity(ROUNDS);
    let mut bare = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UP + ROUNDS {
        let commit = match &mut commits {
            Some(commits) => Some(commits.once().await?),
            None => None,
        };
        let started = Instant::now();
        let handle = queue.call(nothing()?).await?;
        handle.get_result::<()>().await?;
        if round >= WARM_UP {
            calls.push(started.elapsed());
            bare.extend(commit);
        }
    }
    if let Some(commits) = commits {
        commits.close().await?;
    }
    let mut push = |what: &str, value, unit| {
        let what = what.to_owned();
        figures.push(Figure { what, value, unit });
    };
    let ms = |percent, of: &mut [Duration]| percentile(of, percent).as_secs_f64() * 1_000.0;
    let call = ms(50, &mut calls);
    push("enqueue to result on an idle host, p50", call, "ms");
    push(
        "enqueue to result on an idle host, p99",
        ms(99, &mut calls),
        "ms",
    );
    if !bare.is_empty() {
        let commit = ms(50, &mut bare);
        push("bare one-row commit, p50", commit, "ms");
        push("bare one-row commit, p99", ms(99, &mut bare), "ms");
        push("enqueue to result, p50", call / commit, "bare commits");
    }
    Ok(())
}

fn nothing() -> Result<Call, windlass_client::Error> {
    Call::new("hello/nothing", &[(); 0])
}

fn paused(paused: bool) -> QueueSettings {
    QueueSettings {
        paused,
        ..QueueSettings::default()
    }
}

/// Waits until so many of a queue have ended. Asks seldom, since counting is not free.
async fn ended(queue: &Queue, until: u64) -> anyhow::Result<()> {
    while queue.get().await?.counts.ended() < until {
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Ok(())
}
