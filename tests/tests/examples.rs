//! The examples' pages, executed: every command that a reader is told to type to Windlass.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use windlass_tests::pages::{self, Shell};
use windlass_tests::{Setup, guests, languages};

#[test]
fn the_page_of_hello_is_so() {
    execute_page("hello", "hello");
}

#[test]
fn the_page_of_thumbnails_is_so() {
    execute_page("thumbnails", "thumbnails");
}

#[test]
fn the_page_of_in_order_events_is_so() {
    execute_page("in-order-events", "in_order_events");
}

#[test]
fn the_page_of_process_tasks_is_so() {
    execute_page("process-tasks", "process_tasks");
}

#[test]
fn the_page_of_gallery_is_so() {
    execute_page("gallery", "gallery");
}

#[test]
fn the_page_of_order_is_so() {
    execute_page("order", "order");
}

#[test]
fn the_page_of_polyglot_is_so() {
    let folder = xtask::commands::root().join("examples/polyglot");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    let place = TempDir::new().unwrap();
    for project in ["words", "cards", "report"] {
        copy(&folder.join(project), &place.path().join(project));
    }
    let host = Setup::sqlite().start();
    let shell = Shell::new(place.path(), &host)
        .with("WINDLASS_TOOLS", languages::tools())
        .with("CARGO_TARGET_DIR", languages::cargo_target());

    let commands = pages::commands_of(&page);
    assert!(commands.len() > 6, "the page has few commands");
    for command in &commands {
        shell.execute(command);
    }
}

#[test]
fn the_page_of_callers_is_so() {
    let root = xtask::commands::root();
    let page = fs::read_to_string(root.join("docs/guides/callers.md")).unwrap();
    let place = TempDir::new().unwrap();
    std::os::unix::fs::symlink(root.join("host"), place.path().join("host")).unwrap();
    let host = Setup::sqlite().start();
    let shell = Shell::new(place.path(), &host);

    for command in pages::commands_of(&page) {
        shell.execute(&command);
    }

    for (file, function) in [
        ("hello.py", "def greet"),
        ("hello.ts", "greet"),
        ("hello.rs", "fn greet"),
    ] {
        let stubs = fs::read_to_string(place.path().join(file)).unwrap();
        assert!(stubs.contains(function), "{file}: {stubs}");
    }
}

/// Copies a project, without what was built in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let target = to.join(name);
        if [".windlass", "build", "target"]
            .iter()
            .any(|made| name == *made)
        {
            continue;
        }
        match path.is_dir() {
            true => copy(&path, &target),
            false => fs::copy(&path, &target).map(drop).unwrap(),
        }
    }
}

/// Runs the page's commands in their order, in a folder with what they name, beside a host.
fn execute_page(example: &str, component: &str) {
    let folder = xtask::commands::root().join("examples").join(example);
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    let place = TempDir::new().unwrap();
    let wasm = format!("{component}.wasm");
    fs::copy(guests::path(component), place.path().join(&wasm)).unwrap();
    // The pages' own folder is `examples`; the gallery hangs pictures of its neighbour.
    for name in [example, "thumbnails"] {
        let of = folder.with_file_name(name);
        let link = place.path().join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(of, link).unwrap();
        }
    }
    let thumbnails = place.path().join("thumbnails.wasm");
    fs::copy(guests::path("thumbnails"), thumbnails).unwrap();
    let host = Setup::sqlite().start();

    let commands = pages::commands_of(&page);
    // Building and serving are what this test has done already.
    let executed = commands.iter().filter(|command| {
        ["windlass", "base64"].contains(&command.program()) && command.line != "windlass serve"
    });
    let executed: Vec<_> = executed.collect();
    assert!(!executed.is_empty(), "the page has no command");
    let shell = Shell::new(place.path(), &host);
    for command in executed {
        shell.execute(command);
    }
}
