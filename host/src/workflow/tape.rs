//! A journal while it is replayed and continued: what is still to be repeated, and what is new and
//! not recorded yet.

use std::collections::VecDeque;

use bytes::Bytes;

use super::entry::Entry;
use crate::store::Chunk;

/// A journal that does not read: written by a newer host, or damaged.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be read from entry {entry} on: {reason}")]
pub struct Unreadable {
    /// The first entry of the part that does not read.
    pub entry: u32,
    /// Why.
    pub reason: String,
}

/// A journal and where an execution is in it.
#[derive(Debug, Default)]
pub struct Tape {
    /// What is still to be repeated.
    ahead: VecDeque<Entry>,
    /// What is new and not recorded yet.
    fresh: Vec<Entry>,
    /// How many entries are recorded.
    recorded: u32,
    /// How many entries this journal has since it began (or began anew).
    count: u32,
    /// How many bytes are recorded.
    bytes: usize,
    /// About how many bytes are new.
    fresh_bytes: usize,
}

impl Tape {
    /// A journal as it was read.
    ///
    /// # Errors
    ///
    /// If it does not read.
    pub fn read(chunks: &[Chunk]) -> Result<Self, Unreadable> {
        let mut tape = Self::default();
        for chunk in chunks {
            let entries: Vec<Entry> =
                serde_json::from_slice(&chunk.body).map_err(|error| Unreadable {
                    entry: chunk.first,
                    reason: error.to_string(),
                })?;
            tape.recorded = chunk.first + chunk.count;
            tape.bytes += chunk.body.len();
            tape.ahead.extend(entries);
        }
        tape.count = tape.ahead.len() as u32;
        match tape.ahead.front() {
            Some(first) if !matches!(first, Entry::Begin { .. }) => Err(Unreadable {
                entry: chunks.first().map_or(0, |chunk| chunk.first),
                reason: "it does not begin where journals begin".to_owned(),
            }),
            _ => Ok(tape),
        }
    }

    /// Begins a journal that has nothing yet.
    pub fn begin(&mut self, begin: Entry) {
        self.count += 1;
        self.fresh.push(begin.clone());
        self.ahead.push_back(begin);
    }

    /// The next entry to be repeated.
    pub fn next(&self) -> Option<&Entry> {
        self.ahead.front()
    }

    /// Repeats it.
    pub fn take(&mut self) -> Option<Entry> {
        self.ahead.pop_front()
    }

    /// Whether something is still to be repeated.
    pub fn is_replaying(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Adds a new entry.
    pub fn push(&mut self, entry: Entry) {
        self.count += 1;
        self.fresh_bytes += entry.weight();
        self.fresh.push(entry);
    }

    /// How many entries it has.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many entries are new.
    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// How many bytes are recorded.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// About how many bytes it will have when what is new is recorded.
    pub fn weight(&self) -> usize {
        self.bytes + self.fresh_bytes
    }

    /// What is new: the number of its first entry, how many, and the entries. It stays new until
    /// [`Self::recorded`].
    pub fn news(&self) -> (u32, u32, Bytes) {
        let body = serde_json::to_vec(&self.fresh).expect("texts and numbers are JSON");
        (self.recorded, self.fresh.len() as u32, body.into())
    }

    /// What was new is recorded now.
    pub fn recorded(&mut self, bytes: usize) {
        self.recorded += self.fresh.len() as u32;
        self.bytes += bytes;
        self.fresh_bytes = 0;
        self.fresh.clear();
    }

    /// Everything so far is deleted: the journal begins anew with this entry, which is new.
    pub fn begin_anew(&mut self, begin: Entry) {
        self.fresh.clear();
        self.fresh.push(begin);
        self.count = 1;
        self.bytes = 0;
        self.fresh_bytes = 0;
    }
}
