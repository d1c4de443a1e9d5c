//! What workflows record, by group commit: steps that arrive while a commit is in flight go out
//! together in the next, and one workflow's refusal does not touch the others.

use std::collections::{HashSet, VecDeque};

use sqlx::postgres::PgRow;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::connection::Lane;
use super::controls::{Stored, due, tell, writer_number};
use super::folded::{Folded, Verdict};
use super::notify::Outbox;
use super::read::get;
use super::*;
use crate::model::Moment;

/// Steps that may wait for the writer: one each of as many workflows as a busy host executes.
const WAITING_MAX: usize = 4_096;

/// The most children and steps of one commit, unless a single workflow has more.
const BATCH_MAX: usize = 2_000;

const NOT_HELD: i32 = 0;
const TAKEN: i32 = 1;
const STORED: i32 = 2;
const EXISTED: i32 = 3;
const OUT_OF_STEP: i32 = 4;
const WORK: i32 = 5;
const ENDED: i32 = 6;
const ASKED: i32 = 7;

/// Steps on their way, with the queues of the children.
pub(super) struct Request {
    host: HostNumber,
    pub(super) steps: Steps,
    pub(super) queues: Vec<QueueId>,
    answer: oneshot::Sender<Result<Vec<Enqueued>, Error>>,
}

/// The one writer of steps of this process.
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

    /// Records one workflow's steps, all or none. `queues` are those of its children.
    pub async fn record(
        &self,
        host: HostNumber,
        steps: Steps,
        queues: Vec<QueueId>,
    ) -> Result<Vec<Enqueued>, Error> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            host,
            steps,
            queues,
            answer,
        };
        let closed = || Error::Unreachable("the store is closed".to_owned());
        self.requests.send(request).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the writer.
    pub async fn close(&self) {
        if let Some(task) = self.task.lock().await.take() {
            task.abort();
        }
    }
}

/// A connection, and the number of its row of arrivals.
struct Line {
    lane: Lane,
    number: i64,
}

async fn write(mut waiting: mpsc::Receiver<Request>, lane: Lane, outbox: Outbox) {
    let number = writer_number();
    let line = Line { lane, number };
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

/// The requests that go out together: of one host, of each workflow one, and no chosen id twice.
fn gather(
    first: Request,
    waiting: &mut mpsc::Receiver<Request>,
    postponed: &mut VecDeque<Request>,
) -> Vec<Request> {
    let host = first.host;
    let mut workflows: HashSet<Key> = HashSet::new();
    let mut chosen: HashSet<(Namespace, InvocationId)> = HashSet::new();
    let mut count = 0;
    let mut batch = Vec::new();
    let mut candidates: VecDeque<Request> = std::mem::take(postponed);
    candidates.push_front(first);
    while let Some(request) = candidates.pop_front().or_else(|| waiting.try_recv().ok()) {
        let key = request.steps.hold.key;
        let ids = || {
            let calls = request.steps.children.iter().map(|child| &child.call);
            calls
                .filter(|call| call.chosen)
                .map(|call| (call.namespace.clone(), call.id.clone()))
        };
        if request.host != host || ids().any(|id| chosen.contains(&id)) || !workflows.insert(key) {
            postponed.push_back(request);
            continue;
        }
        chosen.extend(ids());
        count += 1 + request.steps.children.len();
        batch.push(request);
        if count >= BATCH_MAX {
            break;
        }
    }
    postponed.extend(candidates);
    // Locks are taken in one order everywhere.
    batch.sort_by_key(|request| request.steps.hold.key);
    batch
}

async fn commit(batch: Vec<Request>, line: &Line, outbox: &Outbox) {
    let together: Vec<&Request> = batch.iter().collect();
    match send(&together, false, line).await {
        Ok((answers, news)) => {
            for (request, answer) in batch.into_iter().zip(answers) {
                reply(request, answer, outbox);
            }
            news.tell(outbox);
        }
        Err(Sent::TwiceAtOnce) => {
            // An id is not free. Alone and with care, each finds out why.
            for request in batch {
                let mut sent = send(&[&request], true, line).await;
                if matches!(sent, Err(Sent::TwiceAtOnce)) {
                    sent = send(&[&request], true, line).await;
                }
                match sent {
                    Ok((mut answers, news)) => {
                        reply(request, answers.remove(0), outbox);
                        news.tell(outbox);
                    }
                    Err(Sent::TwiceAtOnce) => {
                        let text = "an id is being stored by several callers at once".to_owned();
                        reply(request, Err(Error::Unreachable(text)), outbox);
                    }
                    Err(Sent::Failed(error)) => reply(request, Err(error), outbox),
                }
            }
        }
        Err(Sent::Failed(error)) => {
            for request in batch {
                let again = match &error {
                    Error::LeaseLost(_) => Error::NotHeld(request.steps.hold.key),
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
        if !request.steps.published.is_empty() || !request.steps.taken.is_empty() {
            outbox.tell(Signal::Told(request.steps.hold.key));
        }
    }
    let answer = answer.map(|stored| stored.into_iter().map(|one| one.call).collect());
    // A caller that has gone away has its steps recorded all the same.
    let _ = request.answer.send(answer);
}

/// What recording brought about besides what it answers.
#[derive(Default)]
struct News {
    queues: Vec<QueueId>,
    ended: Vec<Key>,
    asked: bool,
}

impl News {
    fn tell(self, outbox: &Outbox) {
        if !self.ended.is_empty() {
            outbox.tell(Signal::Ended(self.ended.into()));
        }
        if self.asked {
            outbox.tell(Signal::Cancel);
        }
        for queue in self.queues {
            outbox.tell(Signal::Work(queue));
        }
    }
}

enum Sent {
    TwiceAtOnce,
    Failed(Error),
}

impl From<Error> for Sent {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

type Answers = Vec<Result<Vec<Stored>, Error>>;

/// One transaction for these requests; the answers in their order.
async fn send(requests: &[&Request], careful: bool, line: &Line) -> Result<(Answers, News), Sent> {
    let calls: Vec<Vec<&NewCall>> = requests
        .iter()
        .map(|request| request.steps.children.iter().map(|c| &c.call).collect())
        .collect();
    let folded: Vec<Folded> = calls.iter().map(|calls| Folded::of(calls)).collect();
    let mut answers: Vec<Option<Error>> = Vec::with_capacity(requests.len());
    for (folded, calls) in folded.iter().zip(&calls) {
        answers.push(folded.taken.map(|index| Error::IdTaken {
            index,
            id: calls[index].id.clone(),
        }));
    }
    // What repeats an id with another call is not sent at all.
    let sent: Vec<usize> = (0..requests.len())
        .filter(|at| answers[*at].is_none())
        .collect();
    let mut children: Vec<(usize, usize)> = Vec::new();
    for (step, at) in sent.iter().enumerate() {
        children.extend(folded[*at].first.iter().map(|index| (step, *index)));
    }
    let mut news = News::default();
    let mut verdicts: Vec<Option<Verdict>> = vec![None; children.len()];
    if let Some(first) = sent.first() {
        let host = requests[*first].host;
        let own: Vec<&Request> = sent.iter().map(|at| requests[*at]).collect();
        let mut turn = line.lane.enter().await?;
        let result = record::call(
            turn.connection(),
            host,
            line.number,
            careful,
            &own,
            &children,
        )
        .await;
        if let Err(sqlx::Error::Database(refused)) = &result {
            match refused.code().as_deref() {
                Some("WL002") => return Err(Sent::TwiceAtOnce),
                Some("WL003") => return Err(Sent::Failed(Error::LeaseLost(host))),
                _ => {}
            }
        }
        for row in &turn.end(result)? {
            match get::<i32>(row, "what")? {
                NOT_HELD => {
                    let at = sent[ord(row)?];
                    answers[at] = Some(Error::NotHeld(requests[at].steps.hold.key));
                }
                TAKEN => {
                    let (step, index) = children[ord(row)?];
                    let at = sent[step];
                    let id = calls[at][index].id.clone();
                    answers[at] = Some(Error::IdTaken { index, id });
                }
                OUT_OF_STEP => {
                    let at = sent[ord(row)?];
                    let entries: i64 = get(row, "key")?;
                    let steps = &requests[at].steps;
                    answers[at] = Some(Error::Database(format!(
                        "the journal of invocation {} has {entries} entries: none can follow as number {}",
                        steps.hold.key, steps.first
                    )));
                }
                what @ (STORED | EXISTED) => {
                    let (step, index) = children[ord(row)?];
                    let call = calls[sent[step]][index];
                    let enqueued_at = Moment(get(row, "enqueued_at")?);
                    verdicts[ord(row)?] = Some(Verdict {
                        key: Key(get(row, "key")?),
                        id: call.id.clone(),
                        enqueued_at,
                        existed: what == EXISTED,
                        replaced: false,
                        due: due(call, enqueued_at),
                    });
                }
                WORK => news.queues.push(QueueId(get(row, "key")?)),
                ENDED => news.ended.push(Key(get(row, "key")?)),
                ASKED => news.asked = true,
                other => {
                    let text = format!("recording answered row {other}");
                    return Err(Sent::Failed(Error::Database(text)));
                }
            }
        }
    }
    let mut verdicts = verdicts.into_iter();
    let answers = answers
        .into_iter()
        .zip(folded.iter().zip(&calls))
        .map(|(refused, (folded, _))| {
            let own: Vec<Option<Verdict>> = verdicts.by_ref().take(folded.first.len()).collect();
            if let Some(error) = refused {
                return Err(error);
            }
            let own: Option<Vec<Verdict>> = own.into_iter().collect();
            own.map(|own| folded.answer(&own))
                .ok_or_else(|| Error::Database("recording left a child unanswered".to_owned()))
        })
        .collect();
    Ok((answers, news))
}

/// Steps and children are numbered from 1.
fn ord(row: &PgRow) -> Result<usize, Error> {
    Ok((get::<i64>(row, "ord")? - 1) as usize)
}
