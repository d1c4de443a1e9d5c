//! What is deleted: invocations that are kept no longer, and what is of no use any more.
//!
//! Where a sweep stopped is remembered by this process alone; another one begins at the beginning.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::connection::error;
use super::read::get;
use super::*;
use crate::model::State;
use crate::model::queue::Keep;

/// How an invocation can have ended.
const ENDS: [State; 3] = [State::Succeeded, State::Failed, State::Cancelled];

/// Where this process stands.
#[derive(Default)]
pub struct Progress(Mutex<Standpoint>);

#[derive(Default)]
struct Standpoint {
    /// Of each rule that is not through: the last key that was looked at, and below which key all is
    /// to be deleted.
    rules: HashMap<(QueueId, State), (i64, i64)>,
    /// The last holder of a key that was looked at.
    onces: i64,
    /// By how much the order of rules is turned, so that the first leave something for the others.
    turned: usize,
}

/// For how long what ended in this way is kept in this queue.
struct Rule {
    queue: QueueId,
    state: State,
    keep: Keep,
}

impl Postgres {
    pub(super) async fn delete_old(&self, sweep: &Sweep) -> Result<Swept, Error> {
        let mut progress = self.sweeps.0.lock().await;
        let mut rules = self.rules(sweep).await?;
        let turned = progress.turned % rules.len().max(1);
        rules.rotate_left(turned);
        let swept = match rules.is_empty() || sweep.limit == 0 {
            true => Swept::default(),
            false => self.apply(&rules, sweep.limit, &mut progress).await?,
        };
        if swept.more {
            progress.turned = progress.turned.wrapping_add(1);
            return Ok(swept);
        }
        let row = sqlx::query("select windlass.tidy($1) as after")
            .bind(progress.onces)
            .fetch_one(&self.pool)
            .await
            .map_err(error)?;
        let after: Option<i64> = get(&row, "after")?;
        progress.onces = after.unwrap_or(0);
        Ok(swept)
    }

    /// What holds for each queue: its own word on how an invocation ended, else the host's.
    async fn rules(&self, sweep: &Sweep) -> Result<Vec<Rule>, Error> {
        let mut rules = Vec::new();
        for queue in self.read_queues(None, None).await? {
            let own = queue.settings.retention.unwrap_or_default();
            let keeps = [
                own.succeeded.or(sweep.retention.succeeded),
                own.failed.or(sweep.retention.failed),
                own.cancelled.or(sweep.retention.cancelled),
            ];
            for (state, keep) in ENDS.into_iter().zip(keeps) {
                match keep {
                    Some(keep) if keep != Keep::default() => rules.push(Rule {
                        queue: queue.id,
                        state,
                        keep,
                    }),
                    _ => {}
                }
            }
        }
        Ok(rules)
    }

    async fn apply(
        &self,
        rules: &[Rule],
        limit: u32,
        progress: &mut Standpoint,
    ) -> Result<Swept, Error> {
        let limit = i64::from(limit.min(SWEEP_MAX));
        let stand = |rule: &Rule| progress.rules.get(&(rule.queue, rule.state)).copied();
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let row = sqlx::query(
            "select s.* from windlass.sweep($1, $2, array (
               select windlass.now() - u.age from unnest($3::bigint[]) with ordinality u(age, ord) order by u.ord),
               $4, $5, $6, $7::int) s",
        )
        .bind(rules.iter().map(|rule| rule.queue.0).collect::<Vec<_>>())
        .bind(rules.iter().map(|rule| rule.state.as_str()).collect::<Vec<_>>())
        .bind(
            rules
                .iter()
                .map(|rule| rule.keep.age_ms.map(|ms| number(ms.saturating_mul(1_000))))
                .map(|age| age.map(|us| us.min(i64::MAX / 2)))
                .collect::<Vec<_>>(),
        )
        .bind(
            rules
                .iter()
                .map(|rule| rule.keep.count.map(number))
                .collect::<Vec<_>>(),
        )
        .bind(rules.iter().map(|rule| stand(rule).map(|at| at.0)).collect::<Vec<_>>())
        .bind(rules.iter().map(|rule| stand(rule).map(|at| at.1)).collect::<Vec<_>>())
        .bind(limit)
        .fetch_one(&self.pool)
        .await
        .map_err(error)?;
        let deleted: i64 = get(&row, "deleted")?;
        let after: Vec<Option<i64>> = get(&row, "after")?;
        let below: Vec<Option<i64>> = get(&row, "below")?;
        progress.rules.clear();
        for ((rule, after), below) in rules.iter().zip(after).zip(below) {
            if let (Some(after), Some(below)) = (after, below) {
                progress
                    .rules
                    .insert((rule.queue, rule.state), (after, below));
            }
        }
        Ok(Swept {
            deleted: deleted as u64,
            more: deleted >= limit || !progress.rules.is_empty(),
        })
    }
}
