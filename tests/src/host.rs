//! A host as people start it: the binary, in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;
use windlass_client::Client;

use crate::PATIENCE;

/// How a host is started. Starting one twice from the same setup is starting it again.
#[derive(Debug)]
pub struct Setup {
    /// Kept by its hosts as well: a folder must outlive whoever stores in it.
    data: Arc<TempDir>,
    listen: String,
    arguments: Vec<String>,
}

impl Setup {
    /// A host that stores in a SQLite file.
    pub fn sqlite() -> Self {
        Self {
            data: Arc::new(TempDir::new().expect("a temporary folder can be made")),
            listen: "127.0.0.1:0".to_owned(),
            arguments: Vec::new(),
        }
    }

    /// A host that stores in this Postgres database.
    pub fn postgres(url: &str) -> Self {
        Self::sqlite().with(&["--database", url])
    }

    /// The same host with further arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|word| (*word).to_owned()));
        self
    }

    /// The same host, listening at this address.
    pub fn listening(mut self, address: &str) -> Self {
        self.listen = address.to_owned();
        self
    }

    /// The same host with a short lease, so that what it held is taken over soon after its death.
    pub fn with_short_lease(self) -> Self {
        self.with(&["--lease-ms", "2000", "--beat-ms", "400"])
    }

    /// The same host that blames no invocation for its deaths: where hosts are killed at random, one
    /// that happened to execute at three of the deaths is a bystander all the same.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    pub fn that_blames_nobody(self) -> Self {
        let config = self.data().join("config.toml");
        std::fs::write(config, "[queue]\ndeaths_max = 1000\n").expect("the folder is ours");
        self
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The command that starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", &self.listen, "--data"]);
        command.arg(self.data.path()).args(&self.arguments);
        command
    }

    /// Starts it, and returns when it listens.
    ///
    /// # Panics
    /// When it does not come to that, with what it said.
    pub fn start(&self) -> HostProcess {
        match self.try_start() {
            Ok(host) => host,
            Err((status, said)) => panic!("the host did not start ({status}):\n{said}"),
        }
    }

    /// Starts it; if it ends before it listens, how and what it said.
    pub fn try_start(&self) -> Result<HostProcess, (ExitStatus, String)> {
        HostProcess::spawn(self.command(), Arc::clone(&self.data))
    }
}

/// A host in a process of its own. It is killed when this is dropped.
#[derive(Debug)]
pub struct HostProcess {
    child: Child,
    url: String,
    said: Arc<Mutex<String>>,
    /// Closes when the process has closed its stderr.
    complaints: Receiver<String>,
    _data: Arc<TempDir>,
}

impl HostProcess {
    fn spawn(mut command: Command, data: Arc<TempDir>) -> Result<Self, (ExitStatus, String)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        let said = Arc::new(Mutex::new(String::new()));
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let addresses = listen(stdout, &said);
        let complaints = listen(stderr, &said);
        // The channel closes when the process closes its stdout: it ended.
        match addresses.recv_timeout(PATIENCE) {
            Ok(url) => Ok(Self {
                child,
                url,
                said,
                complaints,
                _data: data,
            }),
            Err(_) => {
                let _ = child.kill();
                let status = child.wait().expect("the host is our child");
                // Closes when all of stderr has been read.
                while complaints.recv().is_ok() {}
                let said = said.lock().expect("no reader panics").clone();
                Err((status, said))
            }
        }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client that repeats nothing: what fails shows.
    pub fn client(&self) -> Client {
        let client = Client::new(&self.url).expect("the host printed its address");
        client.with_patience(std::time::Duration::ZERO)
    }

    /// Everything that it printed, for the message of a failure.
    pub fn said(&self) -> String {
        self.said.lock().expect("no reader panics").clone()
    }

    /// What it holds in memory, in bytes.
    ///
    /// # Panics
    /// When it has ended.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process has a status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kilobytes.expect("a process that lives has memory") * 1_024
    }

    /// SIGKILL: it ends in the middle of whatever it does.
    pub fn kill(mut self) {
        self.child.kill().expect("the host is our child");
        self.child.wait().expect("the host is our child");
    }

    /// SIGTERM: it drains, and returns how it ended.
    pub fn stop(self) -> ExitStatus {
        self.stop_and_tell().0
    }

    /// SIGTERM: it drains, and returns how it ended, and everything that it said.
    pub fn stop_and_tell(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        let status = self.child.wait().expect("the host is our child");
        // Closes when all of stderr has been read.
        while self.complaints.recv().is_ok() {}
        (status, self.said())
    }

    /// SIGSTOP: it stands still and does not know.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// SIGCONT: it goes on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "kill -s {name}"
        );
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("-- the host at {} said:\n{}", self.url, self.said());
        }
    }
}

/// Keeps what is printed; sends the address of every `listening on …`.
fn listen(output: impl Read + Send + 'static, said: &Arc<Mutex<String>>) -> Receiver<String> {
    let (sender, addresses) = mpsc::channel();
    let said = Arc::clone(said);
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { break };
            if let Some((_, url)) = line.split_once("listening on ") {
                let url = url.split_whitespace().next().unwrap_or(url);
                let _ = sender.send(url.to_owned());
            }
            let mut said = said.lock().expect("no reader panics");
            said.push_str(&line);
            said.push('\n');
        }
    });
    addresses
}

/// The binary under test: `WINDLASS_BIN`, or the one beside the test's own.
///
/// # Panics
/// When it has not been built.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("WINDLASS_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("a test knows its own binary");
    let path = test.with_file_name("").join("../windlass");
    assert!(
        path.exists(),
        "{}: `cargo build --release` builds it",
        path.display()
    );
    path
}
