-- Each count reads an index of its own; what hosts hold is counted elsewhere.
select
    (select count(*) from live
     where queue_id = ?1 and state = 'queued' and host is null) as queued,
    (select count(*) from live where queue_id = ?1 and state = 'scheduled') as scheduled,
    (select count(*) from live where queue_id = ?1 and state = 'waiting') as waiting,
    coalesce(sum(succeeded), 0) as succeeded,
    coalesce(sum(failed), 0) as failed,
    coalesce(sum(cancelled), 0) as cancelled
from tallies
where queue_id = ?1
