-- The invocations of namespace ?1 with the ids ?2. A host is shown only where it executes or
-- recorded: what is reserved is queued, and 0 recorded the end of what nobody held.
select
    i.key, i.id, q.name as queue, i.task, i.function_id, f.digest,
    coalesce(o.state, l.state) as state,
    coalesce(o.attempt, l.attempt) as attempt,
    i.priority, i.timeout_ms, i.enqueued_at,
    coalesce(o.started_at, l.started_at) as started_at,
    o.finished_at,
    coalesce(nullif(o.host, 0), iif(l.state = 'running', l.host, null)) as host,
    i.workflow, parent.id as parent, origin.id as forked_from, l.cancel is not null as cancelling,
    l.progress, i.arguments, o.body
from json_each(?2) asked
cross join invocations i on i.namespace = ?1 and i.id = asked.value
join queues q on q.id = i.queue_id
join functions f on f.id = i.function_id
left join live l on l.key = i.key
left join outcomes o on o.key = i.key
left join invocations parent on parent.key = i.parent
left join invocations origin on origin.key = i.forked_from
