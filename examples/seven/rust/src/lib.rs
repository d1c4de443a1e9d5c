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

    /// The words that occur most often in a text, at most so many.
    pub fn frequent(text: String, most: u32) -> Result<Vec<Word>, String> {
        windlass_guest::log::info(&format!("{} bytes of text", text.len()));
        let mut words = counted(&text);
        if words.is_empty() {
            return Err("the text has no words".to_owned());
        }
        words.sort_by_key(|word| std::cmp::Reverse(word.times));
        words.truncate(most as usize);
        Ok(words)
    }
}

/// Each word once, in the order in which they come.
fn counted(text: &str) -> Vec<tasks::Word> {
    let mut words: Vec<tasks::Word> = Vec::new();
    let mut places = HashMap::new();
    for text in text.split([' ', '\t', '\n', '\r']) {
        if !text.is_empty() {
            let text = text.to_ascii_lowercase();
            let place = *places.entry(text.clone()).or_insert(words.len());
            match words.get_mut(place) {
                Some(word) => word.times += 1,
                None => words.push(tasks::Word { text, times: 1 }),
            }
        }
    }
    words
}
