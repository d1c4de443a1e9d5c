-- ?1 the ends, ?2 their values and failures one after the other.
insert into outcomes
    (key, queue_id, state, kind, body, attempt, fence, host, started_at, finished_at)
select
    ended.value ->> 0,
    ended.value ->> 1,
    ended.value ->> 2,
    ended.value ->> 3,
    cast(substr(?2, ended.value ->> 4, ended.value ->> 5) as text),
    ended.value ->> 6,
    ended.value ->> 7,
    ended.value ->> 8,
    ended.value ->> 9,
    ended.value ->> 10
from json_each(?1) ended
