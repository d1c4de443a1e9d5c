//! The examples' pages, executed: every command that a reader is told to type to Windlass.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use windlass_tests::{HostProcess, Setup, binary, guests};

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

    let commands = commands_of(&page);
    assert!(!commands.is_empty(), "the page has no command");
    for (command, printed) in commands {
        let said = execute(&command, place.path(), &host);
        for line in printed {
            assert!(
                said.contains(&line),
                "`{command}` printed\n{said}\ninstead of\n{line}"
            );
        }
    }
}

/// What is typed after `$ ` in the console blocks, with the lines that the page shows under it.
/// Building and serving are what this test has done already.
fn commands_of(page: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for line in block.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, printed))) => printed.push(line.trim().to_owned()),
                (None, None) => {}
            }
        }
    }
    commands.retain(|(command, _)| {
        let program = command.split(' ').next().unwrap();
        ["windlass", "base64"].contains(&program) && command != "windlass serve"
    });
    commands
}

/// Runs one command; a task may fail, since pages show that too, but nothing else may.
fn execute(command: &str, place: &Path, host: &HostProcess) -> String {
    const TASK_FAILED: i32 = 4;
    let binary = binary();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .args(["-c", command])
        .current_dir(place)
        .env(
            "PATH",
            format!("{}:{path}", binary.parent().unwrap().display()),
        )
        .env("WINDLASS_SERVER", host.url())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | TASK_FAILED)),
        "`{command}`: {code:?}: {complaint}"
    );
    String::from_utf8(output.stdout).unwrap()
}
