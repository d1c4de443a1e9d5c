//! Which imports of a component a host can provide.
//!
//! A component that needs more is refused at upload, where somebody can still do something about
//! it, and not when it is to run.

use semver::Version;

/// The interfaces of WASI 0.2 that every host links. Being linked is no permission: without a
/// grant there are no directories, no variables and no addresses behind them.
const WASI: &[(&str, &[&str])] = &[
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:filesystem", &["preopens", "types"]),
    ("wasi:http", &["outgoing-handler", "types"]),
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:random", &["insecure", "insecure-seed", "random"]),
    (
        "wasi:sockets",
        &[
            "instance-network",
            "ip-name-lookup",
            "network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
        ],
    ),
];

/// Those of `imports` that this host does not provide.
pub fn unknown_imports(imports: &[String]) -> Vec<String> {
    let unknown = imports.iter().filter(|import| !is_provided(import));
    unknown.cloned().collect()
}

/// Those of `imports` through which a workflow would reach what a replay could not repeat.
///
/// Sockets are none of them: a language's runtime imports them without using them (Python's does), and
/// a workflow that does use one is ended by it, as by a file.
pub fn nondeterministic(imports: &[String]) -> Vec<String> {
    let reaches = |import: &&String| import.starts_with("wasi:http/");
    imports.iter().filter(reaches).cloned().collect()
}

fn is_provided(import: &str) -> bool {
    let Some((path, version)) = import.split_once('@') else {
        return false;
    };
    let (Some((package, interface)), Ok(version)) = (path.split_once('/'), Version::parse(version))
    else {
        return false;
    };
    let is_minor = |minor| version.major == 0 && version.minor == minor && version.pre.is_empty();
    if package == "windlass:host" {
        return matches!(interface, "task" | "workflow") && is_minor(1);
    }
    let mut wasi = WASI.iter();
    let linked = wasi.any(|(name, interfaces)| *name == package && interfaces.contains(&interface));
    linked && is_minor(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_links_is_known_in_every_patch_version() {
        let imports = [
            "wasi:cli/environment@0.2.0",
            "wasi:io/streams@0.2.6",
            "wasi:http/outgoing-handler@0.2.9",
            "windlass:host/task@0.1.0",
            "windlass:host/workflow@0.1.0",
        ];

        let unknown = unknown_imports(&imports.map(str::to_owned));

        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn the_network_is_what_a_replay_cannot_repeat() {
        let imports = ["wasi:http/types@0.2.0", "wasi:random/random@0.2.0"].map(str::to_owned);

        assert_eq!(nondeterministic(&imports), ["wasi:http/types@0.2.0"]);
    }

    #[test]
    fn what_nobody_provides_is_listed() {
        let imports = [
            "wasi:cli/environment@0.3.0",
            "wasi:cli/stdin@0.2.0-rc-2023-11-10",
            "wasi:http/incoming-handler@0.2.0",
            "windlass:host/task@0.2.0",
            "demo:images/tasks@0.1.0",
            "log",
        ];
        let imports = imports.map(str::to_owned);

        let unknown = unknown_imports(&imports);

        assert_eq!(unknown, imports);
    }
}
