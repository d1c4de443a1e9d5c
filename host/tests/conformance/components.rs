//! Components: immutable versions, pinned tasks, the catalogue's revision.

use windlass::model::{ComponentName, Digest};
use windlass::store::Added;

use super::bed::Bed;
use super::world::{World, component};

cases!(
    a_version_is_immutable,
    the_same_bytes_again_change_nothing,
    bytes_come_back_by_digest,
    versions_are_listed_with_their_tasks_newest_last,
    the_catalogue_moves_with_every_upload_and_every_grant,
    what_is_enqueued_keeps_its_function_though_a_new_version_comes,
    raced_uploads_of_one_version_make_one,
);

async fn a_version_is_immutable(bed: Bed) {
    let world = World::new(&bed.store).await;
    let other = component("demo", "1.0.0", b"other bytes");

    let added = world.store.add_component(&world.namespace, &other).await;

    assert_eq!(added.unwrap(), Added::Conflict(Digest::of(b"demo one")));
    let catalogue = world.store.catalogue(&world.namespace).await.unwrap();
    assert_eq!(catalogue.revision, world.revision);
    assert_eq!(catalogue.functions.len(), 1);
    let bytes = world.store.component_bytes(&other.digest).await.unwrap();
    assert_eq!(bytes, None);
}

async fn the_same_bytes_again_change_nothing(bed: Bed) {
    let world = World::new(&bed.store).await;
    let same = component("demo", "1.0.0", b"demo one");

    let added = world.store.add_component(&world.namespace, &same).await;

    assert_eq!(added.unwrap(), Added::Existed);
    let catalogue = world.store.catalogue(&world.namespace).await.unwrap();
    assert_eq!(catalogue.revision, world.revision);
}

async fn bytes_come_back_by_digest(bed: Bed) {
    let world = World::new(&bed.store).await;
    let twin = component("twin", "2.0.0", b"demo one");
    world
        .store
        .add_component(&world.namespace, &twin)
        .await
        .unwrap();

    let bytes = world.store.component_bytes(&twin.digest).await.unwrap();

    assert_eq!(bytes.as_deref(), Some(&b"demo one"[..]));
}

async fn versions_are_listed_with_their_tasks_newest_last(bed: Bed) {
    let world = World::new(&bed.store).await;
    for version in ["1.10.0", "1.9.0", "1.10.0-rc.1"] {
        let next = component("demo", version, b"demo two");
        let added = world.store.add_component(&world.namespace, &next).await;
        assert_eq!(added.unwrap(), Added::Created);
    }
    let other = component("other", "0.1.0", b"other");
    world
        .store
        .add_component(&world.namespace, &other)
        .await
        .unwrap();

    let name = ComponentName::parse("demo").unwrap();
    let one = world.store.components(&world.namespace, Some(&name)).await;
    let all = world
        .store
        .components(&world.namespace, None)
        .await
        .unwrap();

    let one = one.unwrap();
    let versions: Vec<_> = one.iter().map(|c| c.version.to_string()).collect();
    assert_eq!(versions, ["1.0.0", "1.9.0", "1.10.0-rc.1", "1.10.0"]);
    assert_eq!(one[0].wit, "package demo:demo;");
    assert_eq!((one[0].size, one[0].tasks.len()), (8, 1));
    let task = &one[3].tasks[0];
    assert_eq!(
        (task.name.as_str(), &task.version),
        ("run", &one[3].version)
    );
    assert_eq!(task.docs.as_deref(), Some("Runs it: \"quoted\", ünïcode."));
    assert_eq!(task.digest, Digest::of(b"demo two"));
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|component| component.wit.is_empty()));
}

async fn the_catalogue_moves_with_every_upload_and_every_grant(bed: Bed) {
    let world = World::new(&bed.store).await;
    let name = ComponentName::parse("demo").unwrap();
    let grants = serde_json::json!({"http": ["example.com"]});

    world
        .store
        .put_grants(&world.namespace, &name, &grants)
        .await
        .unwrap();
    let granted = world.store.catalogue(&world.namespace).await.unwrap();
    let next = component("demo", "1.1.0", b"demo two");
    world
        .store
        .add_component(&world.namespace, &next)
        .await
        .unwrap();
    let uploaded = world.store.catalogue(&world.namespace).await.unwrap();

    assert!(world.revision < granted.revision);
    assert!(granted.revision < uploaded.revision);
    assert_eq!(uploaded.grants.get(&name), Some(&grants));
    assert_eq!(uploaded.functions.len(), 2);
}

async fn what_is_enqueued_keeps_its_function_though_a_new_version_comes(bed: Bed) {
    let world = World::new(&bed.store).await;
    let queue = world.queue("q", Default::default()).await;
    let host = world.host("a").await;
    world.fill("q", 1).await;

    let next = component("demo", "1.1.0", b"demo two");
    world
        .store
        .add_component(&world.namespace, &next)
        .await
        .unwrap();
    let claimed = world.claim(host, queue, 1).await.claimed.remove(0);

    let function = world.store.function(claimed.function).await.unwrap();
    let function = function.expect("functions stay");
    assert_eq!(function.id, world.function);
    assert_eq!(function.digest, Digest::of(b"demo one"));
    let found = world.invocation(&claimed.id).await.unwrap();
    assert_eq!(found.digest, Digest::of(b"demo one"));
}

async fn raced_uploads_of_one_version_make_one(bed: Bed) {
    let world = World::new(&bed.store).await;
    let second = world.through(bed.second().await);

    let mut uploads = tokio::task::JoinSet::new();
    for number in 0..8 {
        let world = if number % 2 == 0 { &world } else { &second }.clone();
        uploads.spawn(async move {
            let next = component("demo", "2.0.0", b"demo two");
            let added = world.store.add_component(&world.namespace, &next).await;
            added.unwrap()
        });
    }
    let added = uploads.join_all().await;

    let created = added.iter().filter(|added| **added == Added::Created);
    assert_eq!(created.count(), 1);
    let catalogue = world.store.catalogue(&world.namespace).await.unwrap();
    assert_eq!(catalogue.functions.len(), 2);
    assert_eq!(catalogue.revision, world.revision + 1);
}
