//! What a running guest tells: its log and its progress, on their way from the sandbox to whoever
//! records and shows them.
//!
//! Bounded: the first bytes of the log are kept up to the limit, the others only counted, and the
//! last line says how many they were. Of progress only the newest report is kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The longest note of a progress report, in bytes.
const NOTE_MAX_BYTES: usize = 256;
/// How much of the end of standard error is kept for the message of a trap, in bytes.
const LAST_WORDS_MAX_BYTES: usize = 2_048;

/// How far an invocation is, as it said itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// What is done …
    pub done: u64,
    /// … of so much.
    pub total: u64,
    /// A short note.
    pub note: String,
}

/// Where a piece of the log comes from. Streams are bytes, and each may cut a character in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Shared between a sandbox, which writes, and its host, which takes.
#[derive(Debug)]
pub struct Feed {
    max_bytes: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What was not taken yet.
    log: String,
    /// All that was kept since the beginning, in bytes.
    kept: usize,
    dropped: u64,
    /// Whether the kept log ends inside a line.
    inside_a_line: bool,
    /// The beginning of a character whose end has not come, of each stream.
    cut: [Vec<u8>; 2],
    last_words: String,
    progress: Option<Progress>,
}

impl Feed {
    /// An empty feed that keeps so many bytes of log: `output_max_bytes` of the engine's options.
    pub fn new(output_max_bytes: usize) -> Self {
        Self {
            max_bytes: output_max_bytes,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// What was logged since it was last taken; empty if nothing was.
    pub fn take_log(&self) -> String {
        std::mem::take(&mut self.state().log)
    }

    /// The bytes that were not kept.
    pub fn dropped(&self) -> u64 {
        self.state().dropped
    }

    /// The newest progress, if there was any since it was last taken.
    pub fn take_progress(&self) -> Option<Progress> {
        self.state().progress.take()
    }

    /// Returns when something was written since the last time that this returned.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Appends what the guest wrote to a stream.
    pub fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut state = self.state();
        if state.kept >= self.max_bytes && stream == Stream::Output {
            // Endless printing must cost little: nothing of it will be seen.
            state.dropped += bytes.len() as u64;
            return;
        }
        let mut cut = std::mem::take(&mut state.cut[stream as usize]);
        cut.extend_from_slice(bytes);
        let whole = cut.len() - unfinished(&cut);
        let text = lossy(&cut[..whole]);
        state.cut[stream as usize] = cut.split_off(whole);
        self.append(&mut state, &text);
        if stream == Stream::Error {
            state.remember(&text);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Appends a line of the guest's own log.
    pub fn log(&self, level: &str, message: &str) {
        // Of a message of a hundred megabytes the host copies only what can be kept.
        let kept = &message[..message.floor_char_boundary(self.max_bytes)];
        let kept = lossy(kept.as_bytes());
        let mut state = self.state();
        let line = match state.inside_a_line {
            true => format!("\n[{level}] {kept}\n"),
            false => format!("[{level}] {kept}\n"),
        };
        self.append(&mut state, &line);
        state.dropped += message.len().saturating_sub(self.max_bytes) as u64;
        drop(state);
        self.changed.notify_one();
    }

    /// Replaces the progress.
    pub fn progress(&self, done: u64, total: u64, note: &str) {
        let note = &note[..note.floor_char_boundary(NOTE_MAX_BYTES)];
        self.state().progress = Some(Progress {
            done,
            total,
            note: note.to_owned(),
        });
        self.changed.notify_one();
    }

    /// Ends the log: nothing more will be written. Says in a last line what was dropped.
    pub(super) fn finish(&self) {
        let mut state = self.state();
        for cut in std::mem::take(&mut state.cut) {
            let text = lossy(&cut);
            self.append(&mut state, &text);
        }
        if state.dropped > 0 {
            let line = format!(
                "{}[windlass] {} more bytes of output were dropped (output_max_bytes is {})\n",
                if state.inside_a_line { "\n" } else { "" },
                state.dropped,
                self.max_bytes
            );
            state.log.push_str(&line);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The end of standard error: often the message of a panic.
    pub(super) fn last_words(&self) -> String {
        self.state().last_words.trim().to_owned()
    }

    fn append(&self, state: &mut State, text: &str) {
        let room = self.max_bytes - state.kept.min(self.max_bytes);
        let kept = &text[..text.floor_char_boundary(room)];
        state.log.push_str(kept);
        state.kept += kept.len();
        if kept.len() < text.len() {
            // Whatever room is left is less than a character: close it, so that what is kept is
            // the beginning of the output without holes.
            state.kept = self.max_bytes;
            state.dropped += (text.len() - kept.len()) as u64;
        }
        if let Some(last) = kept.bytes().last() {
            state.inside_a_line = last != b'\n';
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, text: &str) {
        let start = text.len().saturating_sub(LAST_WORDS_MAX_BYTES);
        self.last_words
            .push_str(&text[text.ceil_char_boundary(start)..]);
        if self.last_words.len() > 2 * LAST_WORDS_MAX_BYTES {
            let start = self.last_words.len() - LAST_WORDS_MAX_BYTES;
            let start = self.last_words.ceil_char_boundary(start);
            self.last_words.drain(..start);
        }
    }
}

/// How many bytes at the end are the beginning of a character that may still be completed.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    for length in 1..=tail.len() {
        let end = &tail[tail.len() - length..];
        // Continuation bytes say nothing; the byte before them says how many belong to it.
        if end[0] & 0b1100_0000 == 0b1000_0000 {
            continue;
        }
        return match std::str::from_utf8(end) {
            Err(error) if error.error_len().is_none() => length,
            _ => 0,
        };
    }
    0
}

/// Text of the bytes. NUL is replaced as well: not every database can store it in a text.
fn lossy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}"),
        false => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_in_two_writes_is_whole_in_the_log() {
        let feed = Feed::new(100);
        let bytes = "a€b".as_bytes();

        for byte in bytes {
            feed.write(Stream::Output, &[*byte]);
        }

        assert_eq!(feed.take_log(), "a€b");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let feed = Feed::new(100);

        feed.write(Stream::Output, b"a\xffb\xe2\x82");
        feed.write(Stream::Output, b"c\0\n\xe2");
        feed.finish();

        assert_eq!(feed.take_log(), "a\u{fffd}b\u{fffd}c\u{fffd}\n\u{fffd}");
    }

    #[test]
    fn the_streams_do_not_complete_each_others_characters() {
        let feed = Feed::new(100);

        feed.write(Stream::Output, b"\xe2\x82");
        feed.write(Stream::Error, b"x");
        feed.write(Stream::Output, b"\xac");

        assert_eq!(feed.take_log(), "x€");
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted_and_told() {
        let feed = Feed::new(5);

        feed.write(Stream::Output, b"1234567");
        feed.write(Stream::Output, b"89");
        feed.finish();

        assert_eq!(feed.dropped(), 4);
        assert_eq!(
            feed.take_log(),
            "12345\n[windlass] 4 more bytes of output were dropped (output_max_bytes is 5)\n"
        );
    }

    #[test]
    fn the_log_has_no_hole_where_a_character_did_not_fit() {
        let feed = Feed::new(4);

        feed.write(Stream::Output, "ab€".as_bytes());
        feed.write(Stream::Output, b"c");

        assert_eq!(feed.take_log(), "ab");
        assert_eq!(feed.dropped(), 4);
    }

    #[test]
    fn a_logged_line_begins_on_a_line_of_its_own() {
        let feed = Feed::new(100);

        feed.write(Stream::Output, b"half");
        feed.log("info", "done");
        feed.log("warn", "late");

        assert_eq!(feed.take_log(), "half\n[info] done\n[warn] late\n");
    }

    #[test]
    fn only_the_newest_progress_is_kept() {
        let feed = Feed::new(100);

        feed.progress(1, 3, "one");
        feed.progress(2, 3, &"x".repeat(1000));

        let progress = feed.take_progress().unwrap();
        assert_eq!((progress.done, progress.note.len()), (2, NOTE_MAX_BYTES));
        assert_eq!(feed.take_progress(), None);
    }

    #[test]
    fn the_end_of_standard_error_is_remembered_when_the_log_is_full() {
        let feed = Feed::new(1);

        feed.write(Stream::Error, "…".repeat(9_000).as_bytes());
        feed.write(Stream::Error, b"\npanicked at src/lib.rs\n");

        assert!(feed.last_words().ends_with("panicked at src/lib.rs"));
        assert!(feed.last_words().len() <= 2 * LAST_WORDS_MAX_BYTES);
    }
}
