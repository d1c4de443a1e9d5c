//! What the built components export, and what they ask of their host.
//!
//! The components are built here first, so that what is looked at is what the sources make.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use wit_component::{DecodedWasm, OutputToString, WitPrinter};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Builds a workspace for wasm and returns the folder with its components.
fn build(workspace: &str) -> PathBuf {
    let folder = repository().join(workspace);
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => PathBuf::from(target),
        None => folder.join("target"),
    };
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--release",
            "--target",
            "wasm32-wasip2",
        ])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(&folder)
        .status()
        .unwrap();
    assert!(status.success(), "{workspace} could not be built");
    target.join("wasm32-wasip2/release")
}

fn examples() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("examples"))
}

fn guests() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("tests/guests"))
}

/// What a component imports, its exported packages as text.
struct Interface {
    imports: Vec<String>,
    text: String,
}

impl Interface {
    fn imports_from(&self, package: &str) -> bool {
        self.imports
            .iter()
            .any(|import| import.starts_with(package))
    }
}

fn interface_of(component: &Path) -> Interface {
    interface_of_bytes(&std::fs::read(component).unwrap())
}

fn interface_of_bytes(bytes: &[u8]) -> Interface {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(bytes).unwrap() else {
        panic!("this is a WIT package and no component");
    };
    let world = &resolve.worlds[world];
    let imports = world
        .imports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    let mut text = String::new();
    for (id, package) in resolve.packages.iter() {
        if !matches!(
            package.name.namespace.as_str(),
            "wasi" | "root" | "windlass"
        ) {
            let mut printer = WitPrinter::new(OutputToString::default());
            printer.print(&resolve, id, &[]).unwrap();
            text += &String::from(printer.output);
        }
    }
    Interface { imports, text }
}

#[test]
fn a_component_that_asks_the_host_nothing_does_not_import_it() {
    for component in [examples().join("hello.wasm"), guests().join("types.wasm")] {
        let interface = interface_of(&component);
        assert!(
            !interface.imports_from("windlass:"),
            "{:?}",
            interface.imports
        );
        assert!(
            !interface.imports_from("wasi:http"),
            "{:?}",
            interface.imports
        );
    }
}

#[test]
fn a_component_that_asks_the_host_imports_it() {
    for component in [
        examples().join("in_order_events.wasm"),
        examples().join("thumbnails.wasm"),
        guests().join("collector.wasm"),
        guests().join("hostile.wasm"),
    ] {
        let interface = interface_of(&component);
        assert!(
            interface.imports_from("windlass:host/task@0.1.0"),
            "{:?}",
            interface.imports
        );
    }
}

#[test]
fn a_workflow_imports_what_it_asks_for_and_a_task_does_not() {
    const WORKFLOW: &str = "windlass:host/workflow@0.1.0";
    for component in [
        examples().join("order.wasm"),
        examples().join("process_tasks.wasm"),
        guests().join("flows.wasm"),
    ] {
        let interface = interface_of(&component);
        assert!(interface.imports_from(WORKFLOW), "{:?}", interface.imports);
    }
    for component in ["gallery.wasm", "in_order_events.wasm", "thumbnails.wasm"] {
        let interface = interface_of(&examples().join(component));
        assert!(!interface.imports_from(WORKFLOW), "{:?}", interface.imports);
    }
}

/// What the custom section of a component says of its functions, a line each; none without it.
fn kinds_of(component: &Path) -> Vec<String> {
    const NAME: &[u8] = b"windlass:kinds";
    let bytes = std::fs::read(component).unwrap();
    let at = bytes.windows(NAME.len()).position(|window| window == NAME);
    let text = at.map_or(&[][..], |at| &bytes[at + NAME.len()..]);
    let lines = text
        .split(|byte| *byte == b'\n')
        .map(String::from_utf8_lossy);
    let is_kind = |line: &str| line.starts_with("task ") || line.starts_with("workflow ");
    lines
        .map(|line| line.into_owned())
        .take_while(|line| is_kind(line))
        .collect()
}

#[test]
fn a_component_with_a_workflow_tells_which_functions_are_what() {
    assert_eq!(
        kinds_of(&examples().join("process_tasks.wasm")),
        [
            "task demo:process-tasks/tasks@0.1.0#process-task",
            "workflow demo:process-tasks/tasks@0.1.0#process-tasks",
        ]
    );
    assert_eq!(
        kinds_of(&examples().join("gallery.wasm")),
        ["workflow demo:gallery/tasks@0.1.0#contact-sheet"]
    );
    assert!(kinds_of(&examples().join("hello.wasm")).is_empty());
}

/// The lines of an interface without its documentation.
fn interface_in(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.skip_while(|line| !line.starts_with("interface "));
    let lines = lines.take_while(|line| !line.starts_with("world "));
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("///") && *line != "}";
    lines.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn the_copies_of_imported_interfaces_are_what_is_exported() {
    for (component, copy) in [
        ("thumbnails.wasm", "examples/gallery/wit/thumbnails.wit"),
        ("hello.wasm", "tests/guests/typed/wit/hello.wit"),
    ] {
        let exported = interface_of(&examples().join(component)).text;
        let copy = std::fs::read_to_string(repository().join(copy)).unwrap();

        assert_eq!(interface_in(&copy), interface_in(&exported));
    }
}

#[test]
fn calls_by_type_are_imports_of_the_interface_in_one_of_two_ways() {
    for (component, import, is_async) in [
        (
            examples().join("gallery.wasm"),
            "demo:thumbnails/tasks@0.1.0",
            true,
        ),
        (
            guests().join("typed_async.wasm"),
            "demo:hello/tasks@0.1.0",
            true,
        ),
        (guests().join("typed.wasm"), "demo:hello/tasks@0.1.0", false),
    ] {
        let interface = interface_of(&component);
        assert!(interface.imports_from(import), "{:?}", interface.imports);
        assert_eq!(
            interface.text.contains(": async func("),
            is_async,
            "{}",
            interface.text
        );
    }
}

#[test]
fn the_second_flows_has_the_interface_of_the_first() {
    let first = interface_of(&guests().join("flows.wasm"));
    let second = interface_of(&guests().join("flows2.wasm"));

    assert_eq!(first.text, second.text);
    assert_eq!(
        kinds_of(&guests().join("flows.wasm")),
        kinds_of(&guests().join("flows2.wasm"))
    );
}

#[test]
fn the_second_hello_has_the_interface_of_the_first() {
    let first = interface_of(&examples().join("hello.wasm"));
    let second = interface_of(&guests().join("hello2.wasm"));

    assert_eq!(first.text, second.text);
}

#[test]
fn the_committed_hello_has_the_interface_of_its_source() {
    let committed = interface_of(&repository().join("host/assets/hello.wasm"));
    let built = interface_of(&examples().join("hello.wasm"));

    assert_eq!(committed.text, built.text);
    assert_eq!(committed.imports, built.imports);
}

#[test]
fn the_attribute_exports_what_the_module_says() {
    let derived = interface_of(&examples().join("thumbnails.wasm")).text;

    for line in [
        "interface tasks {",
        "enum format {",
        "record thumbnail {",
        "variant problem {",
        "too-large(extent),",
        "resize: func(image: list<u8>, sizes: list<u32>, format: option<format>) -> \
         result<list<thumbnail>, problem>;",
    ] {
        assert!(derived.contains(line), "{line} is not in\n{derived}");
    }
}

#[test]
fn the_component_that_grabs_tables_is_made_of_its_text() {
    let folder = repository().join("tests/guests/grab-table");
    let made = wat::parse_file(folder.join("grab-table.wat")).unwrap();
    let committed = std::fs::read(folder.join("grab-table.wasm")).unwrap();

    assert!(
        made == committed,
        "grab-table.wat has changed: make grab-table.wasm of it anew"
    );
}
