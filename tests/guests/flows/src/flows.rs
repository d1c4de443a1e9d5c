//! The workflows and their tasks. Where a workflow takes a queue, none is its own.

#[windlass_guest::tasks(package = "test:flows@0.1.0", interface = "flows")]
pub mod flows {
    use std::collections::HashMap;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use windlass_guest::workflow::{self, Failure, Handle, Options, Queue, Retries, State};
    use windlass_guest::{Json, this_invocation};

    /// What `steps` found.
    pub struct Walked {
        pub sum: u32,
        pub values: Vec<u32>,
    }

    pub fn add_one(number: u32) -> u32 {
        number + 1
    }

    pub fn noop() {}

    pub fn fail(message: String) -> Result<(), String> {
        Err(message)
    }

    /// Returns after so many milliseconds.
    pub fn slow(ms: u64) -> u64 {
        std::thread::sleep(Duration::from_millis(ms));
        ms
    }

    /// Has a task that always fails tried so many times again: whether it failed in the end.
    #[workflow]
    pub fn stubborn(retries: u32) -> bool {
        let options = Options {
            retries: Some(Retries {
                max: retries,
                backoff: Some(Duration::from_millis(10)),
                ..Retries::default()
            }),
            delay: Some(Duration::from_millis(10)),
            tags: vec![("purpose".to_owned(), "test".to_owned())],
            ..Options::default()
        };
        let handle = Queue::own().enqueue_with(fail, "as always".to_owned(), options);
        handle.get_result().is_err()
    }

    /// Enqueues one by one and then waits one by one.
    #[workflow]
    pub fn fan_out(n: u32, queue: Option<String>) -> Result<Vec<u32>, Failure> {
        let queue = queue_of(queue);
        let handles: Vec<_> = (0..n).map(|i| queue.enqueue(add_one, i)).collect();
        handles.into_iter().map(|h| h.get_result()).collect()
    }

    /// As `fan-out`, of tasks that do nothing: how many.
    #[workflow]
    pub fn fan_out_noop(n: u32, queue: Option<String>) -> Result<u32, Failure> {
        let queue = queue_of(queue);
        let handles: Vec<_> = (0..n).map(|_| queue.enqueue(noop, ())).collect();
        handles
            .into_iter()
            .try_fold(0, |done, h| h.get_result().map(|()| done + 1))
    }

    /// Enqueues all as one step and waits for all as another.
    #[workflow]
    pub fn fan_out_at_once(n: u32, queue: Option<String>) -> Result<Vec<u32>, Failure> {
        let handles = queue_of(queue).enqueue_many(add_one, 0..n);
        workflow::wait_all(&handles);
        handles.into_iter().map(|h| h.get_result()).collect()
    }

    /// One task after the other, each on the result of the last.
    #[workflow]
    pub fn steps(k: u32, queue: Option<String>) -> Result<Walked, Failure> {
        let queue = queue_of(queue);
        let (mut sum, mut values) = (0, Vec::new());
        for _ in 0..k {
            sum = queue.enqueue(add_one, sum).get_result()?;
            values.push(sum);
        }
        Ok(Walked { sum, values })
    }

    /// A tree on its own queue, `depth` levels of workflows above the leaves: how many leaves.
    #[workflow]
    pub fn nested(depth: u32, width: u32) -> Result<u32, Failure> {
        let queue = Queue::own();
        let handles: Vec<Handle<u32>> = (0..width)
            .map(|_| match depth {
                0 | 1 => queue.enqueue(add_one, 0),
                _ => queue.enqueue(nested, (depth - 1, width)),
            })
            .collect();
        handles.into_iter().map(|h| h.get_result()).sum()
    }

    /// Sleeps: how many milliseconds have passed by its own clock.
    #[workflow]
    pub fn sleeps(ms: u64) -> u64 {
        let before = workflow::now();
        workflow::sleep(Duration::from_millis(ms));
        milliseconds(workflow::now().duration_since(before).unwrap_or_default())
    }

    /// Takes a message: the JSON of it.
    #[workflow]
    pub fn asks(name: String, timeout_ms: Option<u64>) -> Option<String> {
        workflow::publish("asking", &name);
        let message: Option<Json> = workflow::receive(&name, timeout_ms.map(Duration::from_millis));
        message.map(|message| windlass_guest::Data::to_json(&message))
    }

    /// Enqueues itself and waits for that.
    #[workflow]
    pub fn endless_self(depth: u32) -> Result<u32, Failure> {
        Queue::own().enqueue(endless_self, depth + 1).get_result()
    }

    /// So many steps of its own: their sum.
    #[workflow]
    pub fn journal(n: u32) -> u64 {
        (0..n)
            .map(|i| workflow::step("number", || u64::from(i)))
            .sum()
    }

    /// Goes on as new so many times: how often it has.
    #[workflow]
    pub fn continues(left: u32, done: u32) -> u32 {
        if left > 0 {
            workflow::continue_as_new((left - 1, done + 1));
        }
        done
    }

    /// Everything that is different in every run, if it is not taken from the journal: random bytes,
    /// clocks, the order of a map. With `hold` it waits for the message `go` before it returns.
    #[workflow]
    pub fn dice(hold: bool) -> Vec<u64> {
        let begin = std::time::Instant::now();
        let mut rolls: Vec<u64> = workflow::random(4).into_iter().map(u64::from).collect();
        rolls.push(since_1970(workflow::now()));
        rolls.push(since_1970(SystemTime::now()));
        let map: HashMap<u64, ()> = (0..8).map(|key| (key, ())).collect();
        rolls.extend(map.into_keys());
        if hold {
            go();
        }
        rolls.push(begin.elapsed().as_nanos() as u64);
        rolls
    }

    /// What the other version of this component does in another order: `add-one` and `noop`.
    #[workflow]
    pub fn fickle(hold: bool) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for is_noop in [crate::NOOP_FIRST, !crate::NOOP_FIRST] {
            ids.push(one_of(is_noop)?);
        }
        if hold {
            go();
        }
        ids.push(one_of(true)?);
        Ok(ids)
    }

    /// Does something else in a later attempt than in the first, which is forbidden: enqueues `noop`,
    /// then `add-one` in the first attempt and `noop` again in another. Waits for `go`, then ends.
    #[workflow]
    pub fn moody() -> Result<Vec<String>, Failure> {
        let first = one_of(true)?;
        let second = one_of(this_invocation().attempt > 1)?;
        go();
        Ok(vec![first, second])
    }

    /// Three calls that take ten minutes, the last of them detached, and the wait for the first.
    #[workflow]
    pub fn cancel_me() -> Result<u64, Failure> {
        const LONG_MS: u64 = 600_000;
        let queue = Queue::own();
        let first = queue.enqueue(slow, LONG_MS);
        let second = queue.enqueue(slow, LONG_MS);
        let detached = Options {
            detached: true,
            ..Options::default()
        };
        let third = queue.enqueue_with(slow, LONG_MS, detached);
        workflow::publish("children", &vec![first.id(), second.id(), third.id()]);
        first.get_result()
    }

    /// Cancels a call that takes ten minutes: the kind of its failure.
    #[workflow]
    pub fn cancels() -> String {
        let handle = Queue::own().enqueue(slow, 600_000);
        handle.cancel();
        match handle.get_result() {
            Ok(_) => "succeeded".to_owned(),
            Err(failure) => failure.kind,
        }
    }

    /// Calls that take so many milliseconds each: the order in which they ended.
    #[workflow]
    pub fn wait_any(times_ms: Vec<u64>, queue: Option<String>) -> Vec<u32> {
        let queue = queue_of(queue);
        let mut open: Vec<_> = (0..)
            .zip(times_ms)
            .map(|(i, ms)| (i, queue.enqueue(slow, ms)))
            .collect();
        let mut order = Vec::new();
        while !open.is_empty() {
            let (index, _) = open.remove(workflow::wait_any(open.iter().map(|(_, h)| h)));
            order.push(index);
        }
        order
    }

    /// Waits at most so long for a call that takes `ms`: whether it had ended.
    #[workflow]
    pub fn waits(ms: u64, timeout_ms: u64) -> bool {
        let handle = Queue::own().enqueue(slow, ms);
        workflow::wait_all_for([&handle], Duration::from_millis(timeout_ms))
    }

    /// Fails with what its task fails with; in the text stands the payload.
    #[workflow]
    pub fn fails(message: String) -> Result<(), String> {
        match Queue::own().enqueue(fail, message).get_result() {
            Ok(()) => Ok(()),
            Err(failure) => {
                let payload: Option<String> = failure.payload();
                Err(format!("{}: {}", failure.kind, payload.unwrap_or_default()))
            }
        }
    }

    /// What the host says to a call of a task by this name: the code of its refusal.
    #[workflow]
    pub fn calls(task: String) -> Result<String, String> {
        let task = workflow::Task::<(), Json>::named(task);
        match Queue::own().try_enqueue(task, ()) {
            Ok(handle) => Ok(handle.id()),
            Err(refusal) => Err(refusal.code),
        }
    }

    /// The state and the value of an invocation by its id: JSON.
    #[workflow]
    pub fn finds(id: String) -> Result<String, String> {
        let handle = workflow::find::<Json>(&id).map_err(|refusal| refusal.code)?;
        let value = handle.get_result()?;
        match handle.status() {
            State::Succeeded => Ok(windlass_guest::Data::to_json(&value)),
            other => Err(format!("{other:?}")),
        }
    }

    /// Asks for the end of an invocation that it found, which is not for it to do.
    #[workflow]
    pub fn cancels_other(id: String) -> Result<(), String> {
        let found = workflow::find::<Json>(&id).map_err(|refusal| refusal.code)?;
        found.cancel();
        Ok(())
    }

    /// A step of each kind, `rounds` times: the sum of what came of them.
    #[workflow]
    pub fn mixed(rounds: u32) -> Result<u64, Failure> {
        let queue = Queue::own();
        let mut sum = 0;
        for round in 0..rounds {
            sum += workflow::step("round", || u64::from(round));
            sum += u64::from(queue.enqueue(add_one, round).get_result()?);
            let handles = queue.enqueue_many(add_one, [round, round]);
            workflow::wait_any(&handles);
            for handle in handles {
                sum += u64::from(handle.get_result()?);
            }
            workflow::sleep(Duration::from_millis(1));
            sum += workflow::random(8).len() as u64;
            workflow::publish("sum", &sum);
        }
        Ok(sum)
    }

    fn one_of(is_noop: bool) -> Result<String, Failure> {
        let queue = Queue::own();
        if is_noop {
            let handle = queue.enqueue(noop, ());
            handle.get_result().map(|()| handle.id())
        } else {
            let handle = queue.enqueue(add_one, 1);
            handle.get_result().map(|_| handle.id())
        }
    }

    fn go() {
        workflow::receive::<Json>("go", None);
    }

    fn queue_of(name: Option<String>) -> Queue {
        name.map_or_else(Queue::own, Queue::named)
    }

    fn since_1970(time: SystemTime) -> u64 {
        milliseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn milliseconds(duration: Duration) -> u64 {
        duration.as_millis() as u64
    }
}
