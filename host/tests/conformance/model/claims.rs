//! What a claim may bring, and what it must bring.

use std::collections::{BTreeMap, BTreeSet};

use windlass::model::queue::{RateLimit, TOKEN_GRACE_MS};
use windlass::model::{Key, Moment};
use windlass::store::{Claim, Granted};

use super::promises::{Promises, Row, Stand, Token};

/// How many more may be taken: what was promised lies between, since a token may be given back or
/// not, and a moment may be rounded or not.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub least: usize,
    pub most: usize,
}

impl Room {
    const ENDLESS: Self = Self {
        least: usize::MAX,
        most: usize::MAX,
    };

    fn within(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.min(other.most),
        }
    }
}

/// What may be claimed of one partition.
struct Lane {
    /// In order of place.
    heads: Vec<Key>,
    room: Room,
    /// Only time holds back what stands in it.
    by_time: bool,
}

impl Promises {
    /// How many the rate limit lets start now, by these tokens.
    fn rate_room(
        &self,
        limit: Option<RateLimit>,
        counts: impl Fn(&Token) -> bool,
        now: Moment,
    ) -> Room {
        let Some(rate) = limit else {
            return Room::ENDLESS;
        };
        let since = now.moved(-(((rate.period_ms + TOKEN_GRACE_MS) * 1_000) as i64));
        let grain = (rate.period_ms as i64).max(1_000);
        let rounded = |at: Moment| Moment((at.0 + grain - 1) / grain * grain);
        let tokens = || {
            self.tokens
                .iter()
                .enumerate()
                .filter(|(_, token)| counts(token))
        };
        let surely = tokens().filter(|(index, token)| {
            *index >= self.steady_since && !token.doubtful && token.at > since
        });
        let perhaps = tokens().filter(|(_, token)| rounded(token.at) > since);
        Room {
            least: (rate.limit as usize).saturating_sub(perhaps.count()),
            most: (rate.limit as usize).saturating_sub(surely.count()),
        }
    }

    fn lanes(&self, now: Moment) -> BTreeMap<&str, Lane> {
        let limits = self.settings.partitions.unwrap_or_default();
        let mut rows: BTreeMap<&str, Vec<(&Key, &Row)>> = BTreeMap::new();
        for (key, row) in &self.rows {
            rows.entry(self.lane(row)).or_default().push((key, row));
        }
        let lane = |(name, mut rows): (_, Vec<(&Key, &Row)>)| {
            let held = rows.iter().filter(|(_, row)| row.is_held()).count();
            let free = match limits.concurrency {
                Some(limit) => (limit as usize).saturating_sub(held),
                None => usize::MAX,
            };
            let free = Room {
                least: free,
                most: free,
            };
            let of_lane = |token: &Token| token.of_partition && token.partition == name;
            let rate = self.rate_room(limits.rate_limit, of_lane, now);
            rows.sort_by_key(|(_, row)| row.place());
            let mut lane = Lane {
                heads: Vec::new(),
                room: free.within(rate),
                by_time: false,
            };
            for (key, row) in rows {
                match row.stand {
                    // It went back past its deadline: the clock's work ends it.
                    _ if row.deadline.is_some_and(|at| at <= now) => {}
                    Stand::Placed => lane.heads.push(*key),
                    Stand::Backing(until) if until <= now => lane.heads.push(*key),
                    Stand::Backing(_) if self.settings.is_ordered() => {
                        lane.by_time = lane.heads.is_empty() && free.most > 0;
                        break;
                    }
                    _ => {}
                }
            }
            lane.by_time |= !lane.heads.is_empty() && free.most > 0 && rate.most == 0;
            (name, lane)
        };
        rows.into_iter().map(lane).collect()
    }

    /// Checks the answer to a claim, before it is applied. `slots` are those that are free for what
    /// is claimed now, where the queue has a limit.
    pub fn check(&self, claim: &Claim, granted: &Granted, slots: Option<usize>, now: Moment) {
        let rows = claim.rows as usize;
        let taken = granted.claimed.len();
        assert_eq!(granted.settings, self.settings);
        assert!(taken <= rows, "no more than were asked for");
        if self.settings.paused {
            assert_eq!(taken, 0, "the queue is paused");
            return;
        }
        let lanes = self.lanes(now);
        let of_lane = self.check_order(&lanes, granted, now);
        let rate = self.rate_room(self.settings.rate_limit, |token| token.of_queue, now);
        assert!(taken <= rate.most, "the rate lets {} start", rate.most);
        self.check_fairness(&lanes, &of_lane);
        let heads = lanes
            .values()
            .map(|lane| lane.heads.len().min(lane.room.least));
        let must = rows
            .min(heads.sum())
            .min(rate.least)
            .min(slots.unwrap_or(usize::MAX));
        assert!(taken >= must, "{must} could start, {taken} were claimed");
        self.check_what_is_told(&lanes, rate, claim, granted, slots, now);
    }

    /// In each partition the first ones were taken, and no more than may be; how many of each.
    fn check_order(
        &self,
        lanes: &BTreeMap<&str, Lane>,
        granted: &Granted,
        now: Moment,
    ) -> BTreeMap<&str, usize> {
        let mut of_lane: BTreeMap<&str, BTreeSet<Key>> = BTreeMap::new();
        for claimed in &granted.claimed {
            let key = claimed.hold.key;
            let row = &self.rows[&key];
            of_lane.entry(self.lane(row)).or_default().insert(key);
            assert_eq!(claimed.attempt, row.attempt + 1);
            assert_eq!(claimed.retried, row.retried);
            assert_eq!(claimed.id, row.id);
            let left = row.deadline.map(|at| (at.0 - now.0) as u64);
            assert_eq!(claimed.left_us, left);
            let partition = self.settings.partitions.map(|_| row.partition.clone());
            assert_eq!(claimed.partition, partition);
        }
        let count: usize = of_lane.values().map(BTreeSet::len).sum();
        assert_eq!(count, granted.claimed.len(), "each is claimed once");
        for (name, keys) in &of_lane {
            let lane = &lanes[name];
            let first: BTreeSet<Key> = lane.heads.iter().copied().take(keys.len()).collect();
            assert_eq!(*keys, first, "the first of partition {name:?}");
            let (taken, most) = (keys.len(), lane.room.most);
            assert!(taken <= most, "{taken} of {name:?}, where {most} may start");
        }
        of_lane
            .into_iter()
            .map(|(name, keys)| (name, keys.len()))
            .collect()
    }

    /// Nobody was served twice before another was served once.
    fn check_fairness(&self, lanes: &BTreeMap<&str, Lane>, taken: &BTreeMap<&str, usize>) {
        let most = taken.values().max().copied().unwrap_or_default();
        for (name, lane) in lanes {
            let own = taken.get(name).copied().unwrap_or_default();
            let could = lane.heads.len().min(lane.room.least);
            assert!(
                own + 1 >= most || own >= could,
                "{name:?} was served {own} times, could be {could} times, another {most} times"
            );
        }
    }

    fn check_what_is_told(
        &self,
        lanes: &BTreeMap<&str, Lane>,
        rate: Room,
        claim: &Claim,
        granted: &Granted,
        slots: Option<usize>,
        now: Moment,
    ) {
        let taken = granted.claimed.len();
        let (ready, aside) = self.left(now);
        let left = ready - taken;
        assert!(
            !granted.drained || left == 0,
            "{left} are left in a queue that is called drained"
        );
        let away = |row: &Row| matches!(row.stand, Stand::Away(_));
        let empty = left + aside == 0 && !self.rows.values().any(away);
        assert!(
            granted.drained || !empty || taken == claim.rows as usize,
            "an empty queue is drained"
        );
        if taken > 0 || claim.rows == 0 || slots == Some(0) {
            return;
        }
        let heads = lanes.values().any(|lane| !lane.heads.is_empty());
        let closed = heads && rate.most == 0;
        let by_time = closed || lanes.values().any(|lane| lane.by_time);
        assert!(
            !by_time || granted.opens_in_us.is_some_and(|us| us > 0),
            "only time holds it back, and it is not told how long"
        );
    }

    /// How many stand in their places, and how many of those only for the clock: they are past their
    /// deadlines, or back off though the queue is ordered no more.
    fn left(&self, now: Moment) -> (usize, usize) {
        let ordered = self.settings.is_ordered();
        let stand = |row: &&Row| matches!(row.stand, Stand::Placed | Stand::Backing(_));
        let aside = |row: &&Row| {
            let backs = matches!(row.stand, Stand::Backing(until) if until > now);
            row.deadline.is_some_and(|at| at <= now) || (backs && !ordered)
        };
        let aside = self.rows.values().filter(stand).filter(aside).count();
        (self.rows.values().filter(stand).count() - aside, aside)
    }

    /// Whether something can start as far as order, partitions and rates go.
    pub fn can_start(&self, now: Moment) -> bool {
        let rate = self.rate_room(self.settings.rate_limit, |token| token.of_queue, now);
        let lanes = self.lanes(now);
        let mut heads = lanes.values().filter(|lane| !lane.heads.is_empty());
        !self.settings.paused && rate.least > 0 && heads.any(|lane| lane.room.least > 0)
    }
}
