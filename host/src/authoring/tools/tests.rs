use super::*;

#[test]
fn a_version_is_found_in_what_programs_say() {
    assert_eq!(version_in("Python 3.11.7"), Some((3, 11)));
    assert_eq!(version_in("v20.20.2"), Some((20, 20)));
    assert_eq!(version_in("go version go1.27.3 linux/amd64"), Some((1, 27)));
    assert_eq!(
        version_in("cargo 1.95.0 (f2d3ce0bd 2026-03-21)"),
        Some((1, 95))
    );
    assert_eq!(version_in("nothing"), None);
}

#[test]
fn a_program_that_is_missing_is_named_with_what_installs_it() {
    let program = Program {
        name: "no-such-program",
        version_flag: "--version",
        least: (1, 0),
        what: "things are made",
        install: "apt-get install it",
    };

    let error = program.look_for().unwrap_err();

    assert_eq!(
        error.to_string(),
        "no-such-program is missing, with which things are made"
    );
    assert_eq!(error.hint().unwrap(), "`apt-get install it` installs it");
}

#[test]
fn a_program_that_is_too_old_is_named_with_both_versions() {
    let program = Program {
        name: "cargo",
        version_flag: "--version",
        least: (99, 0),
        what: "Rust is compiled",
        install: "rustup update",
    };

    let error = program.look_for().unwrap_err().to_string();

    assert!(error.starts_with("cargo is version 1."), "{error}");
    assert!(error.ends_with("at least 99.0 is needed"), "{error}");
}
