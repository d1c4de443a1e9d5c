-- What is claimed of the invocations ?1, as it stands now. Arguments longer than ?2 are left out.
select
    live.key, live.fence, live.attempt, live.deaths, live.suspect, live.priority, live.seq,
    live.partition, live.retried, live.backoff, live.deadline,
    invocation.namespace, invocation.id, invocation.function_id, invocation.task,
    case when length(invocation.arguments) <= ?2 then invocation.arguments end as arguments,
    invocation.timeout_ms, invocation.workflow, invocation.depth,
    invocation.retries, invocation.unchecked
from json_each(?1) claimed
cross join live on live.key = claimed.value
cross join invocations invocation on invocation.key = live.key
order by claimed.key
