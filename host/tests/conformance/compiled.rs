//! Compiled code that hosts share: found, claimed, and bounded.

use std::time::Duration;

use bytes::Bytes;
use windlass::model::Digest;
use windlass::store::{CodeId, Error, SharedCode};

use super::bed::Bed;
use super::world::{World, component};

cases!(
    code_that_was_shared_is_found_as_it_was,
    the_first_that_asks_is_the_one_to_compile,
    a_claim_that_is_given_up_is_the_next_ones,
    a_claim_that_is_over_is_the_next_ones,
    code_of_another_compiler_is_other_code,
    what_was_not_used_for_longest_makes_room,
    code_of_a_component_that_is_not_stored_is_refused,
);

const LONG: Duration = Duration::from_secs(3600);
const MUCH: u64 = 1 << 30;

fn code_of(component: &[u8], code: &str) -> CodeId {
    CodeId {
        digest: Digest::of(component),
        code: code.to_owned(),
    }
}

async fn code_that_was_shared_is_found_as_it_was(bed: Bed) {
    let store = World::new(&bed.store).await.store;
    let of = code_of(b"demo one", "task-v1");
    let large: Bytes = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();

    store
        .share_code(&of, Bytes::from_static(b"old"), MUCH)
        .await
        .unwrap();
    store.share_code(&of, large.clone(), MUCH).await.unwrap();

    let found = store.shared_code(&of, LONG).await.unwrap();
    assert_eq!(found, SharedCode::Found(large.to_vec()));
}

async fn the_first_that_asks_is_the_one_to_compile(bed: Bed) {
    let store = World::new(&bed.store).await.store;
    let of = code_of(b"demo one", "task-v1");

    let asked = (0..8).map(|_| store.shared_code(&of, LONG));
    let told = futures::future::join_all(asked).await;

    let ours = told
        .iter()
        .filter(|told| matches!(told, Ok(SharedCode::Ours)));
    let theirs = told
        .iter()
        .filter(|told| matches!(told, Ok(SharedCode::Theirs)));
    assert_eq!((ours.count(), theirs.count()), (1, 7));
}

async fn a_claim_that_is_given_up_is_the_next_ones(bed: Bed) {
    let store = World::new(&bed.store).await.store;
    let of = code_of(b"demo one", "task-v1");
    store.shared_code(&of, LONG).await.unwrap();

    store.unclaim_code(&of).await.unwrap();

    assert_eq!(
        store.shared_code(&of, LONG).await.unwrap(),
        SharedCode::Ours
    );
    let code = Bytes::from_static(b"code");
    store.share_code(&of, code, MUCH).await.unwrap();
    store.unclaim_code(&of).await.unwrap();
    let found = store.shared_code(&of, LONG).await.unwrap();
    assert_eq!(found, SharedCode::Found(b"code".to_vec()));
}

async fn a_claim_that_is_over_is_the_next_ones(bed: Bed) {
    let store = World::new(&bed.store).await.store;
    let of = code_of(b"demo one", "task-v1");

    let first = store.shared_code(&of, Duration::ZERO).await.unwrap();
    let second = store.shared_code(&of, LONG).await.unwrap();
    let third = store.shared_code(&of, LONG).await.unwrap();

    let told = [first, second, third];
    assert_eq!(
        told,
        [SharedCode::Ours, SharedCode::Ours, SharedCode::Theirs]
    );
}

async fn code_of_another_compiler_is_other_code(bed: Bed) {
    let store = World::new(&bed.store).await.store;
    let old = code_of(b"demo one", "task-v1");
    store
        .share_code(&old, Bytes::from_static(b"code"), MUCH)
        .await
        .unwrap();

    for code in ["task-v2", "workflow-v1"] {
        let told = store.shared_code(&code_of(b"demo one", code), LONG).await;

        assert_eq!(told.unwrap(), SharedCode::Ours);
    }
}

async fn what_was_not_used_for_longest_makes_room(bed: Bed) {
    let store = World::new(&bed.store).await.store;
    let ids = ["v1", "v2", "v3", "v4"].map(|code| code_of(b"demo one", code));
    for of in &ids {
        store
            .share_code(of, Bytes::from(vec![7; 100]), 250)
            .await
            .unwrap();
    }
    let large = code_of(b"demo one", "v5");

    let mut left = Vec::new();
    for of in &ids {
        let told = store.shared_code(of, Duration::ZERO).await.unwrap();
        left.push(matches!(told, SharedCode::Found(_)));
    }
    store
        .share_code(&large, Bytes::from(vec![7; 300]), 250)
        .await
        .unwrap();

    assert_eq!(left, [false, false, true, true]);
    // What was just stored stays, however large: somebody bounds it before.
    let told = store.shared_code(&large, LONG).await.unwrap();
    assert!(matches!(told, SharedCode::Found(_)));
    let told = store.shared_code(&ids[3], LONG).await.unwrap();
    assert_eq!(told, SharedCode::Ours);
}

async fn code_of_a_component_that_is_not_stored_is_refused(bed: Bed) {
    let world = World::new(&bed.store).await;
    let of = code_of(b"never uploaded", "task-v1");

    let told = world.store.shared_code(&of, LONG).await;
    let shared = world
        .store
        .share_code(&of, Bytes::from_static(b"code"), MUCH)
        .await;

    assert!(matches!(told, Err(Error::Database(_))), "{told:?}");
    assert!(matches!(shared, Err(Error::Database(_))), "{shared:?}");
    let known = component("demo", "1.0.0", b"demo one").digest;
    assert!(world.store.component_bytes(&known).await.unwrap().is_some());
}
