-- The first ?2 invocations of queue ?1 that may be claimed. `cross join` keeps the order of the
-- index: the planner must not begin with the invocations.
select
    live.key, live.fence, live.attempt, live.deaths, live.suspect, live.priority, live.seq,
    invocation.namespace, invocation.id, invocation.function_id, invocation.task,
    case when length(invocation.arguments) <= ?3 then invocation.arguments end as arguments,
    invocation.timeout_ms, invocation.workflow, invocation.depth
from live
cross join invocations invocation on invocation.key = live.key
where live.queue_id = ?1 and live.state = 'queued' and live.host is null
order by live.priority, live.seq
limit ?2
