//! The SDKs, templates and the contract's WIT, which the binary carries.
//!
//! Whoever works on them points `WINDLASS_GUEST_SDK` at `guest-sdk/`: then they are read from there.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::Error;

/// Every file with its path below the repository (`guest-sdk/…`, `wit/…`), sorted by path.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A file of the binary.
pub struct File {
    /// Seen from the folder that was asked for, with slashes.
    pub path: String,
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
}

/// The files below `guest-sdk/<folder>/`.
pub fn sdk(folder: &str) -> Result<Vec<File>, Error> {
    below("guest-sdk", folder)
}

/// The files below `wit/<folder>/`.
pub fn wit(folder: &str) -> Result<Vec<File>, Error> {
    below("wit", folder)
}

fn below(root: &str, folder: &str) -> Result<Vec<File>, Error> {
    if let Some(sdk) = std::env::var_os("WINDLASS_GUEST_SDK") {
        let repository = Path::new(&sdk).join("..");
        let root = repository.join(root).join(folder);
        let mut files = Vec::new();
        read(&root, &root, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        return Ok(files);
    }
    let prefix = format!("{root}/{folder}/");
    let files = FILES.iter().filter_map(|(path, bytes)| {
        path.strip_prefix(&prefix).map(|path| File {
            path: path.to_owned(),
            bytes: Cow::Borrowed(*bytes),
        })
    });
    Ok(files.collect())
}

fn read(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<(), Error> {
    let failed = |folder: &Path| Error::file("read", folder);
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path: PathBuf = entry.map_err(failed(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !is_left_out(&name) {
            if path.is_dir() {
                read(root, &path, files)?;
            } else {
                let seen = path.strip_prefix(root).unwrap_or(&path);
                files.push(File {
                    path: seen.to_string_lossy().replace('\\', "/"),
                    bytes: std::fs::read(&path)
                        .map_err(Error::file("read", &path))?
                        .into(),
                });
            }
        }
    }
    Ok(())
}

/// What is built, fetched or hidden beside the sources.
fn is_left_out(name: &str) -> bool {
    name.starts_with('.') || ["target", "node_modules", "__pycache__", "dist"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_carries_the_contract() {
        let files = wit("windlass-host").unwrap();

        assert!(files.iter().any(|file| file.path == "workflow.wit"));
    }
}
