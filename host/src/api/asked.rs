//! What callers say on the wire, as `control` takes it; what does not read is refused with its place.

use windlass_client::wire;

use crate::control::{Call, CallOptions, Change};
use crate::http::{Answer, Problem, moment};
use crate::model::controls::{Debounce, Dedup, OnConflict};
use crate::model::queue::{Keep, Partitions, RateLimit, Retention};
use crate::model::retry::{Retries, Rule};
use crate::model::{ComponentName, Moment, QueueName};
use crate::store::Filter;

use super::invocations::handle;
use super::{Api, show};

/// A call. `place` is where it stands in the request, as far as its fields: `[3].` or nothing.
pub(super) fn call(asked: wire::EnqueueRequest, place: &str) -> Answer<Call> {
    let retries = asked.retries.as_ref();
    let retries = retries.map(|asked| self::retries(asked, &format!("{place}retries")));
    Ok(Call {
        queue: asked.queue,
        task: asked.task,
        arguments: asked.args,
        id: asked.id,
        options: CallOptions {
            priority: asked.priority,
            delay_ms: asked.delay_ms,
            start_at: asked.start_at,
            partition: asked.partition,
            dedup: asked.dedup.map(dedup),
            debounce: asked.debounce.map(debounce),
            timeout_ms: asked.timeout_ms,
            deadline_ms: asked.deadline_ms,
            retries: retries.transpose()?,
            tags: asked.tags,
        },
    })
}

fn dedup(asked: wire::Dedup) -> Dedup {
    Dedup {
        key: asked.key,
        on_conflict: match asked.on_conflict {
            wire::OnConflict::Reject => OnConflict::Reject,
            wire::OnConflict::Return => OnConflict::Return,
            wire::OnConflict::Replace => OnConflict::Replace,
        },
        period_ms: asked.period_ms,
    }
}

fn debounce(asked: wire::Debounce) -> Debounce {
    Debounce {
        key: asked.key,
        period_ms: asked.period_ms,
        deadline_ms: asked.deadline_ms,
    }
}

fn retries(asked: &wire::Retries, place: &str) -> Answer<Retries> {
    let usual = Retries::default();
    let on = match &asked.on {
        None => usual.on,
        Some(on) => {
            let rules = on.iter().enumerate();
            let rule = |(index, text): (usize, &String)| {
                let rule: Result<Rule, String> = text.parse();
                rule.map_err(|why| Problem::invalid(&format!("{place}.on[{index}]"), why))
            };
            rules.map(rule).collect::<Answer<_>>()?
        }
    };
    Ok(Retries {
        max: asked.max,
        backoff_ms: asked.backoff_ms.unwrap_or(usual.backoff_ms),
        factor: asked.factor.unwrap_or(usual.factor),
        max_backoff_ms: asked.max_backoff_ms.unwrap_or(usual.max_backoff_ms),
        jitter: asked.jitter.unwrap_or(usual.jitter),
        on,
    })
}

/// A change of a queue.
pub(super) fn change(asked: wire::QueueChange) -> Answer<Change> {
    let retries = match asked.retries {
        None => None,
        Some(None) => Some(None),
        Some(Some(asked)) => Some(Some(self::retries(&asked, "retries")?)),
    };
    Ok(Change {
        concurrency: asked.concurrency,
        worker_concurrency: asked.worker_concurrency,
        rate_limit: asked.rate_limit.map(|asked| asked.map(rate_limit)),
        partitions: asked.partitions.map(|asked| asked.map(partitions)),
        ordered: asked.ordered,
        paused: asked.paused,
        timeout_ms: asked.timeout_ms,
        retries,
        retention: asked.retention.map(|asked| asked.map(retention)),
    })
}

fn rate_limit(asked: wire::RateLimit) -> RateLimit {
    RateLimit {
        limit: asked.limit,
        period_ms: asked.period_ms,
    }
}

fn partitions(asked: wire::Partitions) -> Partitions {
    Partitions {
        concurrency: asked.concurrency,
        rate_limit: asked.rate_limit.map(rate_limit),
    }
}

fn retention(asked: wire::Retention) -> Retention {
    let keep = |asked: wire::Keep| Keep {
        age_ms: asked.age_ms,
        count: asked.count,
    };
    Retention {
        succeeded: asked.succeeded.map(keep),
        failed: asked.failed.map(keep),
        cancelled: asked.cancelled.map(keep),
    }
}

/// A filter; `place` is where it stands in the request: `filter.` or nothing.
pub(super) async fn filter(api: &Api, asked: wire::Filter, place: &str) -> Answer<Filter> {
    let now = Moment::now();
    let wrong = |field: &str, why: String| Problem::invalid(&format!("{place}{field}"), why);
    let at = |field: &str, text: Option<String>| {
        let moment = text.map(|text| moment(&text, now));
        moment.transpose().map_err(|why| wrong(field, why))
    };
    let (since, until) = (at("since", asked.since)?, at("until", asked.until)?);
    if since
        .zip(until)
        .is_some_and(|(since, until)| since >= until)
    {
        return Err(wrong("until", "it is not later than `since`".to_owned()));
    }
    let queue = asked.queue.as_deref().map(QueueName::parse).transpose();
    let component = asked.component.as_deref().map(ComponentName::parse);
    let component = component.transpose();
    let tags = asked.tag.iter().enumerate().map(|(index, tag)| {
        let Some((name, value)) = tag.split_once(':') else {
            let why = format!("{tag:?} is no tag: write it as name:value");
            return Err(wrong(&format!("tag[{index}]"), why));
        };
        Ok((name.to_owned(), value.to_owned()))
    });
    let tags: Vec<_> = tags.collect::<Answer<_>>()?;
    let parent = match asked.parent.as_deref() {
        None => None,
        Some(parent) => {
            let id = handle(parent).map_err(|why| wrong("parent", why.to_string()))?;
            Some(api.control.invocation(&api.namespace, &id).await?.key)
        }
    };
    let state = asked.state.map(show::state_from);
    if asked.dead && state.is_some_and(|state| state != crate::model::State::Failed) {
        let why = "dead letters have failed: leave one of them out".to_owned();
        return Err(wrong("dead", why));
    }
    let count = tags.len();
    let tags: std::collections::BTreeMap<_, _> = tags.into_iter().collect();
    if tags.len() < count {
        let why = "a tag of one name has one value: nothing can have both".to_owned();
        return Err(wrong("tag", why));
    }
    Ok(Filter {
        queue: queue.map_err(|why| wrong("queue", why.to_string()))?,
        state,
        task: asked.task,
        component: component.map_err(|why| wrong("component", why.to_string()))?,
        kind: asked.kind.map(show::kind_from),
        tags,
        partition: asked.partition,
        since,
        until,
        dead: asked.dead,
        parent,
        ..Filter::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_none_is_refused_with_its_place_in_the_array() {
        let asked: wire::EnqueueRequest = serde_json::from_str(
            r#"{"queue": "q", "task": "a/b", "retries": {"max": 1, "on": ["guest", "often"]}}"#,
        )
        .unwrap();

        let refused = call(asked, "[3].").unwrap_err();

        assert_eq!(
            refused.into_wire().errors[0].place,
            "[3].retries.on[1]".to_owned()
        );
    }

    #[test]
    fn what_a_call_does_not_say_of_retries_has_its_default() {
        let asked: wire::Retries = serde_json::from_str(r#"{"max": 3}"#).unwrap();

        let retries = retries(&asked, "retries").unwrap();

        assert_eq!(
            retries,
            Retries {
                max: 3,
                ..Retries::default()
            }
        );
    }
}
