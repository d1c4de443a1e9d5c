//! Workflows: what is found out at upload, and what goes to and from them.

use serde_json::{Value, json};

use crate::support::Host;
use crate::support::components::{component, provider, workflow};

#[tokio::test]
async fn an_import_is_bound_at_upload_and_the_answer_says_to_what() {
    let host = Host::start().await;
    host.upload("name=thumbs&version=1.2.0", provider("list<u32>"))
        .await;

    let answer = host.upload("name=pages", workflow()).await;

    assert_eq!(answer.status, 201, "{}", answer.text);
    let pages = answer.json();
    let bound = json!([{
        "interface": "demo:images/tasks@0.1.0", "component": "thumbs", "version": "^1.2.0",
        "queue": "thumbs",
    }]);
    assert_eq!(pages["bindings"], bound);
    assert_eq!(pages["tasks"][0]["kind"], "workflow");
    let shown = host.get("/v1/components/pages/1.0.0").await.json();
    assert_eq!(shown["bindings"], bound);
    let thumbs = host.get("/v1/components/thumbs").await.json();
    assert_eq!(thumbs["items"][0]["tasks"][0]["kind"], "task");
    assert_eq!(thumbs["items"][0]["bindings"], json!([]));
}

#[tokio::test]
async fn the_uploader_chooses_component_versions_and_queue() {
    let host = Host::start().await;
    for name in ["a", "b"] {
        host.upload(&format!("name={name}"), provider("list<u32>"))
            .await;
    }

    let several = host.upload("name=pages", workflow()).await;
    let bind = "bind=demo:images/tasks%3Db@%5E0.1:slow";
    let chosen = host.upload(&format!("name=pages&{bind}"), workflow()).await;
    let again = host.upload("name=pages", workflow()).await;
    let other = host
        .upload("name=pages&bind=demo:images/tasks%3Da", workflow())
        .await;

    let problem = several.problem(422, "bindings");
    assert!(
        problem["detail"].as_str().unwrap().contains("a, b"),
        "{problem}"
    );
    let chosen = chosen.json()["bindings"][0].clone();
    assert_eq!(
        (&chosen["component"], &chosen["version"]),
        (&json!("b"), &json!("^0.1"))
    );
    assert_eq!(chosen["queue"], "slow");
    assert_eq!(
        (again.status.as_u16(), &again.json()["bindings"][0]),
        (200, &chosen)
    );
    other.problem(409, "version-exists");
    let newer = "name=pages&version=1.0.1&bind=demo:images/tasks%3Da";
    let newer = host.upload(newer, workflow()).await;
    assert_eq!(newer.json()["bindings"][0]["component"], "a");
}

#[tokio::test]
async fn an_import_that_nobody_provides_or_with_other_types_is_refused_and_nothing_is_stored() {
    let host = Host::start().await;

    let nobody = host.upload("name=pages", workflow()).await;
    host.upload("name=thumbs", provider("list<u64>")).await;
    let misfit = host.upload("name=pages", workflow()).await;

    let nobody = nobody.problem(422, "bindings");
    assert!(
        nobody["detail"].as_str().unwrap().contains("push it first"),
        "{nobody}"
    );
    let misfit = misfit.problem(422, "bindings");
    assert_eq!(
        misfit["errors"][0]["message"],
        "demo:images/tasks@0.1.0#resize, parameter sizes[]: imported u32, exported u64"
    );
    host.get("/v1/components/pages")
        .await
        .problem(404, "component-unknown");
}

#[tokio::test]
async fn components_that_would_call_each_other_in_a_circle_are_refused_with_their_names() {
    let host = Host::start().await;
    let calls = |own: &str, other: &str| {
        component(&format!(
            "package demo:{own}@0.1.0;
            interface tasks {{ go: func(); }}
            world w {{ import demo:{other}/tasks@0.1.0; export tasks; }}
            package demo:{other}@0.1.0 {{ interface tasks {{ go: func(); }} }}"
        ))
    };
    let plain = component(
        "package demo:a@0.1.0; interface tasks { go: func(); } world w { export tasks; }",
    );
    host.upload("name=a&version=0.1.0", plain).await;
    host.upload("name=b", calls("b", "a")).await;

    let circle = host.upload("name=a&version=0.2.0", calls("a", "b")).await;

    let problem = circle.problem(422, "bindings");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("a → b → a"), "{detail}");
}

#[tokio::test]
async fn a_workflow_that_reaches_for_the_network_is_refused_until_a_task_does_it() {
    let host = Host::start().await;
    let bytes = component(
        "package demo:pages@1.0.0;
        interface pages { make: func(); fetch: func(); }
        world w {
            import windlass:host/workflow@0.1.0; import wasi:http/types@0.2.0; export pages;
        }
        package windlass:host@0.1.0 { interface workflow { now: func() -> u64; } }
        package wasi:http@0.2.0 { interface types { get: func(); } }",
    );

    let refused = host.upload("name=pages", bytes.clone()).await;
    let mixed = host.upload("name=pages&task=fetch", bytes.clone()).await;
    let unknown = host.upload("name=pages&workflow=none", bytes).await;

    let problem = refused.problem(422, "component-invalid");
    assert_eq!(
        problem["errors"][0]["place"],
        "import wasi:http/types@0.2.0"
    );
    assert_eq!(mixed.status, 201, "{}", mixed.text);
    let kinds: Vec<_> = mixed.json()["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["kind"].clone())
        .collect();
    assert_eq!(kinds, ["workflow", "task"]);
    unknown.problem(422, "invalid");
}

#[tokio::test]
async fn queues_and_tasks_are_granted_to_workflows() {
    let host = Host::start().await;
    let grants = json!({
        "http": [], "environment": {}, "queues": ["example_queue"], "tasks": ["images/*"],
    });

    let put = host
        .put("/v1/components/pages/grants", grants.clone())
        .await;
    let bad = host
        .put(
            "/v1/components/pages/grants",
            json!({"tasks": ["*", "images"]}),
        )
        .await;

    assert_eq!(put.json(), grants);
    assert_eq!(
        bad.problem(422, "invalid")["errors"][0]["place"],
        "tasks[1]"
    );
}

#[tokio::test]
async fn an_invocation_says_whether_it_is_a_workflow() {
    let host = Host::with_workflow().await;

    let id = host.make_pages().await;

    let shown = host.get(&format!("/v1/invocations/{id}")).await.json();
    assert_eq!(shown["kind"], "workflow");
    assert_eq!(shown["parent"], Value::Null);
}

#[tokio::test]
async fn a_message_is_kept_for_a_workflow_until_it_ends() {
    let host = Host::with_workflow().await;
    let id = host.make_pages().await;
    let to = format!("/v1/invocations/{id}/messages/approval");

    let sent = host.post(&to, json!({"by": "Ada"})).await;
    let broken = host.post("/v1/invocations/none/messages/a", json!(1)).await;

    assert_eq!(sent.status, 202, "{}", sent.text);
    let key = host.key(&id).await;
    let kept = host.store.messages(key).await.unwrap();
    assert_eq!(
        (&*kept[0].name, &kept[0].value[..]),
        ("approval", &b"{\"by\":\"Ada\"}"[..])
    );
    broken.problem(404, "invocation-unknown");
    host.post(&format!("/v1/invocations/{id}/cancel"), json!({}))
        .await;
    host.post(&to, json!(1))
        .await
        .problem(409, "invocation-ended");
}

#[tokio::test]
async fn a_task_takes_no_messages_and_a_workflow_only_so_many() {
    let host = Host::with_workflow().await;
    let task = host.post(
        "/v1/invocations",
        json!({"queue": "q", "task": "thumbs/resize", "args": [[1]]}),
    );
    let task = task.await.json()["id"].as_str().unwrap().to_owned();
    let workflow = host.make_pages().await;
    let send = |id: &str| {
        let to = format!("/v1/invocations/{id}/messages/a");
        let host = &host;
        async move { host.post(&to, json!(1)).await }
    };

    send(&task).await.problem(422, "not-a-workflow");
    for _ in 0..crate::support::MESSAGES_MAX {
        assert_eq!(send(&workflow).await.status, 202);
    }

    send(&workflow).await.problem(429, "messages-full");
}

#[tokio::test]
async fn cancelling_says_why_and_is_harmless_when_it_has_ended() {
    let host = Host::with_workflow().await;
    let id = host.make_pages().await;
    let to = format!("/v1/invocations/{id}/cancel");

    let cancelled = host.post(&to, json!({"reason": "no longer needed"})).await;
    let again = host.send(http::Request::post(&to), "").await;

    let cancelled = cancelled.json();
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["outcome"]["error"]["kind"], "cancelled");
    assert_eq!(cancelled["outcome"]["error"]["message"], "no longer needed");
    assert_eq!(again.json()["outcome"], cancelled["outcome"]);
    host.post(&to, json!({"why": "x"}))
        .await
        .problem(422, "invalid");
}

#[tokio::test]
async fn what_runs_is_cancelling_until_its_host_says_that_it_has_ended() {
    let host = Host::with_workflow().await;
    let id = host.make_pages().await;
    let (number, claimed) = host.claim().await;
    host.start_attempt(number, &claimed[0]).await;

    let asked = host
        .post(&format!("/v1/invocations/{id}/cancel"), json!({}))
        .await
        .json();
    host.end(number, &claimed[0], "null").await;

    assert_eq!(
        (&asked["state"], &asked["cancelling"]),
        (&json!("running"), &json!(true))
    );
    let ended = host.get(&format!("/v1/invocations/{id}")).await.json();
    assert_eq!(ended["state"], "cancelled");
}

#[tokio::test]
async fn what_a_workflow_publishes_is_read_by_name_and_pushed_to_who_waits() {
    let host = Host::with_workflow().await;
    let id = host.make_pages().await;
    let (number, claimed) = host.claim().await;
    let at = format!("/v1/invocations/{id}/published");

    host.get(&format!("{at}/status"))
        .await
        .problem(404, "not-published");
    let waiting = format!("{at}/status?wait=30s&after=0");
    let (first, ()) = tokio::join!(
        host.get(&waiting),
        host.publish(number, &claimed[0], 0, "status", "\"half\""),
    );
    let first = first.json();
    host.publish(number, &claimed[0], 1, "other", "1.10").await;

    assert_eq!(
        (&first["value"], &first["name"]),
        (&json!("half"), &json!("status"))
    );
    let all = host.get(&at).await;
    assert!(all.text.contains("\"value\":1.10"), "{}", all.text);
    assert_eq!(all.json()["items"].as_array().unwrap().len(), 2);
    let revision = &first["revision"];
    let later = format!("{at}/status?wait=10ms&after={revision}");
    host.get(&later).await.problem(404, "not-published");
}

#[tokio::test]
async fn published_values_are_events_that_go_on_where_a_reader_was() {
    let host = Host::with_workflow().await;
    let id = host.make_pages().await;
    let (number, claimed) = host.claim().await;
    host.publish(number, &claimed[0], 0, "status", "\"half\"")
        .await;
    host.publish(number, &claimed[0], 1, "status", "\"all\"")
        .await;
    host.end(number, &claimed[0], "null").await;
    let events = format!("/v1/invocations/{id}/events");

    let whole = host.get(&events).await.text;
    let rest = http::Request::get(&events).header("last-event-id", "1.2");
    let rest = host.send(rest, "").await.text;

    assert!(whole.contains("event: published\n"), "{whole}");
    assert!(
        whole.contains("\"value\":\"all\",\"revision\":2"),
        "{whole}"
    );
    assert!(!rest.contains("published"), "{rest}");
    assert!(rest.contains("event: state\n"), "{rest}");
}

#[tokio::test]
async fn the_children_of_a_workflow_are_listed() {
    let host = Host::with_workflow().await;
    let id = host.make_pages().await;
    let (number, claimed) = host.claim().await;
    host.enqueue_child(number, &claimed[0]).await;

    let children = host
        .get(&format!("/v1/invocations?parent={id}"))
        .await
        .json();
    let nobody = host.get("/v1/invocations?parent=nobody").await;

    let items = children["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["parent"], json!(id));
    nobody.problem(404, "invocation-unknown");
}
