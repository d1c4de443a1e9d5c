//! A private Postgres: on a free port of loopback, in a temporary folder, as an unprivileged user.
//!
//! It ends with the process that started it, however that one ends: a shell stands between the
//! two, holds the read end of a pipe, and stops the server when the pipe closes. So neither
//! ctrl-c nor a SIGKILL leaves a server or a folder behind.

use std::env;
use std::fs::{self, Permissions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::commands;

mod install;

/// What a crash of the machine may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: as in production.
    Durable,
    /// Everything: several times faster, for tests that end no server.
    Forgetful,
}

/// How the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// It cuts its connections and writes a checkpoint.
    Fast,
    /// It leaves at once, and recovers from its log at the next start.
    Immediate,
    /// It is killed.
    Kill,
}

impl Shutdown {
    fn signal(self) -> &'static str {
        match self {
            Self::Fast => "INT",
            Self::Immediate => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// A server of one's own; it ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    /// Whom the server runs as, where we are root: it refuses to run as root.
    user: Option<(u32, u32)>,
    folder: PathBuf,
    port: u16,
    durability: Durability,
    guard: Option<Child>,
    databases: AtomicU32,
}

/// How long the server may take to start or to stop before something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// $1 the folder, the rest the server's command line. A line on stdin names the signal that ends
/// the server; the end of stdin ends it too, and removes the folder. It ends when the server does.
/// The signal is repeated, since a server that has only just begun ignores it.
const GUARD: &str = r#"
trap '' INT TERM HUP
exec 3<&0
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 3<&- &
server=$!
echo "$server" >"$folder/server"
{
  read -r signal || { signal=QUIT; : >"$folder/abandoned"; }
  while kill -s "$signal" "$server"; do sleep 1; done
} <&3 2>/dev/null &
reader=$!
wait "$server" 2>/dev/null
kill -s KILL "$reader" 2>/dev/null
if [ -e "$folder/abandoned" ]; then rm -rf "$folder"; fi
"#;

impl Postgres {
    /// Starts a server; installs Postgres first where it is missing and apt can.
    pub fn start(durability: Durability) -> Result<Self> {
        let bin = install::binaries()?;
        let user = unprivileged_user()?;
        let folder = new_folder()?;
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).context("giving the folder to its user")?;
        }
        let mut postgres = Self {
            bin,
            user,
            folder,
            port: 0,
            durability,
            guard: None,
            databases: AtomicU32::new(0),
        };
        let mut initdb = postgres.command("initdb");
        initdb
            .args(["--username=windlass", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(postgres.data());
        commands::output(&mut initdb).context("making a private Postgres")?;
        postgres.launch()?;
        Ok(postgres)
    }

    /// Where a client finds the database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://windlass@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; returns where a client finds it.
    pub fn fresh_database(&self) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("fresh_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(&name))
    }

    /// Runs SQL in the database; returns the rows as unaligned text.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set=ON_ERROR_STOP=1", "--dbname"])
            .arg(self.url(database))
            .args(["--command", sql]);
        commands::output(&mut psql)
    }

    /// Ends the server and returns when it has ended. Its data stay.
    pub fn stop(&mut self, how: Shutdown) -> Result<()> {
        let Some(mut guard) = self.guard.take() else {
            return Ok(());
        };
        let mut order = guard.stdin.take().expect("the guard's stdin is piped");
        writeln!(order, "{}", how.signal()).context("telling Postgres to stop")?;
        guard.wait().context("waiting for Postgres to stop")?;
        Ok(())
    }

    /// Starts the server again, on the same port.
    pub fn start_again(&mut self) -> Result<()> {
        self.launch_on(self.port)
    }

    /// Ends the server and starts it again, on the same port.
    pub fn restart(&mut self, how: Shutdown) -> Result<()> {
        self.stop(how)?;
        self.start_again()
    }

    fn launch(&mut self) -> Result<()> {
        // Between finding a free port and listening on it somebody else may take it.
        let mut outcome = Ok(());
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
            let port = free.local_addr().context("looking for a free port")?.port();
            drop(free);
            outcome = self.launch_on(port);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    fn launch_on(&mut self, port: u16) -> Result<()> {
        self.port = port;
        let begun = Instant::now();
        loop {
            self.spawn()?;
            if self.becomes_ready(begun)? {
                return Ok(());
            }
            // After a kill, what is left of the old server holds its memory for a moment.
            if begun.elapsed() > PATIENCE {
                bail!("Postgres did not start:\n{}", self.complaint());
            }
        }
    }

    fn spawn(&mut self) -> Result<()> {
        let mut guard = Command::new("sh");
        guard
            .args(["-c", GUARD, "postgres-guard"])
            .arg(&self.folder)
            .arg(self.bin.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "max_connections=200"])
            .args(["-c", "log_min_messages=warning"]);
        if self.durability == Durability::Forgetful {
            guard.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        guard.stdin(Stdio::piped()).current_dir("/");
        let _ = fs::remove_file(self.folder.join("server"));
        self.as_user(&mut guard);
        self.guard = Some(guard.spawn().context("starting Postgres")?);
        Ok(())
    }

    /// Whether the server takes connections, or ended before it did.
    fn becomes_ready(&mut self, begun: Instant) -> Result<bool> {
        while begun.elapsed() <= PATIENCE {
            let guard = self.guard.as_mut().expect("the guard was just started");
            if guard
                .try_wait()
                .context("looking after Postgres")?
                .is_some()
            {
                self.guard = None;
                return Ok(false);
            }
            if self.is_ready() {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.stop(Shutdown::Immediate)?;
        Ok(false)
    }

    /// What `pg_ctl` looks at: the first line of the pid file tells whose it is (a killed server
    /// leaves one behind), the eighth how far the server has come.
    fn is_ready(&self) -> bool {
        let (Ok(server), Ok(file)) = (
            fs::read_to_string(self.folder.join("server")),
            fs::read_to_string(self.data().join("postmaster.pid")),
        ) else {
            return false;
        };
        let mut lines = file.lines().map(str::trim);
        lines.next() == Some(server.trim()) && lines.nth(6) == Some("ready")
    }

    /// The end of the server's log.
    fn complaint(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir("/");
        self.as_user(&mut command);
        command
    }

    fn as_user(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary folder.
        let _ = self.stop(Shutdown::Immediate);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder that the server's user can reach, where a build folder may be closed to it.
fn new_folder() -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("windlass-postgres-{}-{number}", std::process::id());
    let folder = env::temp_dir().join(name);
    fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).context("closing the folder")?;
    Ok(folder)
}

/// Where we are root: the ids of a user who is not.
fn unprivileged_user() -> Result<Option<(u32, u32)>> {
    let id = |of: &[&str]| -> Result<u32> {
        let text = commands::output(Command::new("id").args(of))?;
        text.parse().context("reading what id prints")
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let (Ok(uid), Ok(gid)) = (id(&["-u", name]), id(&["-g", name])) {
            return Ok(Some((uid, gid)));
        }
    }
    bail!("Postgres refuses to run as root, and there is neither a user postgres nor nobody")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_is_there_after_every_kind_of_end() {
        let mut postgres = Postgres::start(Durability::Durable).unwrap();
        postgres
            .sql("postgres", "CREATE TABLE end_of (how text)")
            .unwrap();

        for how in [Shutdown::Fast, Shutdown::Immediate, Shutdown::Kill] {
            let insert = format!("INSERT INTO end_of VALUES ('{how:?}')");
            postgres.sql("postgres", &insert).unwrap();
            postgres.restart(how).unwrap();
        }

        let found = postgres.sql("postgres", "SELECT how FROM end_of");
        assert_eq!(found.unwrap(), "Fast\nImmediate\nKill");
    }

    #[test]
    fn nothing_is_left_of_a_server_that_was_dropped() {
        let postgres = Postgres::start(Durability::Forgetful).unwrap();
        let folder = postgres.folder.clone();
        let server = fs::read_to_string(folder.join("server")).unwrap();

        drop(postgres);

        assert!(!folder.exists());
        assert!(!PathBuf::from("/proc").join(server.trim()).exists());
    }
}
