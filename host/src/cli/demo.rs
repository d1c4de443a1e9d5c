//! `windlass demo`: a thousand real calls, and a host that is killed in the middle of them.
//!
//! Every claim on the screen is checked, and a claim that does not hold is a failure.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use windlass_client::wire::{Component, Counts, Invocation, QueueSettings, Upload};
use windlass_client::{Call, Client, Handle, Queue};

use super::failure::Failure;
use super::output::{Format, Output, line};
use super::private_host::{PrivateHost, interruptible};
use super::show::{bytes, thousands};
use super::{follow, measure};

/// The component of `examples/hello`.
pub const HELLO: &[u8] = include_bytes!("../../assets/hello.wasm");

const CALLS: usize = 1_000;
const CONCURRENCY: u32 = 10;
/// When the host is killed, in calls that have ended.
const KILL_AT: u64 = 400;
/// How long the thousand calls are to take, by the size of their work.
const AIM: Duration = Duration::from_secs(6);
/// When something must be wrong.
const TOO_LONG: Duration = Duration::from_secs(120);

/// Show a thousand calls surviving the death of their host.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Keep the host running afterwards, to look around.
    #[arg(long)]
    stay: bool,
}

/// What was seen and measured.
#[derive(Debug, Default, Serialize)]
struct Report {
    calls: usize,
    right: usize,
    ended_before_the_kill: u64,
    most_at_once: u64,
    seconds: f64,
    noop_calls_per_second: f64,
    latency_p50_ms: f64,
    latency_p99_ms: f64,
}

impl Demo {
    /// Runs the demo.
    pub async fn run(&self, output: Output) -> anyhow::Result<()> {
        let show = interruptible(async {
            let host = PrivateHost::start("demo", None).await?;
            let mut show = Show {
                host,
                output,
                report: Report::default(),
            };
            show.run().await?;
            Ok(show)
        });
        show.await?.finish(self.stay).await
    }
}

struct Show {
    host: PrivateHost,
    output: Output,
    report: Report,
}

impl Show {
    async fn run(&mut self) -> anyhow::Result<()> {
        self.tell(format!(
            "started a host (process {}) on SQLite in {}",
            self.host.process().unwrap_or_default(),
            self.host.folder().display()
        ))?;
        let component = upload(self.host.client()).await?;
        self.tell(format!(
            "uploaded {}@{}, {} of WebAssembly with {} tasks",
            component.name,
            component.version,
            bytes(component.size),
            component.tasks.len()
        ))?;
        let queue = self.host.client().queue("demo");
        queue
            .put(&QueueSettings {
                concurrency: Some(CONCURRENCY),
                ..QueueSettings::default()
            })
            .await?;
        self.tell(format!(
            "made the queue `demo`: at most {CONCURRENCY} at once"
        ))?;

        let units = units_for(self.host.client(), AIM / CALLS as u32).await?;
        let calls = Calls::new(units);
        let started = Instant::now();
        let handles = queue.enqueue_many(calls.all()?).await?;
        self.tell(format!(
            "enqueued {} calls of hello/work in one request: on disk after {} ms",
            thousands(CALLS as u64),
            started.elapsed().as_millis()
        ))?;

        let before = self.watch(&queue, KILL_AT).await?;
        self.kill_and_resume(&queue, before).await?;
        self.watch(&queue, CALLS as u64).await?;
        self.report.seconds = started.elapsed().as_secs_f64();

        self.check(&handles, &calls).await?;
        self.measure().await
    }

    /// Shows how the calls go until so many have ended.
    async fn watch(&mut self, queue: &Queue, until: u64) -> anyhow::Result<Counts> {
        let bar = follow::bar(self.output, CALLS as u64);
        let started = Instant::now();
        let mut told = Instant::now();
        loop {
            let counts = queue.get().await?.counts;
            self.report.most_at_once = self.report.most_at_once.max(counts.running);
            ensure!(
                counts.running <= u64::from(CONCURRENCY),
                "{} ran at once, and {CONCURRENCY} are allowed",
                counts.running
            );
            bar.set_position(counts.ended());
            bar.set_message(format!("running {}", counts.running));
            if counts.ended() >= until {
                bar.finish_and_clear();
                return Ok(counts);
            }
            if !self.output.is_terminal() && told.elapsed() > Duration::from_secs(1) {
                told = Instant::now();
                self.tell(format!(
                    "{} of {} done, {} running",
                    counts.ended(),
                    thousands(CALLS as u64),
                    counts.running
                ))?;
            }
            ensure!(
                started.elapsed() < TOO_LONG,
                "only {} of {CALLS} calls ended in {} s",
                counts.ended(),
                TOO_LONG.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    async fn kill_and_resume(&mut self, queue: &Queue, before: Counts) -> anyhow::Result<()> {
        self.host.kill().await?;
        self.report.ended_before_the_kill = before.ended();
        self.tell(format!(
            "killed the host (SIGKILL) in the middle: {} done, {} running, {} queued",
            before.ended(),
            before.running,
            before.queued
        ))?;
        let started = Instant::now();
        self.host.resume().await?;
        let after = queue.get().await?.counts;
        let all = after.ended() + after.queued + after.running + after.waiting + after.scheduled;
        ensure!(
            all == CALLS as u64 && after.ended() >= before.ended(),
            "calls were lost: {before:?} before, {after:?} after"
        );
        self.tell(format!(
            "started it again on the same folder, {} ms later: {} done, {} to go, nothing lost",
            started.elapsed().as_millis(),
            after.ended(),
            all - after.ended()
        ))
    }

    /// Fetches every result by its handle, and checks it.
    async fn check(&mut self, handles: &[Handle], calls: &Calls) -> anyhow::Result<()> {
        let ended = self.host.client().wait_all(handles).await?;
        let right = ended
            .iter()
            .zip(&calls.expected)
            .filter(|(invocation, expected)| is_value(invocation, **expected))
            .count();
        let most = measure::most_at_once(&ended)?;
        let repeated = ended.iter().filter(|one| one.attempt > 1).count();
        self.report.calls = CALLS;
        self.report.right = right;
        self.report.most_at_once = self.report.most_at_once.max(most as u64);
        if let Some(last) = ended.last() {
            let expected = calls.expected.last().copied().unwrap_or_default();
            self.tell(format!(
                "asked for every result by its handle: {} of {} are right; the last is {expected} primes below {}",
                thousands(right as u64),
                thousands(CALLS as u64),
                thousands(10_000 * u64::from(calls.units.last().copied().unwrap_or_default())),
            ))?;
            self.tell(format!(
                "{repeated} were attempted twice, for the host died under them; handle of the last: {}",
                last.id
            ))?;
        }
        self.tell(format!(
            "never more than {} at once; {} calls in {:.1} s, death and restart included",
            self.report.most_at_once,
            thousands(CALLS as u64),
            self.report.seconds
        ))?;
        ensure!(right == CALLS, "{} results are wrong", CALLS - right);
        ensure!(
            most <= CONCURRENCY as usize,
            "{most} executed at once, and {CONCURRENCY} are allowed"
        );
        Ok(())
    }

    async fn measure(&mut self) -> anyhow::Result<()> {
        let queue = self.host.client().queue("noop");
        let nothing = Call::new("hello/nothing", &[(); 0])?;
        let mut latencies = Vec::new();
        for _ in 0..100 {
            let started = Instant::now();
            let handle = queue.call(nothing.clone()).await?;
            handle.get_result::<()>().await?;
            latencies.push(started.elapsed());
        }
        let started = Instant::now();
        let mut handles = Vec::new();
        for _ in 0..5 {
            handles.extend(queue.enqueue_many(vec![nothing.clone(); 1_000]).await?);
        }
        let all = self.host.client().wait_all(&handles).await?;
        self.report.noop_calls_per_second = all.len() as f64 / started.elapsed().as_secs_f64();
        self.report.latency_p50_ms = ms(measure::percentile(&mut latencies, 50));
        self.report.latency_p99_ms = ms(measure::percentile(&mut latencies, 99));
        self.tell(format!(
            "empty calls: {} a second from enqueue to fetched result; one alone takes {:.1} ms (p50), {:.1} ms (p99)",
            thousands(self.report.noop_calls_per_second as u64),
            self.report.latency_p50_ms,
            self.report.latency_p99_ms
        ))
    }

    async fn finish(self, stay: bool) -> anyhow::Result<()> {
        if self.output.format() != Format::Text {
            self.output.one(&self.report, String::new)?;
        }
        let server = self.host.client().server().to_owned();
        if stay {
            self.tell(format!("the host keeps running at {server} until ctrl-c"))?;
            self.tell(format!(
                "try: windlass --server {server} enqueue demo hello/greet Ada --wait"
            ))?;
            let _ = tokio::signal::ctrl_c().await;
        } else if self.output.format() == Format::Text {
            line(NEXT)?;
        }
        self.host.stop().await
    }

    fn tell(&self, text: impl AsRef<str>) -> anyhow::Result<()> {
        if self.output.format() == Format::Text {
            let mark = self.output.paint("▸", "36");
            line(&format!("{mark} {}", text.as_ref()))?;
        }
        Ok(())
    }
}

const NEXT: &str = "
Go on with
  windlass serve                              a host that stays, on SQLite in a folder
  windlass push hello.wasm                    upload a component
  windlass enqueue QUEUE hello/greet Ada      enqueue a call, `windlass result ID` fetches it
  windlass run hello.wasm greet Ada           all of it at once, for a try";

/// The thousand calls, and what each must give.
struct Calls {
    units: Vec<u32>,
    expected: Vec<u64>,
}

impl Calls {
    /// Calls of about so many units of work, in three sizes.
    fn new(units: u32) -> Self {
        let units: Vec<_> = (0..CALLS).map(|index| units + index as u32 % 3).collect();
        let most = units.iter().max().copied().unwrap_or_default();
        let primes = primes_below(most as usize * 10_000);
        let expected = units.iter().map(|units| {
            let end = *units as usize * 10_000;
            primes.partition_point(|prime| *prime < end) as u64
        });
        Self {
            expected: expected.collect(),
            units,
        }
    }

    fn all(&self) -> anyhow::Result<Vec<Call>> {
        let calls = self.units.iter();
        let calls = calls.map(|units| Call::new("hello/work", &(units,)));
        Ok(calls.collect::<Result<_, _>>()?)
    }
}

/// By a sieve: the task divides, so that a mistake is not made twice.
fn primes_below(end: usize) -> Vec<usize> {
    let mut composite = vec![false; end];
    let mut primes = Vec::new();
    for number in 2..end {
        if !composite[number] {
            primes.push(number);
            for multiple in (number * number..end).step_by(number) {
                composite[multiple] = true;
            }
        }
    }
    primes
}

/// How many units make a call take about so long on every processor of this machine.
async fn units_for(client: &Client, each: Duration) -> anyhow::Result<u32> {
    const TRIED: u32 = 8;
    let queue = client.queue("try");
    let mut best = f64::MAX;
    for _ in 0..3 {
        let handle = queue.enqueue("hello/work", &(TRIED,)).await?;
        let tried = handle.wait().await?;
        let (Some(start), Some(end)) = (&tried.started_at, &tried.finished_at) else {
            return Err(Failure::other("a call ended that never started").into());
        };
        let taken = end.parse::<jiff::Timestamp>()? - start.parse::<jiff::Timestamp>()?;
        best = best.min(taken.total(jiff::Unit::Second)?);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let aim = each.as_secs_f64() * processors.min(CONCURRENCY as usize) as f64;
    // Twice the units cost nearly three times the work.
    let units = f64::from(TRIED) * (aim / best.max(1e-6)).powf(1.0 / 1.5);
    Ok(units.clamp(1.0, 60.0) as u32)
}

/// Uploads the embedded component.
pub async fn upload(client: &Client) -> anyhow::Result<Component> {
    let upload = Upload {
        name: "hello".to_owned(),
        ..Upload::default()
    };
    Ok(client.upload(&upload, HELLO).await?)
}

fn is_value(invocation: &Invocation, expected: u64) -> bool {
    matches!(
        &invocation.outcome,
        Some(windlass_client::wire::Outcome::Value(value)) if value.get() == expected.to_string()
    )
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_values_are_numbers_of_primes() {
        let calls = Calls::new(1);

        assert_eq!(calls.units[..4], [1, 2, 3, 1]);
        assert_eq!(calls.expected[..4], [1_229, 2_262, 3_245, 1_229]);
    }
}
