//! The life of one invocation as server-sent events.
//!
//! `state` whenever state or attempt change, `progress`, `log`, `published`; the last is a final
//! `state`. The stream can be taken up again: an event's id says how much of the log had been sent
//! with it and how much of what was published, and the present state always comes first.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use http::HeaderMap;
use windlass_client::wire;

use crate::control::{Control, Ticket};
use crate::http::{Answer, Problem, last_event_id, stream};
use crate::model::{InvocationId, Namespace, State as Life};
use crate::store::Invocation;

use super::invocations::Handle;
use super::{Api, Named, show};

/// How often news are looked for. That it has ended, or that a workflow of this host published
/// something, is pushed and waits for no look.
const LOOK: Duration = Duration::from_millis(500);

/// An invocation's events, from its present state to its end.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/events", tag = "invocations",
    params(("id" = String, Path), ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that came: the log goes on after it")),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
        (status = 503, body = wire::Problem, content_type = "application/problem+json", description = "As many wait as may"),
    )
)]
pub(super) async fn events(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (sent, revision) = match last_event_id(&headers) {
        None => (0, 0),
        Some(text) => place(text)
            .ok_or_else(|| Problem::invalid("Last-Event-ID", "not an id that this stream gives"))?,
    };
    let invocation = api.control.invocation(&api.namespace, &id).await?;
    let ticket = api.control.watch().follow(invocation.key)?;
    let life = Follow {
        control: api.control,
        namespace: api.namespace,
        id,
        ticket,
        sent,
        revision,
        shown: None,
        progress: None,
        ready: VecDeque::new(),
        is_over: false,
        is_first: true,
    };
    Ok(stream(futures::stream::unfold(
        life,
        |mut life| async move {
            let event = life.next().await?;
            Some((event, life))
        },
    )))
}

/// Reads an event's id: how much of the log, and up to which revision.
fn place(text: &str) -> Option<(usize, i64)> {
    let (sent, revision) = text.split_once('.').unwrap_or((text, "0"));
    Some((sent.parse().ok()?, revision.parse().ok()?))
}

/// Where a stream stands.
struct Follow {
    control: Control,
    namespace: Namespace,
    id: InvocationId,
    ticket: Ticket,
    /// Chunks of the log that were sent.
    sent: usize,
    /// The revision of the last published value that was sent.
    revision: i64,
    shown: Option<(Life, u32)>,
    progress: Option<String>,
    ready: VecDeque<Event>,
    is_over: bool,
    is_first: bool,
}

impl Follow {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            // The ticket was taken before the first look, so that no end is missed.
            if !std::mem::take(&mut self.is_first) {
                let woken = tokio::time::timeout(LOOK, self.ticket.ended()).await;
                // Nothing ended, and yet it was woken: the host stops.
                self.is_over = woken.is_ok_and(|ended| ended.is_empty());
            }
            if let Err(problem) = self.look().await {
                tracing::warn!(id = %self.id, code = problem.code().as_str(), "a stream of events broke off");
                return None;
            }
        }
    }

    async fn look(&mut self) -> Answer<()> {
        let found = self.control.invocation(&self.namespace, &self.id).await?;
        let is_final = found.state.is_final();
        // A final state is the last event, so that what was written comes before it.
        if !is_final {
            self.state(&found)?;
        }
        if found.attempt > 0 {
            let chunks = self.control.log_of(found.key).await?;
            for chunk in chunks.into_iter().skip(self.sent) {
                self.sent += 1;
                self.push(&wire::Event::Log(wire::LogChunk {
                    attempt: chunk.attempt,
                    text: chunk.text,
                }));
            }
        }
        if found.progress != self.progress {
            self.progress.clone_from(&found.progress);
            if let Some(progress) = show::progress(found.progress.as_deref()) {
                self.push(&wire::Event::Progress(progress));
            }
        }
        let mut published = self.control.published_of(&found, self.revision).await?;
        published.sort_by_key(|one| one.revision);
        for one in published {
            self.revision = one.revision;
            self.push(&wire::Event::Published(show::published(one)?));
        }
        if is_final {
            self.state(&found)?;
            self.is_over = true;
        }
        Ok(())
    }

    fn state(&mut self, found: &Invocation) -> Answer<()> {
        let now = (found.state, found.attempt);
        if self.shown != Some(now) {
            self.shown = Some(now);
            let shown = show::invocation(found.clone())?;
            self.push(&wire::Event::State(Box::new(shown)));
        }
        Ok(())
    }

    fn push(&mut self, event: &wire::Event) {
        match event.data() {
            Ok(data) => self.ready.push_back(
                Event::default()
                    .event(event.name())
                    .id(format!("{}.{}", self.sent, self.revision))
                    .data(data),
            ),
            Err(error) => tracing::error!(%error, "an event cannot be written"),
        }
    }
}
