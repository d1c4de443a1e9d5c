-- When the clock asks for something next, and when the next retry of an ordered queue may start after
-- ?1. Each is the first of an index.
select
    (select min(at) from (
        select min(at) as at from waits where at is not null and waiting and not ready
        union all
        select min(due) from live where due is not null
        union all
        select * from (select deadline from live
                       where deadline is not null and host is null
                       order by deadline limit 1))) as work_at,
    (select min(backoff) from live where backoff is not null and backoff > ?1) as backoff_at
