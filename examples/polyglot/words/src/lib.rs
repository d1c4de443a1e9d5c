//! The Rust part: counts words, which is work.

/// Counting words.
#[windlass_guest::tasks(package = "demo:words@0.1.0", interface = "counting")]
pub mod counting {
    use std::collections::BTreeMap;

    /// How often a word is there.
    #[derive(Debug, PartialEq)]
    pub struct Word {
        pub text: String,
        pub times: u32,
    }

    /// Counts the words of a letter, in the order of the alphabet; one without words is an error.
    pub fn count(letter: String) -> Result<Vec<Word>, String> {
        let mut counts = BTreeMap::new();
        for word in letter.split(|c: char| !c.is_alphanumeric()) {
            if !word.is_empty() {
                *counts.entry(word.to_lowercase()).or_insert(0) += 1;
            }
        }
        if counts.is_empty() {
            return Err("the letter is empty".to_owned());
        }
        let words = counts.into_iter();
        Ok(words.map(|(text, times)| Word { text, times }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::counting::{Word, count};

    #[test]
    fn words_are_counted_whatever_their_case() {
        let words = count("Dear Ada, dear".to_owned()).unwrap();

        let word = |text: &str, times| Word {
            text: text.to_owned(),
            times,
        };
        assert_eq!(words, [word("ada", 1), word("dear", 2)]);
    }
}
