//! What becomes of workflows when their hosts die: at every step in turn, and at random over a fleet.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use serde_json::{Value, json};
use windlass_client::Client;
use windlass_client::wire::{FailureKind, Grants, State};
use windlass_tests::dying::{Dying, assert_once, taken};
use windlass_tests::{
    Durability, HostProcess, Postgres, Random, Setup, call, enqueue, eventually, failure, in_state,
    on_both_stores, upload, upload_as, value,
};

on_both_stores![
    a_workflow_ends_as_if_nothing_was_whichever_step_its_host_died_at,
    a_fan_out_ends_as_if_nothing_was_whenever_its_host_died,
    an_order_ends_as_if_nothing_was_whichever_step_its_host_died_at,
    a_gallery_ends_as_if_nothing_was_whichever_step_its_host_died_at,
    processed_tasks_end_as_if_nothing_was_whichever_step_their_host_died_at,
    a_workflow_goes_on_after_its_host_was_stopped,
];

/// Steps of the workflow, and after how many of them its host is killed in turn.
const STEPS: u32 = 10;

/// Workflows of the fleet, the steps of each, and how often one of its hosts is killed.
const WORKFLOWS: usize = 1_000;
const STEPS_EACH: u32 = 20;
const KILLS: usize = 12;

async fn a_workflow_ends_as_if_nothing_was_whichever_step_its_host_died_at(setup: Setup) {
    let setup = setup.with_short_lease();
    let mut host = setup.start();
    upload(&host.client(), "flows").await;

    for k in 0..=STEPS {
        let id = format!("killed-at-{k}");
        let queue = host.client().queue("q");
        let args = json!([STEPS, null]);
        queue
            .call(call("flows/steps", &args).id(id.clone()))
            .await
            .unwrap();
        taken(&host, &id, k).await;
        host.kill();
        host = setup.start();

        let client = host.client();
        let walked = value(&client.handle(&id)).await;
        assert_eq!(walked["sum"], json!(STEPS), "killed at step {k}");
        assert_once(&client, &id, STEPS as usize).await;
    }
}

async fn a_fan_out_ends_as_if_nothing_was_whenever_its_host_died(setup: Setup) {
    let setup = setup.with_short_lease();
    let mut host = setup.start();
    upload(&host.client(), "flows").await;

    for (round, ended) in [0, 1, 40, 120, 199].into_iter().enumerate() {
        let id = format!("fan-{round}");
        let queue = host.client().queue(format!("q{round}"));
        let args = json!([200, null]);
        queue
            .call(call("flows/fan-out", &args).id(id.clone()))
            .await
            .unwrap();
        eventually("so many ends", async || {
            let counts = queue.get().await.map_err(|error| error.to_string())?.counts;
            (counts.ended() >= ended)
                .then_some(())
                .ok_or(format!("{counts:?}"))
        })
        .await;
        host.kill();
        host = setup.start();

        let client = host.client();
        let expected: Vec<u32> = (1..=200).collect();
        assert_eq!(
            value(&client.handle(&id)).await,
            json!(expected),
            "round {round}"
        );
        assert_once(&client, &id, 200).await;
    }
}

async fn an_order_ends_as_if_nothing_was_whichever_step_its_host_died_at(setup: Setup) {
    let order = json!([{
        "customer": "ada", "item": "engine", "quantity": 1, "cents": 900_000, "address": "here"
    }]);
    let dying = Dying::with(setup, &["order"]).await;
    dying
        .at_every_step("order/place-order", &order, Some("approval"), 9)
        .await;
}

async fn a_gallery_ends_as_if_nothing_was_whichever_step_its_host_died_at(setup: Setup) {
    use std::io::Read as _;
    let folder = xtask::commands::root().join("examples/thumbnails/pictures");
    let mut picture = Vec::new();
    let mut file = std::fs::File::open(folder.join("balloon.png")).unwrap();
    file.read_to_end(&mut picture).unwrap();
    // Bytes are base64 text or numbers.
    let images = vec![picture; 4];
    let dying = Dying::with(setup, &["thumbnails", "gallery"]).await;
    dying
        .at_every_step("gallery/contact-sheet", &json!([images, 2]), None, 4)
        .await;
}

async fn processed_tasks_end_as_if_nothing_was_whichever_step_their_host_died_at(setup: Setup) {
    let numbers: Vec<u32> = (1..=6).collect();
    let dying = Dying::with(setup, &["process_tasks"]).await;
    let grants = Grants {
        queues: vec!["example_queue".to_owned()],
        ..Grants::default()
    };
    let client = dying.client();
    client.set_grants("process_tasks", &grants).await.unwrap();
    dying
        .at_every_step("process_tasks/process-tasks", &json!([numbers]), None, 6)
        .await;
}

async fn a_workflow_goes_on_after_its_host_was_stopped(setup: Setup) {
    let host = setup.start();
    upload(&host.client(), "flows").await;
    let steps = enqueue(&host.client(), "q", "flows/steps", json!([300, null])).await;
    let asks = enqueue(&host.client(), "q", "flows/asks", json!(["go", null])).await;
    in_state(&asks, State::Waiting).await;

    assert!(host.stop().success());
    let host = setup.start();

    let client = host.client();
    assert_eq!(value(&client.handle(steps.id())).await["sum"], json!(300));
    let asks = client.handle(asks.id());
    asks.message("go", &1).await.unwrap();
    assert_eq!(value(&asks).await, json!("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_workflows_end_right_while_their_hosts_are_killed() {
    let mut random = Random::new(3);
    let postgres = Postgres::start(Durability::Durable).unwrap();
    let database = postgres.fresh_database().unwrap();
    let setups: Vec<Setup> = (0..3)
        .map(|_| {
            Setup::postgres(&database)
                .with_short_lease()
                .that_blames_nobody()
        })
        .collect();
    let mut hosts: Vec<HostProcess> = setups.iter().map(Setup::start).collect();
    upload(&hosts[0].client(), "flows").await;
    let calls: Vec<_> = (0..WORKFLOWS)
        .map(|n| call("flows/steps", &json!([STEPS_EACH, null])).id(format!("w{n}")))
        .collect();
    hosts[0]
        .client()
        .queue("q")
        .enqueue_many(calls)
        .await
        .unwrap();

    let (all, mut before) = (WORKFLOWS as u64 * (u64::from(STEPS_EACH) + 1), 0);
    for _ in 0..KILLS {
        let more = before + 200 + random.below(1_200) as u64;
        let client = hosts[random.below(hosts.len())].client();
        before = ended(&client, more.min(all)).await;
        let victim = random.below(hosts.len());
        hosts.remove(victim).kill();
        hosts.insert(victim, setups[victim].start());
    }
    let client = hosts[0].client();
    ended(&client, all).await;

    for n in 0..WORKFLOWS {
        let walked = value(&client.handle(format!("w{n}"))).await;
        assert_eq!(walked["sum"], json!(STEPS_EACH), "workflow {n}");
    }
    let name = database.rsplit('/').next().unwrap();
    let left = postgres.sql(name, LEFT_OVER).unwrap();
    assert_eq!(left, format!("{all}|{all}|0|0|0|0|0"));
}

/// Invocations, those of them with exactly one outcome, those not ended, those that failed, children
/// without a parent that knows them, waits of nobody, and attempts that began after an outcome.
const LEFT_OVER: &str = "\
    select (select count(*) from windlass.invocations), \
           (select count(*) from windlass.invocations join windlass.outcomes using (key)), \
           (select count(*) from windlass.live), \
           (select count(*) from windlass.outcomes where state <> 'succeeded'), \
           (select count(*) from windlass.invocations i where i.id like '%~%' and i.parent is null), \
           (select count(*) from windlass.waits), \
           (select count(*) from windlass.attempts a join windlass.outcomes o using (key) \
             where a.started_at > o.finished_at)";

async fn ended(client: &Client, count: u64) -> u64 {
    eventually("so many ends", async || {
        let counts = client.queue("q").get().await;
        let counts = counts.map_err(|error| error.to_string())?.counts;
        let ended = counts.ended();
        (ended >= count)
            .then_some(ended)
            .ok_or(format!("{counts:?}"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_does_something_else_when_it_is_replayed_is_ended_where_it_differs() {
    let database = windlass_tests::fresh_database();
    let setup = Setup::postgres(&database).with_short_lease();
    let host = setup.start();
    upload(&host.client(), "flows").await;
    let handle = enqueue(&host.client(), "q", "flows/fickle", json!([true])).await;
    let id = handle.id().to_owned();
    in_state(&handle, State::Waiting).await;
    upload_as(&host.client(), "flows2", "flows", "0.2.0").await;
    host.kill();

    // No caller can do this: the code of a workflow in flight is exchanged for another.
    let exchanged = format!(
        "update windlass.invocations set function_id = (select id from windlass.functions \
          where version = '0.2.0' and name = 'fickle') where id = '{id}' returning 1"
    );
    assert!(windlass_tests::sql(&database, &exchanged).starts_with('1'));
    let host = setup.start();
    let handle = host.client().handle(&id);
    handle.message("go", &true).await.unwrap();

    let failed = failure(&handle).await;
    assert_eq!(failed.kind, FailureKind::Nondeterminism, "{failed:?}");
    let difference: Value = serde_json::from_str(failed.payload.unwrap().get()).unwrap();
    assert_eq!(difference["step"], json!(1));
    assert!(
        difference["recorded"].as_str().unwrap().contains("add-one"),
        "{difference}"
    );
    assert!(
        difference["present"].as_str().unwrap().contains("noop"),
        "{difference}"
    );
}
