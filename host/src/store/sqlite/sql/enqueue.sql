-- ?1 the new calls, ?2 their arguments one after the other, ?3 now; ?4 their parent, ?5 how many
-- ancestors they have, ?6 the invocation that they were forked from.
insert into invocations
    (key, namespace, id, queue_id, function_id, task, arguments, priority, timeout_ms, enqueued_at,
     workflow, parent, depth, forked_from,
     partition, start_at, deadline, retries, tags, retry_of)
select
    call.value ->> 0,
    call.value ->> 1,
    call.value ->> 2,
    call.value ->> 3,
    call.value ->> 4,
    call.value ->> 5,
    substr(?2, call.value ->> 6, call.value ->> 7),
    call.value ->> 8,
    call.value ->> 9,
    ?3,
    call.value ->> 10,
    ?4,
    ?5,
    ?6,
    call.value ->> '$[11].partition',
    call.value ->> '$[11].start_at',
    call.value ->> '$[11].deadline',
    call.value ->> '$[11].retries',
    call.value ->> '$[11].tags',
    call.value ->> '$[11].retry_of'
from json_each(?1) call
