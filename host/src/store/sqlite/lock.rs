//! The lock that keeps a second host off a SQLite file.
//!
//! The operating system holds it on `<file>.lock` for as long as the process lives, so a crash
//! leaves nothing behind that would keep the next start out. What is written in the file is only
//! for the message.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Error;

/// The lock, held until it is released or dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock for the host at this address, or says who has it.
    pub(super) fn take(database: &Path, address: Option<&str>) -> Result<Self, Error> {
        let path = lock_path(database);
        let failed = |error: std::io::Error| {
            Error::Unreachable(format!("cannot open {}: {error}", path.display()))
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                let lock = Self { file };
                lock.tell(address);
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The holder may be writing it at this moment: then its name is unknown, no more.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another host".to_owned(),
                    text => text.to_owned(),
                };
                Err(Error::InUse {
                    path: database.display().to_string(),
                    holder,
                })
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Lets the next host in.
    pub(super) fn release(&self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "cannot release the lock");
        }
    }

    /// Writes who holds it, for the message that a second host prints.
    fn tell(&self, address: Option<&str>) {
        let pid = std::process::id();
        let text = match address {
            Some(address) => format!("the host at {address} (process {pid})\n"),
            None => format!("process {pid}\n"),
        };
        let mut file = &self.file;
        let written = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            tracing::debug!(%error, "cannot write who holds the lock");
        }
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}
