//! Tasks and workflows of the component `{{name}}`: the public functions below, whose types become its WIT.

/// Small tasks about letters.
#[windlass_guest::tasks(package = "local:{{name}}@0.1.0")]
pub mod tasks {
    use windlass_guest::log;

    /// What a letter comes to.
    #[derive(PartialEq)]
    pub struct Summary {
        pub words: u32,
        pub longest: String,
    }

    /// Summarizes a letter; one without words is an error.
    pub fn summarize(letter: String) -> Result<Summary, String> {
        log::info(&format!("summarizing {} bytes", letter.len()));
        let (mut words, mut longest) = (0, "");
        for word in letter.split_whitespace() {
            words += 1;
            if word.chars().count() > longest.chars().count() {
                longest = word;
            }
        }
        if words == 0 {
            return Err("the letter is empty".to_owned());
        }
        let longest = longest.to_owned();
        Ok(Summary { words, longest })
    }
}

/// What goes on for longer.
#[windlass_guest::tasks(package = "local:{{name}}@0.1.0")]
pub mod workflows {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use windlass_guest::workflow::{self, Queue};

    use crate::tasks::summarize;

    /// What many letters come to.
    pub struct Totals {
        pub letters: u32,
        pub words: u32,
        pub longest: String,
        /// When it was done, in milliseconds since 1970.
        pub stamped: u64,
    }

    /// Summarizes many letters at once, rests for a moment, and adds up.
    #[workflow]
    pub fn add_up(letters: Vec<String>) -> Result<Totals, String> {
        let handles = Queue::own().enqueue_many(summarize, letters);
        workflow::wait_all(&handles);
        workflow::sleep(Duration::from_millis(10));
        // Done once, whatever happens: a replay takes what was recorded.
        let stamped = workflow::step("stamp", now_ms);
        let mut totals = Totals {
            letters: handles.len() as u32,
            words: 0,
            longest: String::new(),
            stamped,
        };
        workflow::publish("letters", &totals.letters);
        for (index, handle) in handles.iter().enumerate() {
            let summary = handle.get_result();
            let summary = summary.map_err(|failure| format!("letter {index}: {failure}"))?;
            totals.words += summary.words;
            if summary.longest.chars().count() > totals.longest.chars().count() {
                totals.longest = summary.longest;
            }
        }
        Ok(totals)
    }

    fn now_ms() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as u64)
    }
}

#[cfg(test)]
mod tests;
