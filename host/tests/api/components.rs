//! `/v1/components`.

use serde_json::json;

use crate::support::{HELLO, Host};

/// The same component with a custom section at its end: other bytes, the same behaviour.
fn other_hello() -> Vec<u8> {
    [HELLO, b"\0\x02\x01x"].concat()
}

#[tokio::test]
async fn an_upload_tells_the_tasks_with_their_types() {
    let host = Host::start().await;

    let answer = host.upload("name=hello&version=1.2.0", HELLO).await;

    assert_eq!(answer.status, 201);
    let component = answer.json();
    assert_eq!(component["version"], "1.2.0");
    let tasks = component["tasks"].as_array().unwrap();
    let add = tasks.iter().find(|task| task["name"] == "add").unwrap();
    assert_eq!(
        add["params"],
        json!([{"name": "a", "type": "s64"}, {"name": "b", "type": "s64"}])
    );
    assert_eq!(add["result"], "result<s64, string>");
}

#[tokio::test]
async fn the_version_is_what_the_wit_says_where_nobody_says_one() {
    let host = Host::start().await;

    let component = host.upload("name=hello", HELLO).await.json();

    assert_eq!(component["version"], "0.1.0");
}

#[tokio::test]
async fn a_version_keeps_its_bytes() {
    let host = Host::with_hello().await;

    let same = host.upload("name=hello&version=0.1.0", HELLO).await;
    let other = host.upload("name=hello&version=0.1.0", other_hello()).await;

    assert_eq!(same.status, 200);
    let problem = other.problem(409, "version-exists");
    assert!(problem["hint"].as_str().unwrap().contains("higher version"));
}

#[tokio::test]
async fn a_component_shows_its_wit_and_its_versions() {
    let host = Host::with_hello().await;
    host.upload("name=hello&version=0.2.0", other_hello()).await;

    let versions = host.get("/v1/components/hello").await.json();
    let wit = host.get("/v1/components/hello/0.2.0/wit").await;

    let versions: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].clone())
        .collect();
    assert_eq!(versions, ["0.1.0", "0.2.0"]);
    assert!(wit.text.contains("greet: func"), "{}", wit.text);
    host.get("/v1/components/hello/9.0.0")
        .await
        .problem(404, "component-unknown");
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_the_way_out() {
    let host = Host::start().await;

    for bytes in [&b"\0asm\x01\0\0\0"[..], b"", b"hello", &HELLO[..2_000]] {
        let answer = host.upload("name=hello", bytes).await;

        let problem = answer.problem(422, "component-invalid");
        assert!(problem["hint"].is_string());
    }
    let kept = host.get("/v1/components").await.json();
    assert_eq!(kept["items"], json!([]));
}

#[tokio::test]
async fn grants_read_back_and_bad_ones_are_refused_with_their_place() {
    let host = Host::with_hello().await;
    let grants = json!({"http": ["api.example.com"], "environment": {"A": "1"}});

    let put = host
        .put("/v1/components/hello/grants", grants.clone())
        .await;
    let bad = host
        .put(
            "/v1/components/hello/grants",
            json!({"http": ["http://a.b/c"]}),
        )
        .await;

    assert_eq!(put.json(), grants);
    assert_eq!(bad.problem(422, "invalid")["errors"][0]["place"], "http[0]");
    assert_eq!(host.get("/v1/components/hello/grants").await.json(), grants);
}
