//! Opening a store: of a newer version, twice, again.

use windlass::store::{Backend, Error};

use super::bed::Bed;
use super::world::{World, capped, queue};

cases!(
    a_newer_database_is_refused,
    everything_is_there_when_it_is_opened_again,
    a_file_in_use_is_refused_by_name,
    a_closed_store_answers_that_it_is_closed,
);

async fn a_newer_database_is_refused(bed: Bed) {
    bed.close_and_run("update _sqlx_migrations set version = 999999 where version = 1")
        .await;

    let refused = bed.try_open().await.err().expect("it is newer");

    let Error::TooNew { found, known } = refused else {
        panic!("{refused}")
    };
    assert!(found == 999_999 && known < 999_999);
}

async fn everything_is_there_when_it_is_opened_again(mut bed: Bed) {
    let world = World::new(&bed.store).await;
    let id = world.queue("q", capped(2)).await;
    let host = world.host("a").await;
    let stored = world.fill("q", 5).await;
    let claimed = world.claim(host, id, 2).await.claimed;
    world.finish(host, &claimed[..1]).await;

    bed.reopen().await;

    let world = world.through(bed.store);
    let counts = world.counts("q").await;
    assert_eq!((counts.queued, counts.succeeded), (4, 1));
    assert_eq!(world.store.ended(&stored).await.unwrap(), [stored[0]]);
    assert_eq!(world.store.held(host).await.unwrap().len(), 1);
    assert!(world.finish(host, &claimed[1..]).await.is_empty());
    let found = world.store.queue(&world.namespace, &queue("q")).await;
    assert_eq!(found.unwrap().unwrap().0.settings, capped(2));
}

async fn a_file_in_use_is_refused_by_name(bed: Bed) {
    if bed.store.backend() == Backend::Postgres {
        let second = bed.try_open().await.expect("hosts share a Postgres");
        assert!(second.ping().await.is_ok());
        return;
    }
    let refused = bed.try_open().await.err().expect("it is in use");

    let Error::InUse { path, holder } = refused else {
        panic!("{refused}")
    };
    assert!(path.ends_with("windlass.db"));
    let process = std::process::id().to_string();
    assert!(holder.contains(&process) && holder.contains("127.0.0.1:7070"));
    assert!(bed.store.ping().await.is_ok());
}

async fn a_closed_store_answers_that_it_is_closed(bed: Bed) {
    let world = World::new(&bed.store).await;
    bed.store.close().await;

    let refused = world.enqueue(vec![world.call("q")]).await.unwrap_err();

    assert!(refused.is_passing(), "{refused}");
    assert!(world.store.ping().await.is_err());
}
