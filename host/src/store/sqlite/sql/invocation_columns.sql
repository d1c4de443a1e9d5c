-- What a handle shows of invocation `i`, with the rows that `invocation_rows.sql` joins to it. A host
-- is shown only where it executes or recorded: what is reserved is queued, and 0 recorded the end of
-- what nobody held.
    i.key, i.id, q.name as queue, i.task, i.function_id, f.digest,
    coalesce(o.state, l.state) as state,
    coalesce(o.attempt, l.attempt) as attempt,
    i.priority, i.timeout_ms, i.enqueued_at,
    coalesce(o.started_at, l.started_at) as started_at,
    o.finished_at,
    coalesce(nullif(o.host, 0), iif(l.state = 'running', l.host, null)) as host,
    i.workflow, parent.id as parent, origin.id as forked_from, l.cancel is not null as cancelling,
    l.progress, coalesce(l.due, l.backoff) as due_at, i.deadline as deadline_at, i.partition,
    i.retries, i.tags, before.id as retry_of,
    (select again.id from invocations again where again.retry_of = i.key
     order by again.key desc limit 1) as retried_as,
    coalesce(l.retried,
             (select count(*) from attempts where attempts.key = i.key and kind is not null))
        as retried
