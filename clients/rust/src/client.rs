//! Where the host is, and how a request gets there.
//!
//! Nearly every request of this client can be repeated without harm: what it enqueues has an id,
//! made here if the caller chose none. So a request whose connection fails is sent again while the
//! client's patience lasts, and a host that restarts in between is not noticed. The few that would
//! do their work twice (a message, a fork) are sent again only if they surely never arrived.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use crate::error::{Error, root_cause};
use crate::wire::{Host, Info, Page, Problem};

/// Where a host listens unless it is told otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:7070";

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take, waiting that was asked for not counted. Uploads compile: a large
/// component takes half a minute.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(180);

/// The pauses between repetitions: short at first, since a host restarts in a second.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A connection to a host; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
    patience: Duration,
}

impl Client {
    /// A client of the host at this address, such as `http://127.0.0.1:7070`.
    pub fn new(url: &str) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Address {
            url: url.to_owned(),
            reason,
        };
        let base = Url::parse(url).map_err(|error| refuse(error.to_string()))?;
        if base.scheme() != "http" {
            return Err(refuse(format!(
                "{} is not spoken, only http (put a proxy before a host that is far away)",
                base.scheme()
            )));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| refuse(root_cause(&error)))?;
        Ok(Self {
            http,
            base,
            token: None,
            patience: Duration::from_secs(10),
        })
    }

    /// A client of the host that `WINDLASS_SERVER` names, or of the one at [`DEFAULT_SERVER`], with
    /// the token in `WINDLASS_TOKEN` if there is one.
    pub fn from_env() -> Result<Self, Error> {
        let url = std::env::var("WINDLASS_SERVER").unwrap_or_else(|_| DEFAULT_SERVER.to_owned());
        let client = Self::new(&url)?;
        Ok(match std::env::var("WINDLASS_TOKEN") {
            Ok(token) => client.with_token(token),
            Err(_) => client,
        })
    }

    /// The same client, showing this token.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The same client, repeating requests for so long while the host cannot be reached. Ten
    /// seconds unless said otherwise; zero reports at once.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// For how long requests are repeated.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The host's address.
    pub fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// What answers, and with what it stores.
    pub async fn info(&self) -> Result<Info, Error> {
        self.get(&["v1"], &()).await
    }

    /// Whether the host lives.
    pub async fn healthz(&self) -> Result<(), Error> {
        let request = self.request(Method::GET, &["healthz"]);
        self.send(request, Duration::ZERO).await.map(drop)
    }

    /// The live hosts.
    pub async fn hosts(&self) -> Result<Vec<Host>, Error> {
        let page: Page<Host> = self.get(&["v1", "hosts"], &()).await?;
        Ok(page.items)
    }

    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("an http address can have a path")
            .pop_if_empty()
            .extend(path);
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get<Q: Serialize, A: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Q,
    ) -> Result<A, Error> {
        let request = self.request(Method::GET, path).query(query);
        read(self.send(request, Duration::ZERO).await?).await
    }

    pub(crate) async fn send_json<B: Serialize, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &B,
        waiting: Duration,
    ) -> Result<A, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Arguments(error.to_string()))?;
        let request = self
            .request(method, path)
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body));
        read(self.send(request, waiting).await?).await
    }

    /// Posts JSON that must not arrive twice.
    pub(crate) async fn post_once<B: Serialize>(
        &self,
        path: &[&str],
        body: &B,
    ) -> Result<Response, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Arguments(error.to_string()))?;
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body));
        self.send_once(request, Duration::ZERO).await
    }

    /// Sends a request, repeating it while the host cannot be reached and patience lasts, and gives
    /// the answer if it is no refusal. `waiting` is how long the host was asked to wait.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        waiting: Duration,
    ) -> Result<Response, Error> {
        self.send_while(request, waiting, |_| true).await
    }

    /// As [`send`](Self::send), but repeats only what surely never arrived: for requests that would
    /// do their work twice.
    pub(crate) async fn send_once(
        &self,
        request: RequestBuilder,
        waiting: Duration,
    ) -> Result<Response, Error> {
        self.send_while(request, waiting, reqwest::Error::is_connect)
            .await
    }

    async fn send_while(
        &self,
        request: RequestBuilder,
        waiting: Duration,
        may_repeat: impl Fn(&reqwest::Error) -> bool,
    ) -> Result<Response, Error> {
        let give_up = Instant::now() + self.patience;
        let mut pause = PAUSE_MIN;
        loop {
            let attempt = request
                .try_clone()
                .expect("a body in memory can be sent again")
                .timeout(ANSWER_TIMEOUT + waiting);
            match attempt.send().await {
                Ok(response) => return accept(response).await,
                Err(error) if may_repeat(&error) && Instant::now() + pause < give_up => {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(error) => return Err(self.unreachable(&error)),
            }
        }
    }

    /// Opens a stream of server-sent events: no limit of time, one try.
    pub(crate) async fn open_events(
        &self,
        path: &[&str],
        last_event_id: Option<&str>,
    ) -> Result<Response, Error> {
        let mut request = self
            .request(Method::GET, path)
            .header(ACCEPT, "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.open(request).await
    }

    /// Opens a stream: no limit of time, one try.
    pub(crate) async fn open(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await;
        accept(response.map_err(|error| self.unreachable(&error))?).await
    }

    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> Error {
        Error::Unreachable {
            url: self.server().to_owned(),
            reason: if error.is_timeout() {
                "no answer in time".to_owned()
            } else {
                root_cause(error)
            },
        }
    }
}

/// The answer, or the problem that it states.
async fn accept(response: Response) -> Result<Response, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let url = response.url().to_string();
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(Error::Problem(Box::new(problem))),
        Err(_) => Err(not_a_problem(url, status, &body)),
    }
}

fn not_a_problem(url: String, status: StatusCode, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body);
    let start: String = text.trim().chars().take(120).collect();
    Error::Protocol {
        url,
        reason: format!("status {status} without a problem: {start:?}"),
    }
}

pub(crate) async fn read<A: DeserializeOwned>(response: Response) -> Result<A, Error> {
    let url = response.url().to_string();
    let body = response.bytes().await.map_err(|error| Error::Unreachable {
        url: url.clone(),
        reason: root_cause(&error),
    })?;
    serde_json::from_slice(&body).map_err(|error| Error::Protocol {
        url,
        reason: error.to_string(),
    })
}
