-- How the slots of queue ?1 stand for host ?2. What pays for itself, since it waits or has waited,
-- is in nobody's slots.
select
    queue.settings,
    coalesce((select sum(other.slots) from slots other
              where other.queue_id = queue.id and other.host <> ?2), 0)
        + iif(queue.settings ->> 'concurrency' is null, 0,
              (select count(*) from live where live.queue_id = queue.id and live.payer = live.key))
        as others,
    exists (select 1 from slots other
            where other.queue_id = queue.id and other.host <> ?2
              and other.wanted > other.slots) as contended,
    (select count(*) from slots other
     where other.queue_id = queue.id and other.host <> ?2 and other.wanted > 0) as wanting,
    own.slots,
    own.wanted
from queues queue
left join slots own on own.queue_id = queue.id and own.host = ?2
where queue.id = ?1
