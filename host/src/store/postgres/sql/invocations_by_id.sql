-- A reserved invocation is still queued, to the outside, and has no host.
select i.key, i.id, q.name as queue, i.task, i.function_id, f.digest, i.priority, i.timeout_ms, i.enqueued_at,
       coalesce(o.state, l.state) as state,
       coalesce(o.attempt, l.attempt) as attempt,
       coalesce(o.started_at, l.started_at) as started_at,
       o.finished_at,
       coalesce(o.host, case when l.state = 'running' then l.host end) as host,
       l.progress, i.arguments, o.body,
       i.workflow, l.cancel is not null as cancelling,
       (select p.id from invocations p where p.key = i.parent) as parent,
       (select p.id from invocations p where p.key = i.forked_from) as forked_from
  from invocations i
  join queues q on q.id = i.queue_id
  join functions f on f.id = i.function_id
  left join outcomes o on o.key = i.key
  left join live l on l.key = i.key
 where i.namespace = $1 and i.id = any($2)
   and coalesce(o.state, l.state) is not null
