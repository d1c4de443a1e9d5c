-- A reserved invocation is still queued, to the outside, and has no host.
with page as materialized ({keys})
select i.key, i.id, q.name as queue, i.task, i.function_id, f.digest, i.priority, i.timeout_ms, i.enqueued_at,
       coalesce(o.state, l.state) as state,
       coalesce(o.attempt, l.attempt) as attempt,
       coalesce(o.started_at, l.started_at) as started_at,
       o.finished_at,
       coalesce(o.host, case when l.state = 'running' then l.host end) as host,
       l.progress, {large},
       i.workflow, l.cancel is not null as cancelling,
       (select p.id from invocations p where p.key = i.parent) as parent,
       (select p.id from invocations p where p.key = i.forked_from) as forked_from,
       (select p.id from invocations p where p.key = i.retry_of) as retry_of,
       (select r.id from invocations r where r.retry_of = i.key order by r.key desc limit 1) as retried_as,
       i.partition, coalesce(l.due, l.backoff) as due_at, i.deadline as deadline_at, i.retries, i.tags,
       coalesce(l.retried, (select count(*) from attempts a where a.key = i.key and a.kind is not null)) as retried
  from page p
 cross join lateral (select * from invocations i where i.key = p.key limit 1) i
 cross join lateral (select q.name from queues q where q.id = i.queue_id limit 1) q
 cross join lateral (select f.digest from functions f where f.id = i.function_id limit 1) f
  left join lateral (select * from outcomes o where o.key = p.key limit 1) o on true
  left join lateral (select * from live l where l.key = p.key limit 1) l on true
 where coalesce(o.state, l.state) is not null
 order by i.key desc
