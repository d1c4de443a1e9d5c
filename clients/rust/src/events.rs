//! Watching one invocation: server-sent events, taken up again where a connection breaks.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt, try_unfold};
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::error::{Error, root_cause};
use crate::wire::Event;

/// The longest event that is read: an invocation with an outcome of 4 MiB, with room for escapes.
const EVENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Between tries to connect again.
const PAUSE: Duration = Duration::from_millis(250);

impl Client {
    /// What happens to the invocation with this id, from its present state to its end.
    pub fn events(&self, id: &str) -> BoxStream<'static, Result<Event, Error>> {
        let watch = Watch {
            client: self.clone(),
            id: id.to_owned(),
            last_event_id: None,
            connection: None,
            seen_end: false,
            give_up: None,
        };
        try_unfold(watch, |mut watch| async move {
            let event = watch.next().await?;
            Ok(event.map(|event| (event, watch)))
        })
        .boxed()
    }
}

struct Watch {
    client: Client,
    id: String,
    last_event_id: Option<String>,
    connection: Option<(BoxStream<'static, reqwest::Result<Bytes>>, Parser)>,
    seen_end: bool,
    /// When patience with a host that has gone ends; none while it answers.
    give_up: Option<Instant>,
}

impl Watch {
    async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            let Some((stream, parser)) = &mut self.connection else {
                self.connect().await?;
                continue;
            };
            if let Some(message) = parser.next() {
                if message.id.is_some() {
                    self.last_event_id = message.id;
                }
                if let Some(event) = self.understand(&message.event, &message.data)? {
                    return Ok(Some(event));
                }
                continue;
            }
            match stream.next().await {
                Some(Ok(bytes)) => {
                    self.give_up = None;
                    if !parser.feed(&bytes) {
                        return Err(self.protocol("an event is too large"));
                    }
                }
                // The host closes the stream after the end; before it, a connection broke.
                _ if self.seen_end => return Ok(None),
                _ => self.connection = None,
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Error> {
        let path = ["v1", "invocations", self.id.as_str(), "events"];
        let give_up = *self
            .give_up
            .get_or_insert_with(|| Instant::now() + self.client.patience());
        loop {
            let opened = self
                .client
                .open_events(&path, self.last_event_id.as_deref());
            match opened.await {
                Ok(response) => {
                    let stream = response.bytes_stream().boxed();
                    self.connection = Some((stream, Parser::default()));
                    return Ok(());
                }
                Err(error) if error.is_unreachable() && Instant::now() + PAUSE < give_up => {
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn understand(&mut self, name: &str, data: &str) -> Result<Option<Event>, Error> {
        let event = Event::parse(name, data).map_err(|error| self.protocol(&root_cause(&error)))?;
        if let Some(Event::State(invocation)) = &event {
            self.seen_end |= invocation.state.is_final();
        }
        Ok(event)
    }

    fn protocol(&self, reason: &str) -> Error {
        Error::Protocol {
            url: format!("{}/v1/invocations/{}/events", self.client.server(), self.id),
            reason: reason.to_owned(),
        }
    }
}

/// Cuts a stream of bytes into server-sent events, as the HTML standard says.
#[derive(Default)]
struct Parser {
    buffer: Vec<u8>,
    /// How much of the buffer has been taken.
    taken: usize,
    message: Message,
    has_data: bool,
}

#[derive(Default, Debug, PartialEq, Eq)]
struct Message {
    event: String,
    data: String,
    id: Option<String>,
}

impl Parser {
    /// Takes what has arrived; false if an event grows beyond what is read.
    fn feed(&mut self, bytes: &[u8]) -> bool {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() + self.message.data.len() <= EVENT_BYTES_MAX
    }

    fn next(&mut self) -> Option<Message> {
        loop {
            let rest = &self.buffer[self.taken..];
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            let line = String::from_utf8_lossy(line).into_owned();
            self.taken += end + 1;
            if !line.is_empty() {
                self.take_line(&line);
                continue;
            }
            let message = std::mem::take(&mut self.message);
            if std::mem::take(&mut self.has_data) {
                return Some(message);
            }
        }
    }

    fn take_line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.message.event = value.to_owned(),
            "id" => self.message.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.has_data = true;
                self.message.data.push_str(value);
            }
            // Comments, which keep the connection alive, and fields that we have no use for.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(parts: &[&str]) -> Vec<Message> {
        let mut parser = Parser::default();
        let mut found = Vec::new();
        for part in parts {
            assert!(parser.feed(part.as_bytes()));
            found.extend(std::iter::from_fn(|| parser.next()));
        }
        found
    }

    #[test]
    fn an_event_may_arrive_in_pieces_between_comments() {
        let found = messages(&[
            ": hel",
            "lo\n\nid: 7\nev",
            "ent:log\r\ndata: a\ndata:b\n",
            "\n",
        ]);

        assert_eq!(
            found,
            [Message {
                event: "log".to_owned(),
                data: "a\nb".to_owned(),
                id: Some("7".to_owned())
            }]
        );
    }

    #[test]
    fn two_events_in_one_piece_are_two() {
        let found = messages(&["event: a\ndata: 1\n\nevent: b\ndata: 2\n\n"]);

        assert_eq!(found.len(), 2);
        assert_eq!(found[1].data, "2");
    }
}
