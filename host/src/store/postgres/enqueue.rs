//! Enqueueing by group commit: requests that arrive while a commit is in flight go out together in
//! the next. A lone request waits for nothing but its own commit.

use std::collections::{HashSet, VecDeque};

use sqlx::Row;
use sqlx::postgres::PgConnection;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::connection::Lane;
use super::folded::{Folded, Verdict};
use super::notify::Outbox;
use super::*;
use crate::model::Moment;

/// Requests that may wait for the writer: enough for every connection of a busy host.
const WAITING_MAX: usize = 4_096;

/// The most calls of one commit, unless a single request has more.
const BATCH_MAX: usize = 2_000;

struct Request {
    calls: Vec<NewCall>,
    queues: Vec<QueueId>,
    revision: i64,
    answer: oneshot::Sender<Result<Vec<Enqueued>, Error>>,
}

/// The one writer of calls of this process.
pub struct Writer {
    requests: mpsc::Sender<Request>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the writer on its own connection.
    pub fn start(lane: Lane, outbox: Outbox) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING_MAX);
        Self {
            requests,
            task: Mutex::new(Some(tokio::spawn(write(waiting, lane, outbox)))),
        }
    }

    /// Stores one request's calls, all or none.
    pub async fn store(
        &self,
        calls: Vec<NewCall>,
        queues: Vec<QueueId>,
        revision: i64,
    ) -> Result<Vec<Enqueued>, Error> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        let request = Request {
            calls,
            queues,
            revision,
            answer,
        };
        let closed = || Error::Unreachable("the store is closed".to_owned());
        self.requests.send(request).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the writer after what waits is written.
    pub async fn close(&self) {
        if let Some(task) = self.task.lock().await.take() {
            task.abort();
        }
    }
}

async fn write(mut waiting: mpsc::Receiver<Request>, lane: Lane, outbox: Outbox) {
    let mut postponed = VecDeque::new();
    loop {
        let first = match postponed.pop_front() {
            Some(request) => request,
            None => match waiting.recv().await {
                Some(request) => request,
                None => return,
            },
        };
        let batch = gather(first, &mut waiting, &mut postponed);
        commit(batch, &lane, &outbox).await;
    }
}

/// The requests that go out together: of one revision, and no chosen id twice, since two calls
/// under one id must see each other.
fn gather(
    first: Request,
    waiting: &mut mpsc::Receiver<Request>,
    postponed: &mut VecDeque<Request>,
) -> Vec<Request> {
    let revision = first.revision;
    let mut chosen: HashSet<(Namespace, InvocationId)> = HashSet::new();
    let mut count = first.calls.len();
    let mut batch = Vec::new();
    let mut candidates: VecDeque<Request> = std::mem::take(postponed);
    candidates.push_front(first);
    while let Some(request) = candidates.pop_front().or_else(|| waiting.try_recv().ok()) {
        let ids = || {
            let chosen = request.calls.iter().filter(|call| call.chosen);
            chosen.map(|call| (call.namespace.clone(), call.id.clone()))
        };
        if request.revision != revision || ids().any(|id| chosen.contains(&id)) {
            postponed.push_back(request);
            continue;
        }
        chosen.extend(ids());
        count += request.calls.len();
        batch.push(request);
        if count >= BATCH_MAX {
            break;
        }
    }
    postponed.extend(candidates);
    batch
}

async fn commit(batch: Vec<Request>, lane: &Lane, outbox: &Outbox) {
    let together: Vec<&Request> = batch.iter().collect();
    match send(&together, lane).await {
        Ok(mut answers) => {
            for request in batch.into_iter().rev() {
                let answer = answers.pop().expect("one answer a request");
                reply(request, answer, outbox);
            }
        }
        Err(Sent::TwiceAtOnce) => {
            // Another host stored one of these ids at the same time. Alone, each sees it.
            for request in batch {
                let mut answer = send(&[&request], lane).await;
                if matches!(answer, Err(Sent::TwiceAtOnce)) {
                    answer = send(&[&request], lane).await;
                }
                let answer = match answer {
                    Ok(mut answers) => answers.pop().expect("one answer a request"),
                    Err(Sent::TwiceAtOnce) => Err(Error::Unreachable(
                        "an id is being stored by several callers at once".to_owned(),
                    )),
                    Err(Sent::Failed(error)) => Err(error),
                };
                reply(request, answer, outbox);
            }
        }
        Err(Sent::Failed(error)) => {
            for request in batch {
                let again = match &error {
                    Error::CatalogueMoved => Error::CatalogueMoved,
                    Error::Unreachable(text) => Error::Unreachable(text.clone()),
                    other => Error::Database(other.to_string()),
                };
                reply(request, Err(again), outbox);
            }
        }
    }
}

fn reply(request: Request, answer: Result<Vec<Enqueued>, Error>, outbox: &Outbox) {
    if let Ok(stored) = &answer {
        let queues: HashSet<QueueId> = request
            .queues
            .iter()
            .zip(stored)
            .filter_map(|(queue, call)| (!call.existed).then_some(*queue))
            .collect();
        for queue in queues {
            outbox.tell(Signal::Work(queue));
        }
    }
    // A caller that has gone away has its calls stored all the same.
    let _ = request.answer.send(answer);
}

enum Sent {
    TwiceAtOnce,
    Failed(Error),
}

/// One transaction for these requests; the answers in their order.
async fn send(
    requests: &[&Request],
    lane: &Lane,
) -> Result<Vec<Result<Vec<Enqueued>, Error>>, Sent> {
    let mut turn = lane.enter().await.map_err(Sent::Failed)?;
    let calls: Vec<Vec<&NewCall>> = requests
        .iter()
        .map(|request| request.calls.iter().collect())
        .collect();
    let folded: Vec<Folded> = calls.iter().map(|calls| Folded::of(calls)).collect();
    let sent = store_calls(turn.connection(), requests, &folded).await;
    if let Err(sqlx::Error::Database(refused)) = &sent
        && refused.code().as_deref() == Some("WL002")
    {
        return Err(Sent::TwiceAtOnce);
    }
    let mut answered = turn.end(sent).map_err(Sent::Failed)?;
    answered.sort_by_key(|row| row.ord);
    let mut answered = answered.into_iter();
    Ok(folded
        .iter()
        .zip(&calls)
        .map(|(folded, calls)| {
            let own: Vec<Answered> = answered.by_ref().take(folded.first.len()).collect();
            let taken = folded.taken.or_else(|| {
                let at = own.iter().position(|row| row.taken)?;
                Some(folded.first[at])
            });
            if let Some(index) = taken {
                let id = calls[index].id.clone();
                return Err(Error::IdTaken { index, id });
            }
            let verdicts: Vec<Verdict> = own.into_iter().map(|row| row.verdict).collect();
            Ok(folded.answer(calls, &verdicts))
        })
        .collect())
}

/// A row of the answer, before it is known to which request it belongs.
struct Answered {
    ord: i64,
    taken: bool,
    verdict: Verdict,
}

async fn store_calls(
    connection: &mut PgConnection,
    requests: &[&Request],
    folded: &[Folded],
) -> Result<Vec<Answered>, sqlx::Error> {
    let sent = || {
        requests
            .iter()
            .zip(folded)
            .enumerate()
            .flat_map(|(number, (request, folded))| {
                folded
                    .first
                    .iter()
                    .map(move |index| (number, &request.calls[*index], request.queues[*index]))
            })
    };
    macro_rules! column {
        (|$number:pat_param, $call:pat_param, $queue:pat_param| $value:expr) => {
            sent()
                .map(|($number, $call, $queue)| $value)
                .collect::<Vec<_>>()
        };
    }
    let rows = sqlx::query(
        "select * from windlass.store_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(requests[0].revision)
    .bind(column!(|_, call, _| call.namespace.as_str()))
    .bind(column!(|_, call, _| call.id.as_str()))
    .bind(column!(|_, call, _| call.chosen))
    .bind(column!(|number, _, _| number as i32))
    .bind(column!(|_, _, queue| queue.0))
    .bind(column!(|_, call, _| call.function.0))
    .bind(column!(|_, call, _| call.task.as_str()))
    .bind(column!(|_, call, _| call.arguments.as_ref()))
    .bind(column!(|_, call, _| call.priority))
    .bind(column!(|_, call, _| call.timeout_ms.map(|ms| ms as i64)))
    .bind(column!(|_, call, _| call.workflow))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let verdict: &str = row.try_get("verdict")?;
            Ok(Answered {
                ord: row.try_get("ord")?,
                taken: verdict == "taken",
                verdict: Verdict {
                    key: Key(row.try_get("key")?),
                    enqueued_at: Moment(row.try_get("enqueued_at")?),
                    existed: verdict == "existed",
                },
            })
        })
        .collect()
}
