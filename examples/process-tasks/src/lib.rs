//! Fan out and wait: a workflow enqueues a task for each number, so that all run in parallel, waits
//! for each, and returns the results.
//!
//! Both lie in one component: the workflow is what `#[workflow]` marks, the task is enqueued by its
//! own function and runs under the very same version.

/// Tasks, and the workflow that runs them.
#[windlass_guest::tasks(package = "demo:process-tasks@0.1.0", interface = "tasks")]
pub mod tasks {
    use windlass_guest::workflow::{Failure, Queue};

    /// Tells how many steps a number takes to 1 where an even one is halved and an odd one becomes
    /// three times itself and one.
    pub fn process_task(number: u32) -> Result<String, String> {
        if number == 0 {
            return Err("0 never comes to 1".to_owned());
        }
        let mut steps = 0;
        let mut current = u64::from(number);
        while current != 1 {
            current = match current % 2 {
                0 => current / 2,
                _ => 3 * current + 1,
            };
            steps += 1;
        }
        Ok(format!("{number} takes {steps} steps"))
    }

    /// Enqueues a task for each number on `example_queue` and returns what all of them say, in the
    /// order of the numbers.
    #[workflow]
    pub fn process_tasks(tasks: Vec<u32>) -> Result<Vec<String>, Failure> {
        let queue = Queue::named("example_queue");
        let handles: Vec<_> = tasks
            .into_iter()
            .map(|t| queue.enqueue(process_task, t))
            .collect();
        handles.into_iter().map(|h| h.get_result()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::tasks;

    #[test]
    fn the_results_have_the_order_of_the_tasks() {
        let results = tasks::process_tasks(vec![27, 1, 6]);

        let expected = ["27 takes 111 steps", "1 takes 0 steps", "6 takes 8 steps"];
        assert_eq!(results, Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn the_workflow_fails_with_the_failure_of_its_task() {
        let failure = tasks::process_tasks(vec![1, 0]).unwrap_err();

        assert_eq!(failure.kind, "guest");
        assert_eq!(failure.payload(), Some("0 never comes to 1".to_owned()));
    }
}
