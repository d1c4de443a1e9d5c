//! The numbers of one process, as Prometheus reads them.
//!
//! Statics, since they belong to the process: whoever knows a number sets it where it changes, with
//! one atomic operation, and `/metrics` prints them all. Nothing is kept over a restart.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug)]
pub struct Counter<const CELLS: usize> {
    name: &'static str,
    about: &'static str,
    label: &'static str,
    cells: [(&'static str, AtomicU64); CELLS],
}

impl<const CELLS: usize> Counter<CELLS> {
    /// Adds to the cell of this label value; a value that is not among those declared counts
    /// nowhere.
    pub fn add(&self, value: &str, count: u64) {
        if let Some((_, cell)) = self.cells.iter().find(|(name, _)| *name == value) {
            cell.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn render(&self, out: &mut String) {
        head(out, self.name, self.about, "counter");
        for (value, cell) in &self.cells {
            let count = cell.load(Ordering::Relaxed);
            let _ = writeln!(out, "{}{{{}=\"{value}\"}} {count}", self.name, self.label);
        }
    }
}

/// A number that goes up and down.
#[derive(Debug)]
pub struct Gauge {
    name: &'static str,
    about: &'static str,
    cell: AtomicI64,
}

impl Gauge {
    const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            cell: AtomicI64::new(0),
        }
    }

    /// Sets it.
    pub fn set(&self, value: i64) {
        self.cell.store(value, Ordering::Relaxed);
    }

    /// Moves it.
    pub fn add(&self, by: i64) {
        self.cell.fetch_add(by, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> i64 {
        self.cell.load(Ordering::Relaxed)
    }

    fn render(&self, out: &mut String) {
        head(out, self.name, self.about, "gauge");
        let _ = writeln!(out, "{} {}", self.name, self.get());
    }
}

/// The upper ends of the buckets, in seconds: from a commit on fast flash to a stall.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// How long something takes.
#[derive(Debug)]
pub struct Histogram {
    name: &'static str,
    about: &'static str,
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            buckets: [const { AtomicU64::new(0) }; BUCKETS.len()],
            count: AtomicU64::new(0),
            sum_us: AtomicU64::new(0),
        }
    }

    /// Takes note of one duration.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(index) = BUCKETS.iter().position(|end| seconds <= *end) {
            self.buckets[index].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn render(&self, out: &mut String) {
        head(out, self.name, self.about, "histogram");
        let mut below = 0;
        for (end, bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "{}_bucket{{le=\"{end}\"}} {below}", self.name);
        }
        let count = self.count.load(Ordering::Relaxed);
        let sum = Duration::from_micros(self.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        let _ = writeln!(out, "{}_bucket{{le=\"+Inf\"}} {count}", self.name);
        let _ = writeln!(out, "{}_sum {sum}", self.name);
        let _ = writeln!(out, "{}_count {count}", self.name);
    }
}

fn head(out: &mut String, name: &str, about: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} {kind}");
}

/// Invocations that were recorded as ended by this host: `value`, or the kind of the error.
pub static ENDED: Counter<10> = Counter {
    name: "windlass_invocations_ended_total",
    about: "Invocations whose outcome this host recorded, by outcome.",
    label: "outcome",
    cells: [
            ("value", AtomicU64::new(0)),
            ("guest", AtomicU64::new(0)),
            ("arguments", AtomicU64::new(0)),
            ("trap", AtomicU64::new(0)),
            ("limit", AtomicU64::new(0)),
            ("timeout", AtomicU64::new(0)),
            ("host-lost", AtomicU64::new(0)),
            ("nondeterminism", AtomicU64::new(0)),
            ("component", AtomicU64::new(0)),
            ("cancelled", AtomicU64::new(0)),
        ],
};

/// Calls that came to this host to be stored.
pub static ENQUEUED: Counter<3> = Counter {
    name: "windlass_calls_total",
    about: "Calls that came to this host: stored, found again under their id, or refused.",
    label: "result",
    cells: [("stored", AtomicU64::new(0)), ("existed", AtomicU64::new(0)), ("refused", AtomicU64::new(0))],
};

/// Sandboxes that execute on this host.
pub static SANDBOXES: Gauge = Gauge::new(
    "windlass_sandboxes_running",
    "Sandboxes that execute on this host now.",
);

/// The host's permits.
pub static PERMITS: Gauge = Gauge::new(
    "windlass_permits",
    "Sandboxes that this host may run at once.",
);

/// Permits that nothing uses.
pub static PERMITS_FREE: Gauge = Gauge::new(
    "windlass_permits_free",
    "Permits of this host that nothing uses now.",
);

/// Requests and handles that wait for an invocation to end.
pub static WAITERS: Gauge = Gauge::new(
    "windlass_waiters",
    "Requests that wait on this host for invocations to end.",
);

/// Compiled components in memory.
pub static PROGRAMS: Gauge = Gauge::new(
    "windlass_programs_loaded",
    "Components whose compiled code this host holds in memory.",
);

/// How long exchanges with the store take.
pub static EXCHANGE: Histogram = Histogram::new(
    "windlass_exchange_seconds",
    "One round trip to the store: outcomes and starts in, claims out.",
);

/// How long the store takes to keep calls.
pub static ENQUEUE: Histogram = Histogram::new(
    "windlass_enqueue_seconds",
    "From checked calls to their commit, per request.",
);

/// Every number, in the text format of Prometheus.
pub fn render() -> String {
    let mut out = String::with_capacity(4096);
    ENDED.render(&mut out);
    ENQUEUED.render(&mut out);
    for gauge in [&SANDBOXES, &PERMITS, &PERMITS_FREE, &WAITERS, &PROGRAMS] {
        gauge.render(&mut out);
    }
    EXCHANGE.render(&mut out);
    ENQUEUE.render(&mut out);
    out
}

/// Writes the head and one line a value of a gauge with labels, for numbers that are read when
/// somebody asks. The labels are given as text in the form `queue="a",state="queued"`.
pub fn render_read(
    out: &mut String,
    name: &str,
    about: &str,
    values: impl Iterator<Item = (String, u64)>,
) {
    head(out, name, about, "gauge");
    for (labels, value) in values {
        let _ = writeln!(out, "{name}{{{labels}}} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_what_is_below_them() {
        let histogram = Histogram::new("test_seconds", "A test.");

        histogram.observe(Duration::from_millis(2));
        histogram.observe(Duration::from_secs(60));
        let mut out = String::new();
        histogram.render(&mut out);

        assert!(out.contains("test_seconds_bucket{le=\"0.001\"} 0"), "{out}");
        assert!(out.contains("test_seconds_bucket{le=\"0.0025\"} 1"), "{out}");
        assert!(out.contains("test_seconds_bucket{le=\"5\"} 1"), "{out}");
        assert!(out.contains("test_seconds_bucket{le=\"+Inf\"} 2"), "{out}");
        assert!(out.contains("test_seconds_count 2"), "{out}");
    }

    #[test]
    fn every_number_has_its_help() {
        let text = render();

        for line in text.lines().filter(|line| line.starts_with("# TYPE")) {
            let name = line.split(' ').nth(2).unwrap();
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
        }
    }
}
