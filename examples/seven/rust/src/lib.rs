//! The task in Rust.

use std::collections::HashMap;

/// What is done with words.
#[windlass_guest::tasks(package = "demo:words@0.1.0", interface = "tasks")]
pub mod tasks {
    use super::counted;

    /// A word, and how often it occurs.
    pub struct Word {
        pub text: String,
        pub times: u32,
    }

    /// The words that occur most often in a text, at most so many: the most frequent first, of
    /// equally frequent ones the first in the order of their bytes.
    pub fn frequent(text: String, most: u32) -> Result<Vec<Word>, String> {
        windlass_guest::log::info(format!("{} bytes of text", text.len()));
        let mut words: Vec<_> = counted(&text).into_iter().collect();
        if words.is_empty() {
            return Err("the text has no words".to_owned());
        }
        words.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        let words = words.into_iter().take(most as usize);
        Ok(words.map(|(text, times)| Word { text, times }).collect())
    }
}

fn counted(text: &str) -> HashMap<String, u32> {
    let mut counted = HashMap::new();
    for word in text.split_ascii_whitespace() {
        *counted.entry(word.to_ascii_lowercase()).or_default() += 1;
    }
    counted
}
