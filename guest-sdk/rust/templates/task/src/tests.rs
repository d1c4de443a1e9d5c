//! The functions are ordinary ones: they are tested without a host, and without wasm.

use super::tasks::{Summary, summarize};

#[test]
fn a_letter_is_summarized() {
    let summary = summarize("dear Ada".to_owned());

    let longest = "dear".to_owned();
    assert_eq!(summary, Ok(Summary { words: 2, longest }));
}

#[test]
fn a_letter_without_words_is_an_error() {
    let refused = summarize(" ".to_owned());

    assert_eq!(refused, Err("the letter is empty".to_owned()));
}
