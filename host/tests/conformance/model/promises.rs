//! What is true of each invocation, and how each event changes it.

use std::collections::BTreeMap;

use windlass::model::queue::Settings;
use windlass::model::{HostNumber, InvocationId, Key, Moment, State};
use windlass::store::{Claimed, Counts};

use crate::conformance::world::DEATHS_MAX;

/// Where an invocation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It has no place before this moment.
    Scheduled(Moment),
    /// In its place.
    Placed,
    /// A retry that is out of the way until then.
    Away(Moment),
    /// A retry that holds back what follows until then.
    Backing(Moment),
    Reserved(HostNumber),
    Running(HostNumber),
    Ended(State),
}

/// An invocation.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: InvocationId,
    pub priority: i32,
    /// Its turn among those of its priority, once it has a place.
    pub turn: u64,
    pub partition: String,
    pub deadline: Option<Moment>,
    pub stand: Stand,
    pub attempt: u32,
    pub retried: u32,
    pub deaths: u32,
    /// Whether its end was asked for.
    pub unwanted: bool,
}

impl Row {
    pub fn is_held(&self) -> bool {
        matches!(self.stand, Stand::Reserved(_) | Stand::Running(_))
    }

    pub fn is_over(&self) -> bool {
        matches!(self.stand, Stand::Ended(_))
    }

    pub fn place(&self) -> (i32, u64) {
        (self.priority, self.turn)
    }

    pub fn state(&self) -> State {
        match self.stand {
            Stand::Scheduled(_) => State::Scheduled,
            Stand::Placed | Stand::Away(_) | Stand::Backing(_) | Stand::Reserved(_) => {
                State::Queued
            }
            Stand::Running(_) => State::Running,
            Stand::Ended(state) => state,
        }
    }
}

/// A start that was counted against the rate limits.
pub struct Token {
    pub key: Key,
    pub at: Moment,
    pub partition: String,
    /// Against the limit of the queue, and of the partition.
    pub of_queue: bool,
    pub of_partition: bool,
    /// Whether the store may count it no more, since it goes back.
    pub doubtful: bool,
}

/// A queue and all that was ever put into it in this sequence.
#[derive(Default)]
pub struct Promises {
    pub settings: Settings,
    pub rows: BTreeMap<Key, Row>,
    pub tokens: Vec<Token>,
    /// Tokens from here on were counted under limits that still stand.
    pub steady_since: usize,
    turns: u64,
}

impl Promises {
    pub fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    pub fn row(&mut self, key: Key) -> &mut Row {
        self.rows.get_mut(&key).expect("it was enqueued")
    }

    /// The partition in which it stands now; one for all where the queue has none.
    pub fn lane<'a>(&self, row: &'a Row) -> &'a str {
        match self.settings.partitions {
            Some(_) => &row.partition,
            None => "",
        }
    }

    pub fn change(&mut self, settings: Settings) {
        let rates = |settings: &Settings| {
            let partitions = settings.partitions;
            let of_partition = partitions.map(|lanes| lanes.rate_limit.is_some());
            (settings.rate_limit.is_some(), of_partition)
        };
        if rates(&settings) != rates(&self.settings) {
            self.steady_since = self.tokens.len();
        }
        self.settings = settings;
    }

    pub fn claimed(&mut self, host: HostNumber, claimed: &Claimed, now: Moment) {
        let settings = &self.settings;
        let partitions = settings.partitions;
        let token = Token {
            key: claimed.hold.key,
            at: now,
            partition: self.rows[&claimed.hold.key].partition.clone(),
            of_queue: settings.rate_limit.is_some(),
            of_partition: partitions.is_some_and(|lanes| lanes.rate_limit.is_some()),
            doubtful: false,
        };
        self.tokens.push(token);
        let row = self.row(claimed.hold.key);
        row.stand = Stand::Reserved(host);
        if claimed.running {
            row.stand = Stand::Running(host);
            row.attempt += 1;
        }
    }

    pub fn started(&mut self, host: HostNumber, key: Key) {
        let row = self.row(key);
        if row.stand == Stand::Reserved(host) {
            row.stand = Stand::Running(host);
            row.attempt += 1;
        }
    }

    /// Its newest start may count or not from now on.
    fn doubt(&mut self, key: Key) {
        let newest = self.tokens.iter_mut().rev().find(|token| token.key == key);
        if let Some(token) = newest {
            token.doubtful = true;
        }
    }

    pub fn ended(&mut self, key: Key, state: State) {
        let row = self.row(key);
        row.stand = Stand::Ended(match row.unwanted {
            true => State::Cancelled,
            false => state,
        });
    }

    /// It goes back, and has executed or not; where `running` was only the claim's, that attempt was
    /// none.
    pub fn returned(&mut self, key: Key, executed: bool) {
        if !executed {
            self.doubt(key);
        }
        let row = self.row(key);
        match (row.stand, executed) {
            (Stand::Running(_), false) => row.attempt -= 1,
            (Stand::Reserved(_), true) => row.attempt += 1,
            _ => {}
        }
        row.stand = match row.unwanted {
            true => Stand::Ended(State::Cancelled),
            false => Stand::Placed,
        };
    }

    pub fn retried(&mut self, key: Key, delay_ms: u64, now: Moment) {
        let ordered = self.settings.is_ordered();
        let again = now.moved_ms(delay_ms);
        let row = self.row(key);
        row.attempt += u32::from(matches!(row.stand, Stand::Reserved(_)));
        row.retried += 1;
        row.deaths = 0;
        row.stand = match () {
            () if row.unwanted => Stand::Ended(State::Cancelled),
            () if row.deadline.is_some_and(|at| at <= again) => Stand::Ended(State::Failed),
            () if delay_ms == 0 => Stand::Placed,
            () if ordered => Stand::Backing(again),
            () => Stand::Away(again),
        };
    }

    /// Whether it ends at once; else its host is asked, or it had ended.
    pub fn cancelled(&mut self, key: Key) -> bool {
        let row = self.row(key);
        let at_once = !row.is_held() && !row.is_over();
        if at_once {
            row.stand = Stand::Ended(State::Cancelled);
        } else if row.is_held() {
            row.unwanted = true;
        }
        at_once
    }

    /// The host is no more: it died, or it left.
    pub fn lost(&mut self, host: HostNumber, died: bool) {
        let held: Vec<Key> = self.held_by(host);
        for key in held {
            let reserved = self.row(key).stand == Stand::Reserved(host);
            if reserved {
                self.doubt(key);
            }
            let row = self.row(key);
            row.deaths += u32::from(died && !reserved);
            row.stand = match () {
                () if row.unwanted => Stand::Ended(State::Cancelled),
                () if row.deaths >= DEATHS_MAX => Stand::Ended(State::Failed),
                () => Stand::Placed,
            };
        }
    }

    pub fn held_by(&self, host: HostNumber) -> Vec<Key> {
        let held =
            |row: &Row| row.stand == Stand::Reserved(host) || row.stand == Stand::Running(host);
        let rows = self.rows.iter().filter(|(_, row)| held(row));
        rows.map(|(key, _)| *key).collect()
    }

    /// What the clock asks for is done.
    pub fn ticked(&mut self, now: Moment) {
        let mut due = Vec::new();
        for (key, row) in &mut self.rows {
            if row.is_held() || row.is_over() {
                continue;
            }
            match row.stand {
                _ if row.deadline.is_some_and(|at| at <= now) => {
                    row.stand = Stand::Ended(State::Failed);
                }
                Stand::Scheduled(at) if at <= now => due.push((at, *key)),
                Stand::Away(at) if at <= now => row.stand = Stand::Placed,
                _ => {}
            }
        }
        due.sort_unstable();
        for (_, key) in due {
            let turn = self.next_turn();
            let row = self.row(key);
            row.turn = turn;
            row.stand = Stand::Placed;
        }
    }

    /// Whether something is past its deadline that nobody has ended yet.
    pub fn is_late(&self, now: Moment) -> bool {
        let late = |row: &Row| row.deadline.is_some_and(|at| at <= now);
        let mut rows = self.rows.values().filter(|row| !row.is_held());
        rows.any(|row| !row.is_over() && late(row))
    }

    /// When the clock asks for something next.
    pub fn next_at(&self, now: Moment) -> Option<Moment> {
        let rows = self.rows.values();
        let next = rows.filter(|row| !row.is_held() && !row.is_over());
        next.flat_map(|row| {
            let due = match row.stand {
                Stand::Scheduled(at) | Stand::Away(at) | Stand::Backing(at) => Some(at),
                _ => None,
            };
            [due.filter(|at| *at > now), row.deadline]
        })
        .flatten()
        .min()
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows.values() {
            *match row.state() {
                State::Scheduled => &mut counts.scheduled,
                State::Queued => &mut counts.queued,
                State::Running => &mut counts.running,
                State::Waiting => &mut counts.waiting,
                State::Succeeded => &mut counts.succeeded,
                State::Failed => &mut counts.failed,
                State::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }
}
