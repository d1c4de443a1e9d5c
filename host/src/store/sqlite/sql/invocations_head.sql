-- For lists: without arguments and values, which are left to the single handle.
select
    i.key, i.id, q.name as queue, i.task, i.function_id, f.digest,
    coalesce(o.state, l.state) as state,
    coalesce(o.attempt, l.attempt) as attempt,
    i.priority, i.timeout_ms, i.enqueued_at,
    coalesce(o.started_at, l.started_at) as started_at,
    o.finished_at,
    coalesce(nullif(o.host, 0), iif(l.state = 'running', l.host, null)) as host,
    i.workflow, parent.id as parent, origin.id as forked_from, l.cancel is not null as cancelling,
    l.progress, null as arguments, iif(o.state <> 'succeeded', o.body, null) as body
from invocations i
join queues q on q.id = i.queue_id
join functions f on f.id = i.function_id
left join live l on l.key = i.key
left join outcomes o on o.key = i.key
left join invocations parent on parent.key = i.parent
left join invocations origin on origin.key = i.forked_from
