//! `windlass dev`, as somebody uses it: edit, look, call, edit.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use windlass_client::Client;
use windlass_tests::languages::{cargo_target, tools};
use windlass_tests::{Setup, binary, enqueue, eventually, value};

use super::Project;

/// `windlass dev` in a process of its own, which is killed when this is dropped.
struct Developing {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Developing {
    fn start(project: &Project) -> Self {
        let mut child = Command::new(binary())
            .arg("dev")
            .current_dir(project.folder())
            .env("WINDLASS_TOOLS", tools())
            .env("CARGO_TARGET_DIR", cargo_target())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::default();
        keep(child.stdout.take().unwrap(), &said);
        keep(child.stderr.take().unwrap(), &said);
        Self { child, said }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    async fn says(&self, what: &str) {
        eventually(what, async || {
            let said = self.said();
            said.contains(what).then_some(()).ok_or(said)
        })
        .await;
    }

    async fn client(&self) -> Client {
        self.says("a private host is at http://").await;
        let said = self.said();
        let (_, url) = said.split_once("a private host is at ").unwrap();
        Client::new(
            url.split(':')
                .take(3)
                .collect::<Vec<_>>()
                .join(":")
                .as_str(),
        )
        .unwrap()
    }

    /// SIGINT, as ctrl-c sends it.
    fn interrupt(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "INT", &pid]).status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Developing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(output: impl Read + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = Arc::clone(said);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    });
}

async fn answer(client: &Client) -> Value {
    let call = enqueue(client, "dev", "dev-letters/summarize", json!(["dear Ada"])).await;
    value(&call).await["words"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_file_is_built_and_answers() {
    let host = Setup::sqlite().start();
    let project = Project::new(&host, "dev-letters", "rust", false);
    let developing = Developing::start(&project);
    let client = developing.client().await;
    developing.says("dev-letters@0.1.0: built in").await;
    assert_eq!(answer(&client).await, json!(2));
    developing.says("| [info] summarizing 8 bytes").await;
    developing.says("succeeded: {").await;

    project.edit("src/lib.rs", "words += 1;", "words += 2;");
    developing.says("dev-letters@0.1.1: built in").await;
    assert_eq!(answer(&client).await, json!(4));

    project.edit("src/lib.rs", "words += 2;", "words += ;");
    developing.says("src/lib.rs:").await;
    developing.says("waiting for the next change").await;
    assert_eq!(answer(&client).await, json!(4));

    project.edit("src/lib.rs", "words += ;", "words += 1;");
    project.edit(
        "src/lib.rs",
        "(letter: String)",
        "(letter: String, _more: bool)",
    );
    developing
        .says("  ~ summarize: func(letter: string, ")
        .await;

    assert!(developing.interrupt().success());
    assert!(client.healthz().await.is_err(), "the private host stays");
}
