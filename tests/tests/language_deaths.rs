//! A workflow of every language ends as if nothing was, whichever step its host died at.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use serde_json::json;
use windlass_tests::dying::Dying;
use windlass_tests::languages::{self, WORKFLOW};
use windlass_tests::{Setup, fresh_database};

/// As many as the workflow of the templates takes, and one more: when it has ended.
const STEPS: u32 = 8;

macro_rules! on_sqlite {
    ($($language:ident),*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $language() {
            ends_as_if_nothing_was(Setup::sqlite(), stringify!($language)).await;
        }
    )* };
}

mod on_sqlite {
    use super::*;

    on_sqlite![rust, python, javascript, typescript, go, c, cpp];
}

mod on_postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn python() {
        ends_as_if_nothing_was(Setup::postgres(&fresh_database()), "python").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn javascript() {
        ends_as_if_nothing_was(Setup::postgres(&fresh_database()), "javascript").await;
    }
}

async fn ends_as_if_nothing_was(setup: Setup, language: &str) {
    let dying = Dying::start(setup).ignoring("stamped");
    languages::upload(&dying.client(), WORKFLOW, language).await;
    let letters = json!([["dear Ada", "yours sincerely, Charles", "a b c"]]);

    dying
        .at_every_step(&format!("{language}/add-up"), &letters, None, STEPS)
        .await;
}
