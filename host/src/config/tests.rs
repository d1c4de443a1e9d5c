//! Which layer wins, and what is refused.

use super::*;
use crate::config::layers::without_password;

fn load(flags: &Flags, environment: &[(&str, &str)]) -> Result<Config, Error> {
    let nowhere = ("WINDLASS_DATA", "/nonexistent/windlass");
    let environment = [nowhere].into_iter().chain(environment.iter().copied());
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::from_layers(flags, environment)
}

fn file(text: &str) -> (tempfile::TempDir, Flags) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("windlass.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags {
        config: Some(path),
        ..Flags::default()
    };
    (folder, flags)
}

fn origin(config: &Config, key: &str) -> Origin {
    let entry = config.entries.iter().find(|entry| entry.key == key);
    entry.unwrap().origin.clone()
}

#[test]
fn a_flag_goes_before_the_environment_before_the_file_before_the_default() {
    let (_folder, mut flags) =
        file("[queue]\nlease_ms = 11000\nbeat_ms = 1100\nmargin_ms = 1200\n");
    flags.lease_ms = Some(13_000);
    let environment = [
        ("WINDLASS_QUEUE_LEASE_MS", "12000"),
        ("WINDLASS_QUEUE_BEAT_MS", "1000"),
    ];

    let config = load(&flags, &environment).unwrap();

    let queue = &config.settings.queue;
    assert_eq!(
        (
            queue.lease_ms,
            queue.beat_ms,
            queue.margin_ms,
            queue.deaths_max
        ),
        (13_000, 1_000, Some(1_200), 3)
    );
    assert_eq!(
        origin(&config, "queue.lease_ms"),
        Origin::Flag("--lease-ms".into())
    );
    assert_eq!(
        origin(&config, "queue.beat_ms"),
        Origin::Environment("WINDLASS_QUEUE_BEAT_MS".into())
    );
    assert_eq!(
        origin(&config, "queue.margin_ms"),
        Origin::File(flags.config.unwrap())
    );
    assert_eq!(origin(&config, "queue.deaths_max"), Origin::Default);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let (_folder, flags) = file("[queue]\nlease = 11000\n");

    let error = load(&flags, &[]).unwrap_err().to_string();

    assert!(error.contains("\"queue.lease\""), "{error}");
    assert!(error.contains("is \"queue.lease_ms\" meant?"), "{error}");
}

#[test]
fn a_value_of_another_type_is_refused_with_its_key_and_origin() {
    let flags = Flags {
        set: vec![("engine.cpu_max_ms".to_owned(), "-1".to_owned())],
        ..Flags::default()
    };

    let error = load(&flags, &[]).unwrap_err().to_string();

    assert_eq!(
        error,
        "engine.cpu_max_ms (from --set): expected a whole number, got \"-1\""
    );
}

#[test]
fn a_public_address_needs_a_token() {
    let mut flags = Flags {
        listen: Some("0.0.0.0:7070".to_owned()),
        ..Flags::default()
    };

    let error = load(&flags, &[]).unwrap_err().to_string();
    flags.token = Some("secret".to_owned());

    assert!(error.contains("--token"), "{error}");
    assert!(load(&flags, &[]).is_ok());
}

#[test]
fn secrets_are_not_shown() {
    let flags = Flags {
        token: Some("secret".to_owned()),
        database: Some("postgres://me:se@cret@db/name?sslpassword=secret".to_owned()),
        ..Flags::default()
    };

    let config = load(&flags, &[]).unwrap();

    let shown = format!("{:?} {}", config.entries, config.settings.database_shown());
    assert!(
        !shown.contains("secret") && !shown.contains("se@cret"),
        "{shown}"
    );
    assert_eq!(
        without_password("postgres://me:x@db/name"),
        "postgres://me:***@db/name"
    );
}

#[test]
fn queues_are_separated_by_commas() {
    let config = load(&Flags::default(), &[("WINDLASS_QUEUES", "a, b")]).unwrap();

    assert_eq!(
        config.settings.queue.queues,
        Some(vec!["a".to_owned(), "b".to_owned()])
    );
}

#[test]
fn a_number_whose_default_follows_from_others_can_be_set_by_text() {
    let flags = Flags {
        set: vec![("queue.margin_ms".to_owned(), "1000".to_owned())],
        ..Flags::default()
    };
    let environment = [("WINDLASS_QUEUE_MARGIN_MS", "900")];

    let by_variable = load(&Flags::default(), &environment).unwrap();
    let by_flag = load(&flags, &environment).unwrap();

    assert_eq!(by_variable.settings.queue.margin_ms, Some(900));
    assert_eq!(by_flag.settings.queue.margin_ms, Some(1_000));
}
