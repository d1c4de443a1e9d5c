//! The functions are ordinary ones: they are tested without a host, and without wasm. What a workflow
//! enqueues runs at once, in place.

use windlass_guest::workflow::testing;

use super::tasks::{Summary, summarize};
use super::workflows::add_up;

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

#[test]
fn letters_are_added_up() {
    let letters = ["dear Ada", "yours, Charles"].map(str::to_owned);

    let totals = add_up(letters.to_vec()).unwrap();

    assert_eq!((totals.letters, totals.words), (2, 4));
    assert_eq!(totals.longest, "Charles");
    assert_eq!(testing::published("letters"), Some(2_u32));
}

#[test]
fn a_letter_that_fails_is_named() {
    let letters = ["dear Ada", ""].map(str::to_owned);

    let refused = add_up(letters.to_vec()).unwrap_err();

    assert_eq!(refused, "letter 1: the letter is empty");
}
