//! Lists what `windlass new` and `windlass build` unpack: the guests' SDKs with their templates, and
//! the contract's WIT. `src/authoring/embedded.rs` includes the list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let host = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says it"));
    let repository = host.parent().expect("host/ lies in the repository");
    let mut files = Vec::new();
    for folder in ["guest-sdk", "wit"] {
        collect(&repository.join(folder), &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let path = file.strip_prefix(repository).expect("it was found there");
        let path = path.to_string_lossy().replace('\\', "/");
        let bytes = file.to_string_lossy();
        writeln!(list, "({path:?}, include_bytes!({bytes:?})),").expect("a text can be written to");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says it"));
    fs::write(out.join("embedded.rs"), list)
}

/// Every file below, but for what is built, fetched or hidden.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let left_out = ["target", "node_modules", "__pycache__", "dist"];
        if name.starts_with('.') || left_out.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
