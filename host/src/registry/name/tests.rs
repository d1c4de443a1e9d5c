//! What names a task, what does not, and what is said then.

use super::*;
use crate::registry::describe::Skipped;
use crate::values::Function;

fn task(interface: Option<&str>, name: &str) -> Task {
    Task {
        interface: interface.map(str::to_owned),
        name: name.to_owned(),
        function: Function {
            params: Vec::new(),
            result: None,
            is_async: false,
        },
        docs: None,
        workflow: false,
    }
}

fn description() -> Description {
    Description {
        tasks: vec![
            task(Some("demo:images/tasks@0.1.0"), "resize"),
            task(Some("demo:images/tasks@0.1.0"), "rotate"),
            task(Some("demo:images/admin@0.1.0"), "rotate"),
            task(Some("demo:images/admin@0.1.0"), "clear"),
            task(None, "clear"),
        ],
        skipped: vec![Skipped {
            interface: Some("demo:images/tasks@0.1.0".into()),
            name: "open".into(),
            reason: "it returns a stream".into(),
        }],
        ..Description::default()
    }
}

#[track_caller]
fn refused(name: &str, message: &str) {
    let error = name.parse::<TaskName>().expect_err("this names no task");

    assert_eq!(error.to_string(), message);
}

#[test]
fn the_first_slash_parts_the_component_from_the_function() {
    let name: TaskName = "images/demo:images/tasks@0.1.0#resize".parse().unwrap();

    assert_eq!(name.component, "images");
    assert_eq!(name.version, None);
    assert_eq!(name.function, "demo:images/tasks@0.1.0#resize");
}

#[test]
fn a_name_with_a_version_prints_as_it_was_written() {
    let name: TaskName = "images@1.2.0-rc.1/resize".parse().unwrap();

    assert_eq!(name.version, Some(Version::parse("1.2.0-rc.1").unwrap()));
    assert_eq!(name.to_string(), "images@1.2.0-rc.1/resize");
}

#[test]
fn a_name_that_is_none_says_what_is_missing() {
    refused(
        "resize",
        "`resize` names no function; write `component/function`, as in `images/resize`",
    );
    refused(
        "images/",
        "`images/` names no function; write `component/function`, as in `images/resize`",
    );
    refused(
        "images@1/resize",
        "`1` in `images@1/resize` is not a version; write all three parts, as in `1.2.0`",
    );
    refused(
        "Images/resize",
        "`Images` cannot be the name of a component; use 1 to 64 of a-z, 0-9, `-`, `_` and \
         `.`, beginning with a letter or a digit",
    );
    refused(
        &"x".repeat(2000),
        "the name of a task has 2000 bytes, at most 1024 are allowed",
    );
}

#[test]
fn a_task_is_found_by_every_form_of_its_name() {
    let description = description();

    for name in [
        "resize",
        "tasks#resize",
        "demo:images/tasks#resize",
        "demo:images/tasks@0.1.0#resize",
    ] {
        let found = description.find(name).map(Task::full_name);

        assert_eq!(found.as_deref(), Ok("demo:images/tasks@0.1.0#resize"));
    }
}

#[test]
fn a_function_of_the_world_goes_before_one_of_an_interface() {
    let description = description();

    let found = description.find("clear").map(Task::full_name);

    assert_eq!(found.as_deref(), Ok("clear"));
}

#[test]
fn an_ambiguous_name_lists_what_it_may_mean() {
    let error = description()
        .find("rotate")
        .expect_err("two have that name");

    assert_eq!(
        error.to_string(),
        "`rotate` is ambiguous; write one of demo:images/tasks@0.1.0#rotate, \
         demo:images/admin@0.1.0#rotate"
    );
}

#[test]
fn an_unknown_name_lists_the_most_similar_first() {
    let error = description().find("resise").expect_err("there is none");

    assert_eq!(
        error.to_string(),
        "there is no task `resise`; the component has resize, \
         demo:images/tasks@0.1.0#rotate, demo:images/admin@0.1.0#rotate, \
         demo:images/admin@0.1.0#clear, clear"
    );
}

#[test]
fn a_function_that_is_no_task_says_why() {
    let error = description().find("tasks#open").expect_err("it is no task");

    assert_eq!(
        error.to_string(),
        "`tasks#open` is exported, but is no task: it returns a stream"
    );
}

#[test]
fn the_distance_counts_insertions_omissions_and_replacements() {
    assert_eq!(distance("resize", "resize"), 0);
    assert_eq!(distance("resise", "resize"), 1);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("kitten", "sitting"), 3);
}
