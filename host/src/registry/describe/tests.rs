//! Real components, made in memory from WIT, and what `describe` says of them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::ManglingAndAbi;

use super::*;

/// A real component for the world `w` of `wit`, whose functions all trap.
pub(in crate::registry) fn component(wit: &str) -> Vec<u8> {
    component_that_says(wit, "")
}

/// The same, whose core module has this section of kinds.
fn component_that_says(wit: &str, kinds: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    if !kinds.is_empty() {
        let name = "windlass:kinds";
        let length = 1 + name.len() + kinds.len();
        // LEB128, of two bytes in any case.
        module.extend([
            0,
            (length & 0x7f) as u8 | 0x80,
            (length >> 7) as u8,
            name.len() as u8,
        ]);
        module.extend(name.bytes().chain(kinds.bytes()));
    }
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

fn signatures(description: &Description) -> Vec<String> {
    let tasks = description.tasks.iter();
    tasks
        .map(|task| format!("{}: {:#}", task.full_name(), task.function))
        .collect()
}

fn skipped(description: &Description) -> Vec<String> {
    let skipped = description.skipped.iter();
    skipped
        .map(|skipped| format!("{}: {}", skipped.name, skipped.reason))
        .collect()
}

#[test]
fn exported_functions_are_described_with_their_names_and_types() {
    let bytes = component(
        "package demo:images@0.1.0;
        interface tasks {
            record thumb { size: u32, png: list<u8> }
            type thumbs = list<thumb>;
            enum level { low, high }
            variant shape { circle(f32), none }
            flags perms { read, write }
            /// Makes thumbnails.
            resize: func(url: string, sizes: list<u32>) -> result<thumbs, string>;
            every: func(a: option<level>, b: shape, c: perms, d: tuple<s8, char>) -> result;
        }
        world w {
            export tasks;
            export ping: func();
        }",
    );

    let description = describe(&bytes).unwrap();

    assert_eq!(
        signatures(&description),
        [
            "ping: func()",
            "demo:images/tasks@0.1.0#resize: func(url: string, sizes: list<u32>) -> \
             result<list<record thumb {size: u32, png: list<u8>}>, string>",
            "demo:images/tasks@0.1.0#every: func(a: option<enum level {low, high}>, \
             b: variant shape {circle(f32), none}, c: flags perms {read, write}, \
             d: tuple<s8, char>) -> result",
        ]
    );
    assert_eq!(
        description.tasks[1].function.to_string(),
        "func(url: string, sizes: list<u32>) -> result<list<thumb>, string>"
    );
    assert_eq!(description.tasks[1].docs.as_deref(), None);
    assert!(description.skipped.is_empty());
    assert!(description.wit.contains("export demo:images/tasks@0.1.0"));
}

#[test]
fn what_cannot_wait_in_a_queue_is_skipped_with_its_place() {
    let bytes = component(
        "package demo:odd;
        interface tasks {
            resource file { constructor(); name: func() -> string; open: static func(); }
            record request { id: u32, body: stream<u8> }
            send: func(request: request);
            later: func() -> result<u32, future<string>>;
            close: func(files: list<file>);
            look: func(file: borrow<file>);
            fine: async func() -> u32;
        }
        world w { export tasks; }",
    );

    let description = describe(&bytes).unwrap();

    assert_eq!(
        signatures(&description),
        ["demo:odd/tasks#fine: async func() -> u32"]
    );
    assert_eq!(
        skipped(&description),
        [
            "[constructor]file: it belongs to a resource, which cannot outlive its instance \
             in a queue",
            "[method]file.name: it belongs to a resource, which cannot outlive its instance \
             in a queue",
            "[static]file.open: it belongs to a resource, which cannot outlive its instance \
             in a queue",
            "send: `request.body` is a stream, which cannot outlive its instance in a queue; \
             pass a list",
            "later: `result.err` is a future, which cannot outlive its instance in a queue; \
             pass the value",
            "close: `files[]` is the resource `file`, which cannot outlive its instance in a \
             queue",
            "look: `file` is the resource `file`, which cannot outlive its instance in a queue",
        ]
    );
}

#[test]
fn only_imports_that_somebody_must_provide_are_listed() {
    let bytes = component(
        "package demo:needs@0.2.0;
        interface names { record point { x: u32 } }
        interface log { line: func(text: string); }
        world w {
            import log;
            import now: func() -> u64;
            export at: func() -> u32;
            export tasks: interface {
                use names.{point};
                go: func() -> point;
            }
        }",
    );

    let description = describe(&bytes).unwrap();

    assert_eq!(description.imports, ["demo:needs/log@0.2.0", "now"]);
    assert_eq!(
        signatures(&description),
        [
            "at: func() -> u32",
            "tasks#go: func() -> record point {x: u32}"
        ]
    );
}

fn workflows(bytes: &[u8]) -> Vec<(String, bool)> {
    let tasks = describe(bytes).unwrap().tasks.into_iter();
    tasks.map(|task| (task.name, task.workflow)).collect()
}

const MIXED: &str = "
    package demo:orders@0.1.0;
    interface tasks { place: func(); charge: func(); }
    world w { IMPORTS export tasks; export ping: func(); }
    package windlass:host@0.1.0 { interface workflow { now: func() -> u64; } }
    package demo:images@0.2.0 { interface tasks { resize: async func(size: u32) -> list<u8>; } }
    package wasi:clocks@0.2.0 { interface wall-clock { now: func() -> u64; } }";

#[test]
fn who_imports_workflow_or_the_tasks_of_others_exports_workflows() {
    let of = |imports: &str| {
        let workflows = workflows(&component(&MIXED.replace("IMPORTS", imports)));
        let (all, any) = (
            workflows.iter().all(|one| one.1),
            workflows.iter().any(|one| one.1),
        );
        assert_eq!(all, any);
        all
    };

    assert!(of("import windlass:host/workflow@0.1.0;"));
    assert!(of("import demo:images/tasks@0.2.0;"));
    assert!(!of("import wasi:clocks/wall-clock@0.2.0;"));
}

#[test]
fn a_component_says_of_each_function_what_it_is() {
    let wit = MIXED.replace("IMPORTS", "import windlass:host/workflow@0.1.0;");
    let said = "workflow demo:orders/tasks@0.1.0#place\ntask demo:orders/tasks@0.1.0#charge\n\0\0\
                task #ping\ntask other:lib/x@1.0.0#charge\n";

    let kinds = workflows(&component_that_says(&wit, said));

    let told: Vec<_> = kinds
        .iter()
        .map(|(name, workflow)| (&**name, *workflow))
        .collect();
    assert_eq!(told, [("ping", false), ("place", true), ("charge", false)]);
}

#[test]
fn a_kind_that_is_not_understood_is_refused() {
    let bytes = component_that_says(&MIXED.replace("IMPORTS", ""), "actor #ping\n");

    let error = describe(&bytes).unwrap_err();

    assert!(error.to_string().contains("\"actor #ping\""), "{error}");
}

#[test]
fn imported_tasks_are_described_with_their_types_and_what_cannot_be_called() {
    let bytes = component(
        "package demo:pages@0.1.0;
        world w { import demo:images/tasks@0.2.0; export make: func(); }
        package demo:images@0.2.0 {
            interface tasks {
                resource picture { size: func() -> u32; }
                resize: async func(size: u32) -> list<u8>;
                open: func() -> picture;
            }
        }",
    );

    let imported = describe(&bytes).unwrap().task_imports;

    assert_eq!(imported.len(), 1);
    assert_eq!(imported[0].interface, "demo:images/tasks@0.2.0");
    let resize = &imported[0].functions[0];
    assert_eq!(
        format!("{} {}", resize.name, resize.function),
        "resize async func(size: u32) -> list<u8>"
    );
    let unfit: Vec<_> = imported[0].unfit.iter().map(|one| &*one.name).collect();
    assert_eq!(unfit, ["[method]picture.size", "open"]);
}

#[test]
fn a_command_has_no_tasks_and_says_why() {
    let bytes = component(
        "package wasi:cli@0.2.0;
        interface run { run: func() -> result; }
        world w { export run; }",
    );

    let description = describe(&bytes).unwrap();

    assert!(description.tasks.is_empty());
    assert_eq!(
        skipped(&description),
        ["run: it belongs to WASI, which is for hosts to call"]
    );
}

#[test]
fn a_type_that_unfolds_without_end_is_refused() {
    let mut wit = String::from("package demo:bomb; interface tasks { type t0 = tuple<u8, u8>;");
    for n in 1..14 {
        wit += &format!("type t{n} = tuple<t{0}, t{0}>;", n - 1);
    }
    wit += "record deep { bomb: t13 } go: func(deep: deep); } world w { export tasks; }";
    let bytes = component(&wit);

    let description = describe(&bytes).unwrap();

    let skipped = skipped(&description);
    assert!(skipped[0].starts_with("go: `deep.bomb"), "{skipped:?}");
    assert!(skipped[0].ends_with("makes the signature longer than 262144 bytes"));
}

#[test]
fn a_damaged_component_is_refused_at_every_length() {
    let bytes =
        component("package demo:cut; world w { export go: func(a: list<string>) -> option<u32>; }");

    for end in 8..bytes.len() {
        let described = describe(&bytes[..end]);

        // Some lengths end between two sections: what is left is a component of its own.
        if let Err(error) = described {
            assert!(matches!(error, Error::Invalid(_)), "{end}: {error}");
        }
    }
}

#[test]
fn a_wit_package_is_told_from_a_component() {
    let mut resolve = Resolve::default();
    let wit = "package demo:only; interface i { f: func(); }";
    let package = resolve.push_str("test.wit", wit).unwrap();
    let bytes = wit_component::encode(&resolve, package).unwrap();

    assert_eq!(describe(&bytes), Err(Error::WitPackage));
}

#[test]
fn a_description_is_stored_and_read_back() {
    let bytes = component(
        "package demo:kept@1.0.0;
        interface i { flags f { a } g: func(x: option<result<f, tuple<u64>>>) -> list<u8>; }
        world w { export i; }",
    );
    let description = describe(&bytes).unwrap();

    let stored = serde_json::to_string(&description).unwrap();

    assert_eq!(
        serde_json::from_str::<Description>(&stored).unwrap(),
        description
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_component_with_damaged_bytes_is_described_or_refused(
        damage in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = component(
            "package demo:cut@0.1.0;
            interface tasks { record r { a: list<string> } go: func(r: r) -> option<u32>; }
            world w { import now: func() -> u64; export tasks; }",
        );
        for (at, byte) in &damage {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }

        // What it says does not matter here, only that it comes back.
        let described = describe(&bytes);

        prop_assert!(!matches!(described, Err(Error::WitPackage)));
    }
}
