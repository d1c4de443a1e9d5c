//! What a collector's log proves.

use std::collections::{HashMap, HashSet};

use crate::collector::Entry;

/// What the log says about the invocations of one queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// How many ran at once, at most.
    pub at_once_max: usize,
    /// The keys in the order in which their first attempts began.
    pub first_starts: Vec<String>,
    /// How many attempts began.
    pub starts: usize,
    /// How many attempts came to their end.
    pub ends: usize,
}

impl Running {
    /// Follows the invocations whose key `belongs` through the log.
    ///
    /// An attempt runs from its start to its end. One that tells of no end was cut off: it runs to
    /// the first interruption after its start, or to the next attempt at the same invocation.
    pub fn follow(log: &[Entry], belongs: impl Fn(&str) -> bool) -> Self {
        let cut_off = cut_off(log);
        let mut running: HashMap<&str, usize> = HashMap::new();
        let mut known = HashSet::new();
        let mut found = Self::default();
        for (place, entry) in log.iter().enumerate() {
            match entry {
                Entry::Start { key, id, .. } if belongs(key) => {
                    running.insert(id, place);
                    found.starts += 1;
                    if known.insert(key) {
                        found.first_starts.push(key.clone());
                    }
                }
                Entry::End { key, id, .. } if belongs(key) => {
                    running.remove(id.as_str());
                    found.ends += 1;
                }
                Entry::Interruption => running.retain(|_, start| !cut_off.contains(start)),
                Entry::Start { .. } | Entry::End { .. } => {}
            }
            found.at_once_max = found.at_once_max.max(running.len());
        }
        found
    }
}

/// How many attempts of those whose key `belongs` began within one `period`, at most, in microseconds:
/// in any window of that length.
pub fn starts_within(log: &[Entry], period: u64, belongs: impl Fn(&str) -> bool) -> usize {
    let mut starts: Vec<u64> = log
        .iter()
        .filter_map(|entry| match entry {
            Entry::Start { key, at, .. } if belongs(key) => *at,
            _ => None,
        })
        .collect();
    starts.sort_unstable();
    let within = starts.iter().enumerate().map(|(first, at)| {
        let window = starts[first..].iter();
        window.take_while(|other| **other - at < period).count()
    });
    within.max().unwrap_or(0)
}

/// The places of the starts whose attempts tell of no end.
fn cut_off(log: &[Entry]) -> HashSet<usize> {
    let mut open: HashMap<(&str, u32), usize> = HashMap::new();
    let mut starts = HashSet::new();
    for (place, entry) in log.iter().enumerate() {
        match entry {
            Entry::Start { attempt, id, .. } => {
                starts.insert(place);
                open.insert((id, *attempt), place);
            }
            Entry::End { attempt, id, .. } => {
                if let Some(start) = open.remove(&(id.as_str(), *attempt)) {
                    starts.remove(&start);
                }
            }
            Entry::Interruption => {}
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Vec<Entry> {
        let entry = |(place, line): (usize, &&str)| {
            let words: Vec<&str> = line.split(' ').collect();
            let [event, key, attempt] = words[..] else {
                return Entry::Interruption;
            };
            let (key, attempt) = (key.to_owned(), attempt.parse().unwrap());
            let id = format!("id-{key}");
            match event {
                "start" => Entry::Start {
                    key,
                    attempt,
                    id,
                    at: Some(place as u64 * 100),
                },
                _ => Entry::End { key, attempt, id },
            }
        };
        lines.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn two_that_overlap_ran_at_once() {
        let log = log(&[
            "start a 1",
            "start b 1",
            "end a 1",
            "end b 1",
            "start c 1",
            "end c 1",
        ]);

        let running = Running::follow(&log, |_| true);

        assert_eq!(running.at_once_max, 2);
        assert_eq!(running.first_starts, ["a", "b", "c"]);
    }

    #[test]
    fn one_that_was_cut_off_ran_until_the_interruption() {
        let log = log(&[
            "start a 1",
            "kill",
            "start b 1",
            "end b 1",
            "start a 2",
            "end a 2",
        ]);

        assert_eq!(Running::follow(&log, |_| true).at_once_max, 1);
    }

    #[test]
    fn one_that_came_to_its_end_was_not_cut_off() {
        let log = log(&["start a 1", "kill", "start b 1", "end b 1", "end a 1"]);

        assert_eq!(Running::follow(&log, |_| true).at_once_max, 2);
    }

    #[test]
    fn starts_are_counted_in_every_window() {
        let log = log(&[
            "start a 1",
            "end a 1",
            "start b 1",
            "start c 1",
            "start d 1",
        ]);

        assert_eq!(starts_within(&log, 200, |_| true), 2);
        assert_eq!(starts_within(&log, 201, |_| true), 3);
        assert_eq!(starts_within(&log, 1_000, |key| key != "a"), 3);
    }

    #[test]
    fn other_queues_do_not_count() {
        let log = log(&["start a 1", "start other 1", "end other 1", "end a 1"]);

        assert_eq!(Running::follow(&log, |key| key == "a").at_once_max, 1);
    }
}
