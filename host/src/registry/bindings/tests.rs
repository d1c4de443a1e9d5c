//! Real components, made in memory from WIT, bound to each other.

use super::*;
use crate::registry::describe::{Description, describe, tests::component};

const CALLER: &str = "
    package demo:pages@1.0.0;
    interface pages { make: func(urls: list<string>); }
    world w { import demo:images/tasks@0.1.0; export pages; }
    package demo:images@0.1.0 {
        interface tasks {
            record job { name: string, sizes: list<u32> }
            variant answer { none, found(list<u8>) }
            resize: async func(jobs: list<job>) -> result<answer, string>;
        }
    }";

fn provider(version: &str, sizes: &str, answer: &str) -> Description {
    describe(&component(&format!(
        "package demo:images@{version};
        interface tasks {{
            record task {{ name: string, sizes: {sizes} }}
            variant found {{ none, found({answer}) }}
            resize: func(jobs: list<task>) -> result<found, string>;
            more: func();
        }}
        world w {{ export tasks; }}"
    )))
    .unwrap()
}

fn fitting() -> Description {
    provider("0.1.2", "list<u32>", "list<u8>")
}

fn imports() -> Vec<Imported> {
    describe(&component(CALLER)).unwrap().task_imports
}

fn offer<'a>(component: &'a str, version: &'a Version, provided: &'a Description) -> Offer<'a> {
    Offer {
        component,
        version,
        tasks: &provided.tasks,
    }
}

fn messages(result: Result<Vec<Binding>, Vec<Error>>) -> Vec<String> {
    let errors = result.unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

static ONE: Version = Version::new(1, 0, 0);
static TWO: Version = Version::new(2, 1, 0);

#[test]
fn the_only_component_that_exports_an_import_is_bound_to_it() {
    let provided = fitting();
    let offers = [
        offer("thumbs", &ONE, &provided),
        offer("thumbs", &TWO, &provided),
    ];

    let bound = bind("pages", &imports(), &[], &offers).unwrap();

    assert_eq!(
        bound,
        [Binding {
            interface: "demo:images/tasks@0.1.0".to_owned(),
            component: "thumbs".to_owned(),
            version: "^2.1.0".to_owned(),
            queue: "thumbs".to_owned(),
        }]
    );
}

#[test]
fn component_versions_and_queue_are_what_the_uploader_says() {
    let provided = fitting();
    let offers = [
        offer("thumbs", &ONE, &provided),
        offer("thumbs", &TWO, &provided),
        offer("others", &ONE, &provided),
    ];
    let asked = ["demo:images/tasks=thumbs@^1:slow".parse().unwrap()];

    let bound = bind("pages", &imports(), &asked, &offers).unwrap();

    let bound = &bound[0];
    assert_eq!(
        (&*bound.component, &*bound.version, &*bound.queue),
        ("thumbs", "^1", "slow")
    );
}

#[test]
fn nobody_and_several_are_refused_with_the_way_out() {
    let provided = fitting();
    let newer = provider("0.2.0", "list<u32>", "list<u8>");
    let several = [offer("a", &ONE, &provided), offer("b", &ONE, &provided)];

    let nobody = messages(bind("pages", &imports(), &[], &[offer("a", &ONE, &newer)]));
    let several = messages(bind("pages", &imports(), &[], &several));

    assert_eq!(
        nobody,
        [
            "no component exports demo:images/tasks@0.1.0, but there is demo:images/tasks@0.2.0 \
          (a@1.0.0): push it first, or name one with --bind demo:images/tasks@0.1.0=COMPONENT"
        ]
    );
    assert_eq!(
        several,
        [
            "several components export demo:images/tasks@0.1.0: a, b; say which with --bind \
          demo:images/tasks@0.1.0=COMPONENT"
        ]
    );
}

#[test]
fn types_that_differ_in_one_field_are_shown_side_by_side_with_their_place() {
    let wide = provider("0.1.0", "list<u64>", "string");

    let misfits = messages(bind("pages", &imports(), &[], &[offer("a", &ONE, &wide)]));

    assert_eq!(
        misfits,
        [
            "demo:images/tasks@0.1.0#resize, parameter jobs[].sizes[]: imported u32, exported u64",
            "demo:images/tasks@0.1.0#resize, result.ok.found: imported list<u8>, exported string",
        ]
    );
}

#[test]
fn what_is_said_of_something_else_or_of_nothing_there_is_is_refused() {
    let provided = fitting();
    let offers = [offer("a", &ONE, &provided)];
    let refused =
        |text: &str| messages(bind("pages", &imports(), &[text.parse().unwrap()], &offers));

    assert!(refused("demo:other/tasks=a")[0].starts_with("the component does not import"));
    assert!(refused("demo:images/tasks=b")[0].contains("there is no such component"));
    assert_eq!(
        refused("demo:images/tasks=a@^2")[0],
        "no version of `a` fits ^2; there is 1.0.0"
    );
}

#[test]
fn components_that_call_each_other_in_a_circle_are_named() {
    let bound = |component: &str| Binding {
        interface: String::new(),
        component: component.to_owned(),
        version: String::new(),
        queue: String::new(),
    };
    let of = |component: &str| match component {
        "b" => vec!["d".to_owned(), "c".to_owned()],
        "c" => vec!["a".to_owned()],
        _ => Vec::new(),
    };

    let circle = cycle("a", &[bound("d"), bound("b")], of);

    assert_eq!(
        circle,
        Some(["a", "b", "c", "a"].map(str::to_owned).to_vec())
    );
    assert_eq!(cycle("e", &[bound("b")], of), None);
}
