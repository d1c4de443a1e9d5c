-- ?1 [[key, queue, all, awaited, messages, at], …], ?2 now. One that has what it waits for already is
-- ready at once; `true` tells the parser that `on` does not belong to a join.
-- Materialized, else the array would be parsed anew for each key that is looked at.
with wait as materialized (
    select
        asked.value ->> 0 as key, asked.value ->> 1 as queue_id, asked.value ->> 2 as all_of,
        asked.value -> 3 as awaited, asked.value -> 4 as messages, asked.value ->> 5 as at,
        (select max(live.key) from json_each(asked.value -> 3) awaited
         cross join live on live.key = awaited.value) as blocker
    from json_each(?1) asked
)
insert into waits
    (key, queue_id, waiting, ready, all_of, awaited, blocker, messages, at)
select
    wait.key, wait.queue_id, true,
    coalesce(wait.at <= ?2, false)
        or exists (select 1 from messages message
                   where message.key = wait.key
                     and message.name in (select value from json_each(wait.messages)))
        or case
            when wait.awaited = '[]' then false
            when wait.all_of then wait.blocker is null
            else exists (select 1 from json_each(wait.awaited) awaited
                         where not exists (select 1 from live where live.key = awaited.value))
        end,
    wait.all_of, wait.awaited, wait.blocker, wait.messages, wait.at
from wait
where true
on conflict (key) do update set
    waiting = true,
    ready = excluded.ready,
    all_of = excluded.all_of,
    awaited = excluded.awaited,
    blocker = excluded.blocker,
    messages = excluded.messages,
    at = excluded.at
