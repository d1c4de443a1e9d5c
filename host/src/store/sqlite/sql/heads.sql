-- The first ?2 invocations of queue ?1, which has no partitions, that may be claimed at ?4; with those
-- whose retry backs off if the queue is ordered (?5). `cross join` keeps the order of the index: the
-- planner must not begin with the invocations.
select
    live.key, live.fence, live.attempt, live.deaths, live.suspect, live.priority, live.seq,
    live.partition, live.retried, live.backoff, live.deadline,
    invocation.namespace, invocation.id, invocation.function_id, invocation.task,
    case when length(invocation.arguments) <= ?3 then invocation.arguments end as arguments,
    invocation.timeout_ms, invocation.workflow, invocation.depth,
    invocation.retries, invocation.unchecked
from live
cross join invocations invocation on invocation.key = live.key
where live.queue_id = ?1 and live.state = 'queued' and live.host is null
  and live.due is null and live.partition is null
  and (live.deadline is null or live.deadline > ?4)
  and (?5 or live.backoff is null or live.backoff <= ?4)
order by live.priority, live.seq
limit ?2
