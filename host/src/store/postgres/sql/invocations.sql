-- Newest first, by key; values and arguments are left to the single handle.
select i.key, i.id, q.name as queue, i.task, i.function_id, f.digest, i.priority, i.timeout_ms, i.enqueued_at,
       coalesce(o.state, l.state) as state,
       coalesce(o.attempt, l.attempt) as attempt,
       coalesce(o.started_at, l.started_at) as started_at,
       o.finished_at,
       coalesce(o.host, case when l.state = 'running' then l.host end) as host,
       l.progress, null::bytea as arguments,
       case when o.state <> 'succeeded' then o.body end as body,
       i.workflow, l.cancel is not null as cancelling,
       (select p.id from invocations p where p.key = i.parent) as parent,
       (select p.id from invocations p where p.key = i.forked_from) as forked_from
  from invocations i
  join queues q on q.id = i.queue_id
  join functions f on f.id = i.function_id
  left join outcomes o on o.key = i.key
  left join live l on l.key = i.key
 where i.namespace = $1
   and ($2::text is null or i.queue_id = (select id from queues where namespace = $1 and name = $2))
   and ($3::text is null or coalesce(o.state, l.state) = $3)
   and ($4::text is null or i.task = $4)
   and coalesce(o.state, l.state) is not null
   and ($7::bigint is null or i.parent = $7)
   and i.key < $5
 order by i.key desc limit $6
