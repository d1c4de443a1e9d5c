//! `windlass doctor`: whether this machine can run a host, whether one can be reached, and in which
//! languages components can be built.
//!
//! Every check ends in a verdict, and one that is not `ok` says the way out.

use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row};

use super::connection::Connection;
use super::output::Output;
use crate::authoring::{self, Language};
use crate::config::{Config, Flags};

/// The oldest Postgres whose SQL is spoken.
const POSTGRES_MIN: i32 = 14;
/// Further apart, and the times of hosts and database cannot be compared.
const CLOCK_MS_MAX: i64 = 1_000;
/// Address space that is reserved for sandboxes, without memory behind it.
const ADDRESS_SPACE_MIN: u64 = 64 << 30;

/// Check whether this machine can run a host, and whether one can be reached.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// The data folder that a host here would use, where not the configured one.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,

    /// The Postgres that a host here would use, where not the configured one.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    /// Something that one can do without.
    Missing,
    Fail,
}

#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Ok,
            found: found.into(),
            hint: None,
        }
    }

    fn warn(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            hint: Some(hint.into()),
            ..Self::ok(what, found)
        }
    }

    fn fail(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(what, found, hint)
        }
    }
}

impl Doctor {
    /// Checks everything; the exit code is 1 if something fails.
    pub async fn run(&self, connection: &Connection, output: Output) -> anyhow::Result<ExitCode> {
        let flags = Flags {
            data: self.data.clone(),
            database: self.database.clone(),
            ..Flags::default()
        };
        let mut checks = vec![server(connection).await];
        match Config::load(&flags) {
            Ok(config) => {
                checks.push(data_folder(&config.settings.data));
                match &config.settings.database {
                    Some(url) => checks.extend(postgres(url).await),
                    None => checks.push(Check::ok("database", "SQLite, in the data folder")),
                }
            }
            Err(error) => checks.push(Check::fail(
                "configuration",
                error.to_string(),
                "`windlass config show` tells where each setting comes from",
            )),
        }
        checks.extend([address_space(), pagemap(), clock()]);
        checks.extend(Language::ALL.map(language));
        output.many(&checks, &["check", "verdict", "found"], |check| {
            let word = match check.verdict {
                Verdict::Ok => "ok",
                Verdict::Warn => "warn",
                Verdict::Missing => "missing",
                Verdict::Fail => "FAIL",
            };
            vec![check.what.to_owned(), word.to_owned(), check.found.clone()]
        })?;
        for check in &checks {
            if let Some(hint) = &check.hint {
                output.say(format!(
                    "{} {}: {hint}",
                    output.paint("hint:", "1;36"),
                    check.what
                ));
            }
        }
        let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
        Ok(ExitCode::from(u8::from(failed)))
    }
}

async fn server(connection: &Connection) -> Check {
    const WHAT: &str = "server";
    let url = connection.server();
    let info = match connection.client() {
        Ok(client) => client.info().await,
        Err(error) => Err(error),
    };
    match info {
        Ok(info) if info.version == env!("CARGO_PKG_VERSION") => Check::ok(
            WHAT,
            format!("{url}: version {} on {}", info.version, info.backend),
        ),
        Ok(info) => Check::warn(
            WHAT,
            format!("{url}: version {}", info.version),
            format!(
                "this is version {}: use the same",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        // A machine may well run no host yet.
        Err(error) => Check::warn(WHAT, error.to_string(), error.hint().unwrap_or_default()),
    }
}

fn data_folder(path: &Path) -> Check {
    const WHAT: &str = "data folder";
    let shown = path.display();
    let metadata: Metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(_) => {
            return match writable_parent(path) {
                Some(parent) => Check::ok(
                    WHAT,
                    format!("{shown} will be made in {}", parent.display()),
                ),
                None => Check::fail(
                    WHAT,
                    format!("{shown} does not exist and cannot be made"),
                    "name another with --data",
                ),
            };
        }
    };
    if !metadata.is_dir() {
        return Check::fail(
            WHAT,
            format!("{shown} is no folder"),
            "name another with --data",
        );
    }
    if !is_writable(path) {
        return Check::fail(
            WHAT,
            format!("{shown} cannot be written to"),
            format!("make it yours: chown $USER {shown}"),
        );
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 != 0 {
        return Check::fail(
            WHAT,
            format!("{shown} can be written to by others (mode {mode:o})"),
            format!("compiled code is loaded from it: chmod 700 {shown}"),
        );
    }
    if mode & 0o055 != 0 {
        return Check::warn(
            WHAT,
            format!("{shown} can be read by others (mode {mode:o})"),
            format!("chmod 700 {shown}"),
        );
    }
    Check::ok(WHAT, format!("{shown}, writable and private"))
}

fn writable_parent(path: &Path) -> Option<&Path> {
    let parent = path.ancestors().skip(1).map(|ancestor| {
        if ancestor.as_os_str().is_empty() {
            Path::new(".")
        } else {
            ancestor
        }
    });
    parent
        .into_iter()
        .find(|ancestor| ancestor.exists())
        .filter(|ancestor| is_writable(ancestor))
}

fn is_writable(folder: &Path) -> bool {
    let probe = folder.join(format!(".windlass-doctor-{}", std::process::id()));
    let written = fs::write(&probe, b"").is_ok();
    // What could not be written cannot be removed, which is the answer already.
    let _ = fs::remove_file(&probe);
    written
}

async fn postgres(url: &str) -> Vec<Check> {
    const WHAT: &str = "database";
    let mut connection = match PgConnection::connect(url).await {
        Ok(connection) => connection,
        Err(error) => {
            return vec![Check::fail(
                WHAT,
                format!("cannot connect: {error}"),
                "look at the URL: postgres://user:password@host:5432/name",
            )];
        }
    };
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int, \
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    )
    .fetch_one(&mut connection)
    .await;
    let (version, its_ms) = match row.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?))) {
        Ok::<(i32, i64), sqlx::Error>(found) => found,
        Err(error) => return vec![Check::fail(WHAT, error.to_string(), "is it a Postgres?")],
    };
    let apart = (Timestamp::now().as_millisecond() - its_ms).abs();
    let version = version / 10_000;
    vec![
        if version < POSTGRES_MIN {
            let found = format!("Postgres {version}");
            Check::fail(WHAT, found, format!("use Postgres {POSTGRES_MIN} or newer"))
        } else {
            Check::ok(WHAT, format!("Postgres {version}"))
        },
        if apart > CLOCK_MS_MAX {
            let found = format!("{apart} ms apart from this machine's");
            Check::warn("database clock", found, "let both follow a time server")
        } else {
            Check::ok("database clock", "agrees with this machine's")
        },
    ]
}

fn address_space() -> Check {
    const WHAT: &str = "address space";
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|soft| soft.parse::<u64>().ok());
    match limit {
        Some(bytes) if bytes < ADDRESS_SPACE_MIN => Check::fail(
            WHAT,
            format!("limited to {} GiB", bytes >> 30),
            "sandboxes reserve address space without using memory: ulimit -v unlimited",
        ),
        _ => Check::ok(WHAT, "room for a pool of sandboxes"),
    }
}

fn pagemap() -> Check {
    const WHAT: &str = "pagemap";
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse::<u32>().ok());
    let kernel = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let shown = format!("Linux {}.{}", kernel.0, kernel.1);
    if kernel < (6, 7) {
        Check::warn(
            WHAT,
            format!("{shown} cannot tell touched pages"),
            "a sandbox is cleaned a little slower; Linux 6.7 or newer can",
        )
    } else if fs::File::open("/proc/self/pagemap").is_err() {
        Check::warn(
            WHAT,
            "/proc/self/pagemap cannot be opened",
            "a sandbox is cleaned a little slower; let the container see /proc",
        )
    } else {
        Check::ok(WHAT, format!("{shown}, available"))
    }
}

fn clock() -> Check {
    const WHAT: &str = "clock";
    let now = Timestamp::now();
    // Ids begin with the time: one long gone would sort new invocations before old ones.
    if now < "2025-01-01T00:00:00Z".parse().unwrap_or(Timestamp::MIN) {
        Check::fail(
            WHAT,
            format!("{now:.0}"),
            "set it: timedatectl set-ntp true",
        )
    } else {
        Check::ok(WHAT, format!("{now:.0}"))
    }
}

/// Whether components can be built in a language. Who only runs hosts needs none.
fn language(language: Language) -> Check {
    match authoring::lacking(language) {
        Ok(()) => Check::ok(language.title(), "ready to build"),
        Err(error) => Check {
            verdict: Verdict::Missing,
            hint: error.hint(),
            ..Check::ok(language.title(), error.to_string())
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_may_write_to_fails_and_a_private_one_is_fine() {
        let folder = std::env::temp_dir().join(format!("windlass-doctor-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();

        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let open = data_folder(&folder);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let private = data_folder(&folder);

        fs::remove_dir(&folder).unwrap();
        assert_eq!(open.verdict, Verdict::Fail);
        assert_eq!(private.verdict, Verdict::Ok);
    }

    #[test]
    fn a_folder_that_can_be_made_is_fine() {
        let path = std::env::temp_dir().join("windlass-none/such/folder");

        assert_eq!(data_folder(&path).verdict, Verdict::Ok);
    }
}
