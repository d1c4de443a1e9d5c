//! Workflows that call `demo:hello` by its type, many calls at once.

/// The interface as `examples/hello` exports it, its functions made asynchronous.
mod imports {
    windlass_guest::import!({
        path: "../typed/wit",
        interface: "demo:hello/tasks@0.1.0",
        async: true,
    });
}

#[windlass_guest::tasks(package = "test:typed-async@0.1.0", interface = "typed")]
pub mod typed {
    use futures_util::future::{Either, join_all, select};

    use crate::imports::demo::hello::tasks as hello;

    /// Greets everybody at once, in the order of the names.
    #[workflow]
    pub async fn greet(names: Vec<String>) -> Vec<String> {
        join_all(names.into_iter().map(hello::greet)).await
    }

    /// So many calls of a task that does nothing, all in flight at once: how many.
    #[workflow]
    pub async fn nothing(n: u32) -> u32 {
        join_all((0..n).map(|_| hello::nothing())).await.len() as u32
    }

    /// A sum of sums: `width` branches at once, in each `depth` calls one after the other.
    #[workflow]
    pub async fn branches(width: i64, depth: i64) -> Result<i64, String> {
        let branches = (0..width).map(|branch| async move {
            let mut sum = branch;
            for _ in 0..depth {
                sum = hello::add(sum, 1).await?;
            }
            Ok::<i64, String>(sum)
        });
        join_all(branches).await.into_iter().sum()
    }

    /// Which of two counts of primes ends first, the one of `left` or the one of `right` units.
    #[workflow]
    pub async fn race(left: u32, right: u32) -> String {
        let left = std::pin::pin!(hello::work(left));
        let right = std::pin::pin!(hello::work(right));
        let first = match select(left, right).await {
            Either::Left(_) => "left",
            Either::Right(_) => "right",
        };
        first.to_owned()
    }

    /// What the task says to this: the error of its type.
    #[workflow]
    pub async fn fails(message: String) -> Result<String, String> {
        hello::fail(message).await
    }
}
