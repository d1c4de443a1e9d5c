//! Components are compiled once, kept, and given up on after three tries.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use windlass::engine::{Ended, Engine, Kind};
use windlass::model::{Digest, Outcome};
use windlass::registry::Programs;
use windlass::registry::programs::{Error, Options, Source};

use crate::support::{engine, feed, number, plain, whole};

/// A source that counts how often it was asked.
#[derive(Default)]
struct Shelf {
    components: HashMap<Digest, Vec<u8>>,
    asked: AtomicUsize,
    down: bool,
}

impl Shelf {
    fn of(components: &[Vec<u8>]) -> Self {
        let components = components.iter();
        Self {
            components: components
                .map(|bytes| (Digest::of(bytes), bytes.clone()))
                .collect(),
            ..Self::default()
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Source for Shelf {
    async fn bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.down {
            true => Err("the store is down".to_owned()),
            false => Ok(self.components.get(digest).cloned()),
        }
    }
}

/// A component that returns `number`.
pub fn returns(number: u32) -> Vec<u8> {
    let main = format!("(func (export \"run\") (result i32) (i32.const {number}))");
    wat::parse_str(plain("(result u32)", &main)).unwrap()
}

fn programs(engine: &Engine, shelf: &Arc<Shelf>, folder: &Path, options: Options) -> Programs {
    let folder = Some(folder.join("code"));
    Programs::new(engine.clone(), shelf.clone(), folder, options, None).unwrap()
}

/// What a component returns.
pub async fn run(engine: &Engine, programs: &Programs, digest: &Digest) -> String {
    let program = programs.get(digest, Kind::Task).await.unwrap();
    match engine.run(&program, number(), feed(engine), whole()).await {
        Ended::Outcome(Outcome::Value(value)) => value.get().to_owned(),
        ended => panic!("expected a value, got {ended:?}"),
    }
}

#[tokio::test]
async fn a_component_is_compiled_once_however_many_ask_for_it() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf::of(&[returns(7)]));
    let programs = programs(&engine, &shelf, folder.path(), Options::default());
    let digest = Digest::of(&returns(7));

    let gets = (0..20).map(|_| programs.get(&digest, Kind::Task));
    let loaded = futures::future::join_all(gets).await;

    assert!(loaded.iter().all(Result::is_ok));
    assert_eq!(shelf.asked(), 1);
    assert!(programs.ready(&digest, Kind::Task));
    assert_eq!(run(&engine, &programs, &digest).await, "7");
}

#[tokio::test]
async fn the_next_process_finds_the_compiled_code_on_disk() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf::of(&[returns(7)]));
    let digest = Digest::of(&returns(7));
    let first = programs(&engine, &shelf, folder.path(), Options::default());
    run(&engine, &first, &digest).await;

    let second = programs(&engine, &shelf, folder.path(), Options::default());

    assert!(!second.ready(&digest, Kind::Task));
    assert_eq!(run(&engine, &second, &digest).await, "7");
    assert_eq!(shelf.asked(), 1);
}

#[tokio::test]
async fn tasks_and_workflows_of_a_component_are_compiled_and_kept_apart() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf::of(&[returns(7)]));
    let digest = Digest::of(&returns(7));
    let programs = programs(&engine, &shelf, folder.path(), Options::default());

    programs.get(&digest, Kind::Workflow).await.unwrap();
    let task_is_there = programs.ready(&digest, Kind::Task);
    run(&engine, &programs, &digest).await;

    assert!(!task_is_there);
    assert!(programs.ready(&digest, Kind::Workflow) && programs.ready(&digest, Kind::Task));
    assert_eq!(shelf.asked(), 2);
    for kind in [Kind::Task, Kind::Workflow] {
        let kept = folder.path().join("code");
        let kept = kept.join(engine.compatibility(kind).unwrap());
        assert!(kept.join(format!("{digest}.cwasm")).is_file());
    }
}

#[tokio::test]
async fn a_broken_file_is_replaced() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf::of(&[returns(7)]));
    let digest = Digest::of(&returns(7));
    let first = programs(&engine, &shelf, folder.path(), Options::default());
    run(&engine, &first, &digest).await;
    let file = folder
        .path()
        .join("code")
        .join(engine.compatibility(Kind::Task).unwrap());
    let file = file.join(format!("{digest}.cwasm"));
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"not code").unwrap();

    let second = programs(&engine, &shelf, folder.path(), Options::default());

    assert_eq!(run(&engine, &second, &digest).await, "7");
    assert_eq!(shelf.asked(), 2);
    assert!(file.metadata().unwrap().len() > 1000);
}

#[tokio::test]
async fn what_cannot_be_loaded_is_given_up_on_after_three_tries() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let bytes = b"no component".to_vec();
    let shelf = Arc::new(Shelf::of(std::slice::from_ref(&bytes)));
    let programs = programs(&engine, &shelf, folder.path(), Options::default());

    for expected in [1, 2, 3, 3, 3] {
        let error = programs
            .get(&Digest::of(&bytes), Kind::Task)
            .await
            .unwrap_err();

        assert!(matches!(error, Error::Unloadable { tries, .. } if tries == expected));
        assert_eq!(error.is_final(), expected == 3);
    }
    assert_eq!(shelf.asked(), 3);
}

#[tokio::test]
async fn a_store_that_is_down_is_not_held_against_the_component() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf {
        down: true,
        ..Shelf::default()
    });
    let programs = programs(&engine, &shelf, folder.path(), Options::default());

    for _ in 0..5 {
        let error = programs
            .get(&Digest::of(b"any"), Kind::Task)
            .await
            .unwrap_err();

        assert!(matches!(error, Error::Source { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_was_not_used_for_longest_leaves_memory_first() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let components = [returns(1), returns(2), returns(3)];
    let [one, two, three] = components.each_ref().map(|bytes| Digest::of(bytes));
    let shelf = Arc::new(Shelf::of(&components));
    let options = Options {
        loaded_max: 2,
        ..Options::default()
    };
    let programs = programs(&engine, &shelf, folder.path(), options);

    for digest in [&one, &two, &one, &three] {
        programs.get(digest, Kind::Task).await.unwrap();
    }

    assert!(programs.ready(&one, Kind::Task) && programs.ready(&three, Kind::Task));
    assert!(!programs.ready(&two, Kind::Task));
}

#[tokio::test]
async fn a_warmed_component_is_there_before_it_is_asked_for() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf::of(&[returns(7)]));
    let programs = programs(&engine, &shelf, folder.path(), Options::default());
    let digest = Digest::of(&returns(7));

    programs.warm(&digest, Kind::Task);
    programs.get(&digest, Kind::Task).await.unwrap();

    assert_eq!(shelf.asked(), 1);
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_loaded() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Arc::new(Shelf::of(&[returns(7)]));
    let programs = programs(&engine, &shelf, folder.path(), Options::default());
    let digest = Digest::of(&returns(7));

    programs.warm(&digest, Kind::Task);
    programs.shutdown().await;

    let error = match programs.get(&digest, Kind::Task).await {
        Err(error) => error,
        Ok(_) => return, // It had been loaded before the shutdown began.
    };
    assert_eq!(error, Error::ShuttingDown);
}
