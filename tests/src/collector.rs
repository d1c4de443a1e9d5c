//! The log that the tasks keep themselves: an HTTP server that numbers what it is sent.
//!
//! A task posts a line when it starts and one when it ends, and waits for the answer; so what the
//! log holds lies within the time that the task really ran. The test adds when it killed a host.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::eventually;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A task's attempt began.
    Start {
        /// What the caller named it.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// The invocation.
        id: String,
        /// When, in microseconds since 1970, by the task's own clock, where it told.
        at: Option<u64>,
    },
    /// A task's attempt is about to return.
    End {
        /// What the caller named it.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// The invocation.
        id: String,
    },
    /// The test ended a host, or the database: what it ran has ended.
    Interruption,
}

impl Entry {
    /// Whether it is about one of these invocations.
    pub fn is_of(&self, ids: &[&str]) -> bool {
        match self {
            Self::Start { id, .. } | Self::End { id, .. } => ids.contains(&id.as_str()),
            Self::Interruption => false,
        }
    }
}

/// A collector on loopback. It ends when this is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<Entry>,
    /// The connections that are being read, by their number.
    open: HashSet<u64>,
    accepted: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }
}

impl Collector {
    /// Starts a collector on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            server,
        }
    }

    /// Where tasks post their lines.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What a component must be granted to reach it.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.shared.state().log.len()
    }

    /// Whether there is no line yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The log so far.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.state().log.clone()
    }

    /// Notes that a host was ended, after everything that it had sent.
    pub async fn note_interruption(&self) {
        // Connections are accepted in the order in which they were made, so what the dead host had
        // begun to send has been accepted when this one has.
        let before = self.shared.state().accepted;
        drop(TcpStream::connect(self.address).await);
        eventually("the collector's own connection", async || {
            (self.shared.state().accepted > before)
                .then_some(())
                .ok_or(())
        })
        .await;
        let sending = self.shared.state().open.clone();
        eventually("the end of what was sent", async || {
            let open = &self.shared.state().open;
            sending.is_disjoint(open).then_some(()).ok_or(())
        })
        .await;
        self.shared.state().log.push(Entry::Interruption);
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // Out of file handles: the next turn may have one.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let number = {
            let mut state = shared.state();
            state.accepted += 1;
            let number = state.accepted;
            state.open.insert(number);
            number
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A sender that was killed in the middle has sent nothing.
            let _ = answer(stream, &shared).await;
            shared.state().open.remove(&number);
        });
    }
}

/// Reads one request, notes its body, and closes the connection.
async fn answer(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let understood = parse(&String::from_utf8_lossy(&body));
    let status = match understood {
        Some(entry) => {
            shared.state().log.push(entry);
            "204 No Content"
        }
        None => "400 Bad Request",
    };
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Reads `start <key> <attempt> <id> [<when>]` and `end <key> <attempt> <id>`.
fn parse(line: &str) -> Option<Entry> {
    let mut words = line.split_whitespace();
    let event = words.next()?;
    let key = words.next()?.to_owned();
    let attempt = words.next()?.parse().ok()?;
    let id = words.next()?.to_owned();
    match event {
        "start" => Some(Entry::Start {
            key,
            attempt,
            id,
            at: words.next().and_then(|word| word.parse().ok()),
        }),
        "end" => Some(Entry::End { key, attempt, id }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn post(collector: &Collector, line: &'static str) -> u16 {
        let request = reqwest::Client::new().post(collector.url()).body(line);
        request.send().await.unwrap().status().as_u16()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_sent_is_kept_in_its_order_with_the_interruptions() {
        let collector = Collector::start().await;

        let started = post(&collector, "start one-7 2 the-id 5").await;
        collector.note_interruption().await;
        let ended = post(&collector, "end one-7 2 the-id").await;
        let nonsense = post(&collector, "nonsense").await;

        let (key, id) = ("one-7".to_owned(), "the-id".to_owned());
        let (again, same) = (key.clone(), id.clone());
        let attempt = 2;
        assert_eq!((started, ended, nonsense), (204, 204, 400));
        assert_eq!(
            collector.log(),
            [
                Entry::Start {
                    key,
                    attempt,
                    id,
                    at: Some(5)
                },
                Entry::Interruption,
                Entry::End {
                    key: again,
                    attempt,
                    id: same
                },
            ]
        );
    }
}
