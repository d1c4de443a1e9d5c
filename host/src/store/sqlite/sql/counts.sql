-- What came into queue ?1, and what of it waits or has ended. No row of those that are queued is
-- read: they are what is left. What hosts hold is counted elsewhere.
select
    coalesce((select live from arrivals where queue_id = ?1), 0) as arrived,
    coalesce((select scheduled from arrivals where queue_id = ?1), 0) as scheduled,
    -- What the index has is said in its words: the planner draws no conclusions from `=`.
    (select count(*) from live
     where queue_id = ?1 and state = 'waiting' and state in ('scheduled', 'waiting')) as waiting,
    coalesce(sum(succeeded), 0) as succeeded,
    coalesce(sum(failed), 0) as failed,
    coalesce(sum(cancelled), 0) as cancelled
from tallies
where queue_id = ?1
