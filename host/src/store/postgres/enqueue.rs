//! Enqueueing by group commit: requests that arrive while a commit is in flight go out together in
//! the next. A lone request waits for nothing but its own commit. Requests with a call that is the only
//! one of its key go a way of their own: they may have to wait for whoever else has the key.

use std::collections::{HashSet, VecDeque};

use sqlx::postgres::{PgConnection, PgRow};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::connection::Lane;
use super::controls::{Stored, due, duplicate, said, tell, writer_number};
use super::folded::{Folded, Verdict};
use super::notify::Outbox;
use super::read::get;
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

/// Calls that anybody may make, or that must be the only one of their key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Once,
}

impl Way {
    fn of(calls: &[NewCall]) -> Self {
        match calls.iter().any(|call| call.controls.once.is_some()) {
            true => Self::Once,
            false => Self::Plain,
        }
    }
}

/// The one writer of calls of this process.
pub struct Writer {
    plain: mpsc::Sender<Request>,
    once: mpsc::Sender<Request>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the writer on connections of its own.
    pub fn start(plain: Lane, once: Lane, outbox: Outbox) -> Self {
        let mut tasks = Vec::new();
        let mut start = |way, lane| {
            let (requests, waiting) = mpsc::channel(WAITING_MAX);
            let number = writer_number();
            let line = Line { way, lane, number };
            tasks.push(tokio::spawn(write(waiting, line, outbox.clone())));
            requests
        };
        Self {
            plain: start(Way::Plain, plain),
            once: start(Way::Once, once),
            tasks: Mutex::new(tasks),
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
        let requests = match Way::of(&calls) {
            Way::Plain => &self.plain,
            Way::Once => &self.once,
        };
        let request = Request {
            calls,
            queues,
            revision,
            answer,
        };
        let closed = || Error::Unreachable("the store is closed".to_owned());
        requests.send(request).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the writer after what waits is written.
    pub async fn close(&self) {
        for task in self.tasks.lock().await.drain(..) {
            task.abort();
        }
    }
}

/// A connection, and the number of its row of arrivals.
struct Line {
    way: Way,
    lane: Lane,
    number: i64,
}

async fn write(mut waiting: mpsc::Receiver<Request>, line: Line, outbox: Outbox) {
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
        commit(batch, &line, &outbox).await;
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

async fn commit(batch: Vec<Request>, line: &Line, outbox: &Outbox) {
    let together: Vec<&Request> = batch.iter().collect();
    match send(&together, line).await {
        Ok(mut answers) => {
            for request in batch.into_iter().rev() {
                let answer = answers.pop().expect("one answer a request");
                reply(request, answer, outbox);
            }
        }
        Err(Sent::TwiceAtOnce) => {
            // Another host stored one of these ids at the same time, or somebody's open transaction
            // has it or a key. Alone, each sees it, and waits for nobody else's.
            for request in batch {
                let mut answer = send(&[&request], line).await;
                if matches!(answer, Err(Sent::TwiceAtOnce)) {
                    answer = send(&[&request], line).await;
                }
                let answer = match answer {
                    Ok(mut answers) => answers.pop().expect("one answer a request"),
                    Err(Sent::TwiceAtOnce) => Err(Error::Unreachable(
                        "an id or a key is being stored by several callers at once".to_owned(),
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

fn reply(request: Request, answer: Result<Vec<Stored>, Error>, outbox: &Outbox) {
    if let Ok(stored) = &answer {
        tell(request.queues.iter().copied().zip(stored), outbox);
    }
    let answer = answer.map(|stored| stored.into_iter().map(|one| one.call).collect());
    // A caller that has gone away has its calls stored all the same.
    let _ = request.answer.send(answer);
}

enum Sent {
    TwiceAtOnce,
    Failed(Error),
}

/// One transaction for these requests; the answers in their order.
async fn send(requests: &[&Request], line: &Line) -> Result<Vec<Result<Vec<Stored>, Error>>, Sent> {
    let mut turn = line.lane.enter().await.map_err(Sent::Failed)?;
    let calls: Vec<Vec<&NewCall>> = requests
        .iter()
        .map(|request| request.calls.iter().collect())
        .collect();
    let folded: Vec<Folded> = calls.iter().map(|calls| Folded::of(calls)).collect();
    let sent = store_calls(turn.connection(), line, requests, &folded).await;
    if let Err(sqlx::Error::Database(refused)) = &sent {
        match refused.code().as_deref() {
            Some("WL002") => return Err(Sent::TwiceAtOnce),
            // Somebody's open transaction has what one of these needs: the others need not fail with it.
            Some("55P03" | "40P01") if requests.len() > 1 => return Err(Sent::TwiceAtOnce),
            _ => {}
        }
    }
    let mut rows = turn.end(sent).map_err(Sent::Failed)?.into_iter();
    folded
        .iter()
        .zip(&calls)
        .map(|(folded, calls)| {
            let own: Vec<PgRow> = rows.by_ref().take(folded.first.len()).collect();
            answer(folded, calls, &own, line.way).map_err(Sent::Failed)
        })
        .collect()
}

/// The answer to one request, from the rows of the calls that were sent.
fn answer(
    folded: &Folded,
    calls: &[&NewCall],
    rows: &[PgRow],
    way: Way,
) -> Result<Result<Vec<Stored>, Error>, Error> {
    let taken = |index: usize| Error::IdTaken {
        index,
        id: calls[index].id.clone(),
    };
    if let Some(index) = folded.taken {
        return Ok(Err(taken(index)));
    }
    let mut verdicts = Vec::with_capacity(rows.len());
    for (row, index) in rows.iter().zip(&folded.first) {
        let call = calls[*index];
        let verdict: &str = get(row, "verdict")?;
        let enqueued_at = Moment(get(row, "enqueued_at")?);
        let (id, due) = match way {
            Way::Plain => (call.id.clone(), due(call, enqueued_at)),
            Way::Once => {
                let due: Option<i64> = get(row, "due")?;
                (InvocationId::from_store(get(row, "id")?), due.map(Moment))
            }
        };
        match verdict {
            "taken" => return Ok(Err(taken(*index))),
            "duplicate" => return Ok(Err(duplicate(*index, call, id))),
            _ => {}
        }
        verdicts.push(Verdict {
            key: Key(get(row, "key")?),
            id,
            enqueued_at,
            existed: verdict == "existed",
            replaced: verdict == "replaced",
            due,
        });
    }
    Ok(Ok(folded.answer(&verdicts)))
}

async fn store_calls(
    connection: &mut PgConnection,
    line: &Line,
    requests: &[&Request],
    folded: &[Folded],
) -> Result<Vec<PgRow>, sqlx::Error> {
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
    sqlx::query(match line.way {
        Way::Plain => {
            "select * from windlass.store_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
               $13, $14) order by ord"
        }
        Way::Once => {
            "select * from windlass.store_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
               $13, $14) order by ord"
        }
    })
    .bind(requests[0].revision)
    .bind(line.number)
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
    .bind(column!(|_, call, _| said(&call.controls)))
    .fetch_all(connection)
    .await
}
