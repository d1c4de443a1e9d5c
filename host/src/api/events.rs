//! The life of one invocation as server-sent events.
//!
//! `state` whenever state or attempt change, `progress`, `log`; the last is a final `state`. The
//! stream can be taken up again: an event's id says how much of the log had been sent with it, and
//! the present state always comes first.

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

/// How often news are looked for. That it has ended is pushed and waits for no look.
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
    let sent = match last_event_id(&headers) {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Problem::invalid("Last-Event-ID", "not an id that this stream gives"))?,
    };
    let invocation = api.control.invocation(&api.namespace, &id).await?;
    let ticket = api.control.watch().register(vec![invocation.key])?;
    let life = Follow {
        control: api.control,
        namespace: api.namespace,
        id,
        ticket,
        sent,
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

/// Where a stream stands.
struct Follow {
    control: Control,
    namespace: Namespace,
    id: InvocationId,
    ticket: Ticket,
    /// Chunks of the log that were sent.
    sent: usize,
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
                    .id(self.sent.to_string())
                    .data(data),
            ),
            Err(error) => tracing::error!(%error, "an event cannot be written"),
        }
    }
}
