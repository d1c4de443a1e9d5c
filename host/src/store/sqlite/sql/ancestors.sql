-- Invocation ?1 and its ancestors that have not ended, the nearest first, with their queues.
with recursive line (key, parent, queue_id, distance) as (
    select key, parent, queue_id, 0 from invocations where key = ?1
    union all
    select i.key, i.parent, i.queue_id, line.distance + 1
    from line
    cross join invocations i on i.key = line.parent
)
select line.key, line.queue_id
from line
cross join live on live.key = line.key
order by line.distance
