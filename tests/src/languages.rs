//! The components of the tests over all languages: `cargo xtask languages` builds them.

use std::path::{Path, PathBuf};

use windlass_client::Client;
use windlass_client::wire::{Component, Upload};

pub use xtask::languages::{LANGUAGES, WORKFLOW, cargo_target};

/// Where tools of the languages are, for projects that a test builds itself.
pub fn tools() -> PathBuf {
    std::env::var_os("WINDLASS_TOOLS").map_or_else(xtask::languages::tools, PathBuf::from)
}

/// The component of a suite in a language.
///
/// # Panics
/// When it has not been built.
pub fn component(suite: &str, language: &str) -> Vec<u8> {
    let folder = std::env::var_os("WINDLASS_TEST_LANGUAGES");
    let folder = folder.map_or_else(xtask::languages::folder, PathBuf::from);
    let build = folder.join(suite).join(language).join("build");
    let file = only_component(&build);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn only_component(build: &Path) -> PathBuf {
    let entries = std::fs::read_dir(build).unwrap_or_else(|error| {
        panic!(
            "{}: {error} (`cargo xtask languages` builds it)",
            build.display()
        )
    });
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let mut components = paths.filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    components
        .next()
        .unwrap_or_else(|| panic!("{} holds no component", build.display()))
}

/// Uploads the component of a suite in a language under the language's name.
///
/// # Panics
/// When the host refuses it.
pub async fn upload(client: &Client, suite: &str, language: &str) -> Component {
    let upload = Upload {
        name: language.to_owned(),
        ..Upload::default()
    };
    let uploaded = client.upload(&upload, component(suite, language)).await;
    uploaded.unwrap_or_else(|error| panic!("{suite} in {language}: {error}"))
}
