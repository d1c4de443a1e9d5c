//! Hosts of one fleet compile once, and load nothing that bears no seal of theirs.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use windlass::engine::{Engine, Kind};
use windlass::model::Digest;
use windlass::registry::Programs;
use windlass::registry::programs::{Options, Source};
use windlass::store::{CodeId, SharedCode};

use crate::programs::{returns, run};
use crate::support::engine;

const SECRET: &str = "a secret that all hosts are given";

/// A store of one component, in memory; who asks for its bytes compiles it.
struct Shelf {
    component: Vec<u8>,
    compiled: AtomicUsize,
    code: Mutex<HashMap<CodeId, Option<Bytes>>>,
}

impl Shelf {
    fn of(component: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            component: component.to_vec(),
            compiled: AtomicUsize::new(0),
            code: Mutex::default(),
        })
    }

    fn compiled(&self) -> usize {
        self.compiled.load(Ordering::SeqCst)
    }

    fn codes(&self) -> usize {
        self.code.lock().unwrap().len()
    }

    /// Changes the one code that was shared.
    fn tamper(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut codes = self.code.lock().unwrap();
        let code = codes.values_mut().next().unwrap();
        let mut bytes = code.take().unwrap().to_vec();
        change(&mut bytes);
        *code = Some(Bytes::from(bytes));
    }
}

#[async_trait::async_trait]
impl Source for Shelf {
    async fn bytes(&self, _: &Digest) -> Result<Option<Vec<u8>>, String> {
        self.compiled.fetch_add(1, Ordering::SeqCst);
        Ok(Some(self.component.clone()))
    }

    async fn shared(&self, of: &CodeId, _: Duration) -> Result<SharedCode, String> {
        let mut codes = self.code.lock().unwrap();
        Ok(match codes.get(of) {
            Some(Some(code)) => SharedCode::Found(code.to_vec()),
            Some(None) => SharedCode::Theirs,
            None => {
                codes.insert(of.clone(), None);
                SharedCode::Ours
            }
        })
    }

    async fn share(&self, of: &CodeId, sealed: Bytes, _: u64) -> Result<(), String> {
        self.code.lock().unwrap().insert(of.clone(), Some(sealed));
        Ok(())
    }

    async fn unclaim(&self, of: &CodeId) -> Result<(), String> {
        self.code.lock().unwrap().remove(of);
        Ok(())
    }
}

/// A host with a folder of its own.
fn host(engine: &Engine, shelf: &Arc<Shelf>, folder: &Path, secret: Option<&str>) -> Programs {
    let options = Options::default();
    let folder = Some(folder.to_owned());
    Programs::new(engine.clone(), shelf.clone(), folder, options, secret).unwrap()
}

/// Has a host compile and share.
async fn shared(engine: &Engine, shelf: &Arc<Shelf>, digest: &Digest, secret: &str) {
    let folder = tempfile::tempdir().unwrap();
    let first = host(engine, shelf, folder.path(), Some(secret));
    assert_eq!(run(engine, &first, digest).await, "7");
    first.shutdown().await;
}

#[tokio::test]
async fn what_one_host_compiled_another_loads_and_keeps() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let (shelf, digest) = (Shelf::of(&returns(7)), Digest::of(&returns(7)));
    shared(&engine, &shelf, &digest, SECRET).await;

    let second = host(&engine, &shelf, folder.path(), Some(SECRET));
    let value = run(&engine, &second, &digest).await;
    second.shutdown().await;

    assert_eq!((value.as_str(), shelf.compiled()), ("7", 1));
    shelf.code.lock().unwrap().clear();
    let restarted = host(&engine, &shelf, folder.path(), None);
    assert_eq!(run(&engine, &restarted, &digest).await, "7");
    assert_eq!(shelf.compiled(), 1);
}

#[tokio::test]
async fn code_with_a_broken_seal_is_compiled_instead_and_replaced() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let (shelf, digest) = (Shelf::of(&returns(7)), Digest::of(&returns(7)));
    shared(&engine, &shelf, &digest, SECRET).await;
    shelf.tamper(|code| {
        let middle = code.len() / 2;
        code[middle] ^= 1;
    });

    let second = host(&engine, &shelf, folder.path(), Some(SECRET));
    let value = run(&engine, &second, &digest).await;
    second.shutdown().await;

    assert_eq!((value.as_str(), shelf.compiled()), ("7", 2));
    shared(&engine, &shelf, &digest, SECRET).await;
    assert_eq!(shelf.compiled(), 2);
}

#[tokio::test]
async fn code_of_hosts_with_another_key_is_compiled_instead() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let (shelf, digest) = (Shelf::of(&returns(7)), Digest::of(&returns(7)));
    let other = "a secret that other hosts are given";
    shared(&engine, &shelf, &digest, other).await;

    let second = host(&engine, &shelf, folder.path(), Some(SECRET));
    let value = run(&engine, &second, &digest).await;

    assert_eq!((value.as_str(), shelf.compiled()), ("7", 2));
}

#[tokio::test]
async fn without_a_key_nothing_is_fetched_or_offered() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let (shelf, digest) = (Shelf::of(&returns(7)), Digest::of(&returns(7)));

    let first = host(&engine, &shelf, folder.path(), None);
    run(&engine, &first, &digest).await;
    first.shutdown().await;
    let alone = shelf.codes();
    shared(&engine, &shelf, &digest, SECRET).await;
    let folder = tempfile::tempdir().unwrap();
    let last = host(&engine, &shelf, folder.path(), None);
    run(&engine, &last, &digest).await;

    assert_eq!((alone, shelf.codes(), shelf.compiled()), (0, 1, 3));
}

#[tokio::test]
async fn two_that_need_it_at_once_compile_it_once() {
    let engine = engine();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (shelf, digest) = (Shelf::of(&returns(7)), Digest::of(&returns(7)));
    let hosts = folders
        .each_ref()
        .map(|folder| host(&engine, &shelf, folder.path(), Some(SECRET)));

    let gets = hosts.iter().map(|host| host.get(&digest, Kind::Task));
    let loaded = futures::future::join_all(gets).await;

    assert!(loaded.iter().all(Result::is_ok));
    assert_eq!(shelf.compiled(), 1);
}

#[tokio::test]
async fn tasks_and_workflows_are_shared_apart() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let (shelf, digest) = (Shelf::of(&returns(7)), Digest::of(&returns(7)));
    shared(&engine, &shelf, &digest, SECRET).await;

    let second = host(&engine, &shelf, folder.path(), Some(SECRET));
    second.get(&digest, Kind::Workflow).await.unwrap();
    second.shutdown().await;

    assert_eq!((shelf.codes(), shelf.compiled()), (2, 2));
}

#[tokio::test]
async fn what_cannot_be_compiled_is_no_longer_claimed() {
    let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
    let shelf = Shelf::of(b"no component");
    let first = host(&engine, &shelf, folder.path(), Some(SECRET));

    let error = first.get(&Digest::of(b"no component"), Kind::Task).await;

    assert!(error.is_err());
    assert_eq!(shelf.codes(), 0);
}
