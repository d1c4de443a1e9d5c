//! Workflows without a host.

use std::time::Duration;

use super::{Callable, Failure, Options, Queue, State, Task, testing};

fn half_of(number: u32) -> Result<u32, String> {
    match number.is_multiple_of(2) {
        true => Ok(number / 2),
        false => Err(format!("{number} is odd")),
    }
}

fn nothing() {}

fn pair(left: u8, right: String) -> String {
    format!("{left} {right}")
}

fn one_tuple(both: (u8, String)) -> u8 {
    both.0
}

fn name<A, S>(task: impl Callable<A, S>) -> String {
    task.name()
}

fn arguments<T: Callable<A, S>, A, S>(_task: T, arguments: A) -> String {
    T::write(&arguments)
}

#[test]
fn a_function_is_called_by_its_name_in_wit() {
    fn r#match() {}
    #[expect(non_snake_case, reason = "an author may write so")]
    fn readJPEG2() {}

    assert_eq!(name(half_of), "half-of");
    assert_eq!(name(r#match), "match");
    assert_eq!(name(readJPEG2), "read-jpeg2");
    assert_eq!(
        name(Task::<(), ()>::named("images/resize")),
        "images/resize"
    );
}

#[test]
fn arguments_are_an_array_by_position() {
    let text = || "a".to_owned();

    assert_eq!(arguments(nothing, ()), "[]");
    assert_eq!(arguments(half_of, 4), "[4]");
    assert_eq!(arguments(pair, (1, text())), r#"[1,"a"]"#);
    assert_eq!(arguments(one_tuple, (1, text())), r#"[[1,"a"]]"#);
    let named = Task::<(u8, String), ()>::named("x/y");
    assert_eq!(arguments(&named, (1, text())), r#"[1,"a"]"#);
}

#[test]
fn a_function_runs_in_place_and_its_handle_has_its_outcome() {
    let queue = Queue::own();

    let fine = queue.enqueue(half_of, 4);
    let odd = queue.enqueue(half_of, 3);

    assert_eq!(
        (fine.status(), fine.get_result()),
        (State::Succeeded, Ok(2))
    );
    let failure = odd.get_result().unwrap_err();
    assert_eq!(failure.kind, "guest");
    assert_eq!(failure.payload(), Some("3 is odd".to_owned()));
    assert_eq!(failure.to_string(), "3 is odd");
    assert_eq!(super::find(&fine.id()).unwrap().get_result(), Ok(2));
}

#[test]
fn handles_come_in_the_order_of_the_arguments() {
    let handles = Queue::named("numbers").enqueue_many(half_of, [2, 4, 6]);

    super::wait_all(&handles);
    let halves: Result<Vec<u32>, Failure> = handles.iter().map(|h| h.get_result()).collect();

    assert_eq!(halves, Ok(vec![1, 2, 3]));
    assert_eq!(super::wait_any(&handles), 0);
}

#[test]
fn a_task_by_name_fails_without_a_host() {
    let options = Options {
        priority: Some(-1),
        ..Options::default()
    };

    let handle = Queue::own().enqueue_with(Task::<u32, u32>::named("a/b"), 1, options);

    assert_eq!(handle.get_result().unwrap_err().kind, "no-host");
    let call = &testing::enqueued()[0];
    assert_eq!(
        (call.queue.as_deref(), &*call.task, &*call.arguments),
        (None, "a/b", "[1]")
    );
}

#[test]
fn sleeping_moves_the_clock() {
    let before = super::now();

    super::sleep(Duration::from_secs(3600));
    let message: Option<u8> = super::receive("never", Duration::from_secs(60));

    assert_eq!(message, None);
    let passed = super::now().duration_since(before).unwrap();
    assert_eq!(passed, Duration::from_secs(3660));
}

#[test]
fn a_message_that_was_sent_is_received() {
    testing::send("approval", &true);

    assert_eq!(super::receive("approval", None), Some(true));
}

#[test]
fn what_is_published_can_be_read() {
    super::publish("status", &"begun".to_owned());
    super::publish("status", &super::step("next", || "done".to_owned()));

    assert_eq!(testing::published("status"), Some("done".to_owned()));
    assert_eq!(super::random(70_000).len(), 70_000);
}
