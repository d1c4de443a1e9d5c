//! Workflows that call `async func`s, each for one test of the engine. Bare `wit-bindgen`.

use futures::StreamExt;
use futures::future::{Either, join_all, select};
use futures::stream::FuturesUnordered;

#[allow(clippy::all, reason = "wit-bindgen wrote it")]
mod bindings {
    wit_bindgen::generate!({
        world: "test:durable/durable-async",
        path: ["../../../wit/windlass-host", "wit"],
        generate_all,
    });
}

use bindings::test::durable::jobs;
use bindings::windlass::host::workflow;

struct Component;

async fn numbered(n: u32) -> u32 {
    jobs::double(n).await;
    n
}

impl bindings::Guest for Component {
    async fn many(count: u32) -> Vec<u32> {
        join_all((0..count).map(jobs::double)).await
    }

    async fn finished(count: u32) -> Vec<u32> {
        let calls: FuturesUnordered<_> = (0..count).map(numbered).collect();
        calls.collect().await
    }

    async fn race() -> u32 {
        let (one, two) = (Box::pin(jobs::double(1)), Box::pin(jobs::double(2)));
        let first = match select(one, two).await {
            Either::Left((first, _)) | Either::Right((first, _)) => first,
        };
        first * 1000 + jobs::double(3).await
    }

    async fn checked(count: u32) -> Vec<String> {
        let calls = join_all((0..count).map(jobs::check)).await;
        let told = calls.into_iter().map(|result| match result {
            Ok(n) => format!("ok {n}"),
            Err(why) => format!("err {why}"),
        });
        told.collect()
    }

    async fn blocked(count: u32, ms: u64) -> Vec<u32> {
        let mut calls: FuturesUnordered<_> = (0..count).map(numbered).collect();
        // Polled once, so that the calls are made.
        let first = futures::poll!(calls.next());
        assert!(first.is_pending());
        workflow::sleep(ms);
        calls.collect().await
    }

    async fn lost() {
        std::future::pending().await
    }

    async fn echo(text: String) -> String {
        text
    }
}

bindings::export!(Component with_types_in bindings);
