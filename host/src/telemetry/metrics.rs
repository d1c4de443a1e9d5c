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

/// Calls that came to this host to be stored.
pub static ENQUEUED: Counter<3> = Counter {
    name: "windlass_calls_total",
    about: "Calls that came to this host: stored, found again under their id, or refused.",
    label: "result",
    cells: [
        ("stored", AtomicU64::new(0)),
        ("existed", AtomicU64::new(0)),
        ("refused", AtomicU64::new(0)),
    ],
};

/// Components that this host loaded, by where their compiled code came from.
pub static LOADED: Counter<3> = Counter {
    name: "windlass_components_loaded_total",
    about: "Components that this host loaded: compiled before, by another host, or by itself now.",
    label: "code",
    cells: [
        ("disk", AtomicU64::new(0)),
        ("fleet", AtomicU64::new(0)),
        ("compiled", AtomicU64::new(0)),
    ],
};

/// Requests and handles that wait for an invocation to end.
pub static WAITERS: Gauge = Gauge::new(
    "windlass_waiters",
    "Requests that wait on this host for invocations to end.",
);

/// How long the store takes to keep calls.
pub static ENQUEUE: Histogram = Histogram::new(
    "windlass_enqueue_seconds",
    "From checked calls to their commit, per request.",
);

/// Of which kind a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Every number that is counted here, in the text format of Prometheus.
pub fn render() -> String {
    let mut out = String::with_capacity(4096);
    ENQUEUED.render(&mut out);
    LOADED.render(&mut out);
    WAITERS.render(&mut out);
    ENQUEUE.render(&mut out);
    out
}

/// Writes a number that is read only when somebody asks: one line for each set of labels, which
/// are given as text in the form `queue="a",state="queued"` and may be empty.
pub fn write(
    out: &mut String,
    (name, kind, about): (&str, Kind, &str),
    values: impl IntoIterator<Item = (String, f64)>,
) {
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
    };
    head(out, name, about, kind);
    for (labels, value) in values {
        let _ = match labels.is_empty() {
            true => writeln!(out, "{name} {value}"),
            false => writeln!(out, "{name}{{{labels}}} {value}"),
        };
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
        assert!(
            out.contains("test_seconds_bucket{le=\"0.0025\"} 1"),
            "{out}"
        );
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
