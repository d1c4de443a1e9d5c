//! A host without workers, and a caller.

pub mod components;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use windlass::api::{Options, Parts, router};
use windlass::control::{self, Control, Nobody};
use windlass::model::{HostNumber, InvocationId, Key, Moment, Namespace, Outcome, QueueId};
use windlass::queue::Stats;
use windlass::store::{
    Child, Claim, Claimed, Ended, Exchange, NewCall, NewHost, Publication, Started, Steps, Store,
    sqlite,
};
use windlass::workflow::{self, Workflows};

/// The component `demo:hello`.
pub const HELLO: &[u8] = include_bytes!("../../assets/hello.wasm");

/// How many messages wait for a workflow at most.
pub const MESSAGES_MAX: u32 = 3;

/// A host that runs nothing.
pub struct Host {
    address: SocketAddr,
    pub store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
    stop: CancellationToken,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    /// The problem that it is, with its status checked.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(
            (self.status.as_u16(), &problem["code"]),
            (status, &Value::from(code)),
            "{problem}"
        );
        problem
    }
}

impl Host {
    pub async fn start() -> Self {
        Self::with(control::Options::default(), None).await
    }

    /// A host where nothing is polled within the time of a test, so that what wakes is pushed.
    pub async fn with(options: control::Options, token: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("windlass.db");
        let store = sqlite::open(&path, &sqlite::Options::default())
            .await
            .unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let options = control::Options {
            poll_ms: 3_600_000,
            ..options
        };
        let control = Control::new(store.clone(), Arc::new(Nobody), options);
        let stop = CancellationToken::new();
        tokio::spawn(control.clone().run(stop.clone()));
        let limits = workflow::Options {
            messages_max: MESSAGES_MAX,
            ..workflow::Options::default()
        };
        let router = router(Parts {
            workflows: Workflows::new(store.clone(), control.clone(), None, limits),
            control,
            stats: Arc::new(Stats::default()),
            stopping: stop.clone(),
            token: token.map(str::to_owned),
            options: Options::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            store,
            _folder: folder,
            stop,
        }
    }

    pub async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let request: Request<_> = request
            .header("host", self.address.to_string())
            .body(Full::new(body.into()))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request, body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        let request = Request::put(path).header("content-type", "application/json");
        self.send(request, body.to_string()).await
    }

    pub async fn upload(&self, query: &str, bytes: impl Into<Bytes>) -> Answer {
        let request = Request::post(format!("/v1/components?{query}"));
        let request = request.header("content-type", "application/wasm");
        self.send(request, bytes).await
    }

    /// A host that has `hello`.
    pub async fn with_hello() -> Self {
        let host = Self::start().await;
        let answer = host.upload("name=hello", HELLO).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        host
    }

    /// Enqueues `hello/greet` and gives the id.
    pub async fn greet(&self, queue: &str) -> String {
        let call = serde_json::json!({"queue": queue, "task": "hello/greet", "args": ["Ada"]});
        let answer = self.post("/v1/invocations", call).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A host that has the workflow `pages/make` and the task `thumbs/resize`.
    pub async fn with_workflow() -> Self {
        let host = Self::start().await;
        let thumbs = components::provider("list<u32>");
        let thumbs = host.upload("name=thumbs", thumbs).await;
        let pages = host.upload("name=pages", components::workflow()).await;
        assert_eq!((thumbs.status.as_u16(), pages.status.as_u16()), (201, 201));
        host
    }

    /// Enqueues the workflow and gives its id.
    pub async fn make_pages(&self) -> String {
        let call = serde_json::json!({"queue": "q", "task": "pages/make", "args": [["a"]]});
        let answer = self.post("/v1/invocations", call).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The store's number of an invocation.
    pub async fn key(&self, id: &str) -> Key {
        let id = InvocationId::parse(id).unwrap();
        let namespace = Namespace::default_namespace();
        let found = self.store.invocation(&namespace, &id).await.unwrap();
        found.unwrap().key
    }

    /// Says that a claimed invocation runs.
    pub async fn start_attempt(&self, host: HostNumber, claimed: &Claimed) {
        let exchange = Exchange {
            started: vec![Started {
                hold: claimed.hold,
                attempt: claimed.attempt,
                started_at: Moment::now(),
            }],
            ..Exchange::default()
        };
        self.store.exchange(host, exchange).await.unwrap();
    }

    /// Has a claimed workflow publish a value, as the entry of its journal with this number.
    pub async fn publish(
        &self,
        host: HostNumber,
        claimed: &Claimed,
        entry: u32,
        name: &str,
        value: &str,
    ) {
        let published = Publication {
            name: name.to_owned(),
            value: Bytes::copy_from_slice(value.as_bytes()),
        };
        let steps = Steps {
            published: vec![published],
            ..steps(claimed, entry)
        };
        self.store.record(host, steps).await.unwrap();
    }

    /// Has a claimed workflow enqueue a call like itself.
    pub async fn enqueue_child(&self, host: HostNumber, claimed: &Claimed) {
        let call = NewCall {
            namespace: claimed.namespace.clone(),
            id: InvocationId::from_store(format!("{}~s1", claimed.id)),
            chosen: true,
            queue: "children".parse().unwrap(),
            function: claimed.function,
            task: claimed.task.clone(),
            arguments: Bytes::from_static(b"[[]]"),
            priority: 0,
            timeout_ms: None,
            workflow: true,
            controls: Default::default(),
        };
        let child = Child {
            call,
            detached: false,
        };
        let steps = Steps {
            children: vec![child],
            ..steps(claimed, 0)
        };
        self.store.record(host, steps).await.unwrap();
    }

    /// Claims everything of all queues, as a host with workers would.
    pub async fn claim(&self) -> (HostNumber, Vec<Claimed>) {
        let number = self
            .store
            .register(&NewHost {
                name: "test".to_owned(),
                address: String::new(),
                version: String::new(),
                queues: None,
                lease_ms: 10_000,
            })
            .await
            .unwrap();
        let queues = self.store.served_queues().await.unwrap();
        let claim = |queue: QueueId| Claim {
            queue,
            executing: 0,
            reserved: 0,
            slots: 100,
            rows: 100,
        };
        let exchange = Exchange {
            claims: queues.iter().map(|queue| claim(queue.id)).collect(),
            ..Exchange::default()
        };
        let exchanged = self.store.exchange(number, exchange).await.unwrap();
        let granted = exchanged.granted.into_iter();
        (number, granted.flat_map(|one| one.claimed).collect())
    }

    /// Ends a claimed invocation with this value.
    pub async fn end(&self, host: HostNumber, claimed: &Claimed, value: &str) {
        let value = serde_json::value::RawValue::from_string(value.to_owned()).unwrap();
        self.end_with(host, claimed, Outcome::Value(value)).await;
    }

    /// Ends a claimed invocation so.
    pub async fn end_with(&self, host: HostNumber, claimed: &Claimed, outcome: Outcome) {
        let ended = Ended {
            hold: claimed.hold,
            outcome,
            attempt: claimed.attempt,
            started_at: Moment::now(),
            finished_at: Moment::now(),
            log: "a line\n".to_owned(),
        };
        let exchange = Exchange {
            ended: vec![ended],
            ..Exchange::default()
        };
        let exchanged = self.store.exchange(host, exchange).await.unwrap();
        assert!(exchanged.lost.is_empty());
    }
}

/// One entry of the journal of a claimed workflow.
fn steps(claimed: &Claimed, first: u32) -> Steps {
    Steps {
        hold: claimed.hold,
        first,
        count: 1,
        body: Bytes::from_static(b"[{}]"),
        children: Vec::new(),
        cancels: Vec::new(),
        published: Vec::new(),
        taken: Vec::new(),
        restart: None,
    }
}
