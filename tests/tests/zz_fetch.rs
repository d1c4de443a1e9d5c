#![allow(clippy::unwrap_used)]
use windlass_tests::{Setup, fresh_database};

#[tokio::test(flavor = "multi_thread")]
async fn fetch() {
    let database = fresh_database();
    let key = ["--set", "code_key=a key that the hosts of this fleet are given"];
    let first = Setup::postgres(&database).with(&key).start();
    let bytes = std::fs::read("/tmp/w/eng-py/letters-py.wasm").unwrap();
    let body = reqwest::Client::new()
        .post(format!("{}/v1/components?name=letters&version=1.0.0", first.url()))
        .body(bytes).send().await.unwrap();
    assert!(body.status().is_success(), "{}", body.text().await.unwrap());
    let queue = first.client().queue("q");
    let t = std::time::Instant::now();
    let done: serde_json::Value = queue.enqueue("letters/summarize", &["dear Ada"]).await.unwrap().get_result().await.unwrap();
    println!("first: {done} after {:?}", t.elapsed());
    assert!(first.stop().success());
    for _ in 0..3 {
        let second = Setup::postgres(&database).with(&key).with(&["--set", "log.filter=windlass=debug"]).start();
        let queue = second.client().queue("q");
        let t = std::time::Instant::now();
        let handle = queue.enqueue("letters/summarize", &["dear Ada"]).await.unwrap();
        let _: serde_json::Value = handle.get_result().await.unwrap();
        let cold = t.elapsed();
        let t = std::time::Instant::now();
        let _: serde_json::Value = queue.enqueue("letters/summarize", &["dear Ada"]).await.unwrap().get_result().await.unwrap();
        println!("second: cold {cold:?}, warm {:?}", t.elapsed());
        let text = reqwest::get(format!("{}/metrics", second.url())).await.unwrap().text().await.unwrap();
        for line in text.lines().filter(|l| l.contains("components_loaded") && !l.starts_with('#')) { println!("{line}"); }
        println!("{}", second.stop_and_tell().1);
    }
}
