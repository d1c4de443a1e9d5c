//! The examples' pages, executed: every command that a reader is told to type to Windlass.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::fs;

use tempfile::TempDir;
use windlass_tests::pages::{self, Shell};
use windlass_tests::{Setup, guests};

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
