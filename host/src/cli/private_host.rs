//! A host of one's own for a while: a child process on a free loopback port, with a folder that
//! goes when it goes.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;
use windlass_client::Client;

use super::failure::Failure;

/// How long a host may take to start: compiling needs no time yet, migrations little.
const START_MAX: Duration = Duration::from_secs(30);

/// How long a host may take to stop before it is killed.
const STOP_MAX: Duration = Duration::from_secs(10);

/// A host that this process started, and that ends with it.
pub struct PrivateHost {
    child: Option<Child>,
    client: Client,
    listen: SocketAddr,
    database: Option<String>,
    folder: Folder,
}

impl PrivateHost {
    /// Starts a host on SQLite in a new folder, or on a database, and waits until it answers.
    pub async fn start(purpose: &str, database: Option<String>) -> anyhow::Result<Self> {
        let folder = Folder::make(purpose)?;
        // Somebody else may take the port before the host does: then it says so, and ends.
        let listen = free_port().context("no free port on 127.0.0.1")?;
        let client = Client::new(&format!("http://{listen}"))?;
        let mut host = Self {
            child: None,
            client,
            listen,
            database,
            folder,
        };
        host.resume().await?;
        Ok(host)
    }

    /// A client of this host.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where it keeps everything.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// The number of its process, while there is one.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Kills it (SIGKILL), which leaves it no time for anything.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("cannot kill the host")?;
        }
        Ok(())
    }

    /// Starts it again, on the same folder and the same port.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .context("cannot write to the host's log")?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("serve")
            .args(["--listen", &self.listen.to_string()])
            .arg("--data")
            .arg(self.folder.0.join("data"))
            .current_dir(&self.folder.0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A ctrl-c is for this process, which then stops the host.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        // What configures the hosts of this machine is not meant for a private one.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WINDLASS_") {
                command.env_remove(name);
            }
        }
        die_with_parent(&mut command);
        let mut child = command.spawn().context("cannot start a host")?;
        self.until_it_answers(&mut child).await?;
        self.child = Some(child);
        Ok(())
    }

    async fn until_it_answers(&self, child: &mut Child) -> anyhow::Result<()> {
        let started = Instant::now();
        let probe = self.client.clone().with_patience(Duration::ZERO);
        while probe.healthz().await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(self.failed(format!("the host ended at once ({status})")));
            }
            if started.elapsed() > START_MAX {
                return Err(self.failed(format!("the host does not answer at {}", self.listen)));
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        Ok(())
    }

    /// Stops it in order, and removes its folder.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        if let Some(id) = child.id() {
            // SAFETY: a signal to a child that has not been waited for, so the number is its own.
            unsafe { libc::kill(id as libc::pid_t, libc::SIGTERM) };
        }
        if tokio::time::timeout(STOP_MAX, child.wait()).await.is_err() {
            child.kill().await?;
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.0.join("host.log")
    }

    fn failed(&self, message: String) -> anyhow::Error {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(12)..].join("\n  ");
        Failure::other(format!("{message}; it said:\n  {tail}"))
            .hint("`windlass doctor` looks for what is missing on this machine")
            .into()
    }
}

/// Does the work, unless somebody interrupts: then everything that it holds is dropped, private
/// hosts and their folders included.
pub async fn interruptible<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = work => result,
        _ = tokio::signal::ctrl_c() => Err(Failure::other("interrupted").into()),
        _ = terminate.recv() => Err(Failure::other("terminated").into()),
    }
}

fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Lets the kernel end the host if this process is killed and cannot do it.
fn die_with_parent(command: &mut Command) {
    let arrange = || {
        // SAFETY: prctl is a plain system call, which may stand between fork and exec.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } == -1 {
            return Err(std::io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: `arrange` allocates nothing and takes no lock.
    unsafe { command.pre_exec(arrange) };
}

/// A folder that only this user may enter, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make(purpose: &str) -> anyhow::Result<Self> {
        let name = format!("windlass-{purpose}-{}", Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing can be done about what cannot be removed, and the system clears such folders.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_folder_goes_with_its_owner() {
        let folder = Folder::make("test").unwrap();
        let path = folder.0.clone();
        std::fs::write(path.join("file"), "x").unwrap();

        drop(folder);

        assert!(!path.exists());
    }
}
