-- The first ?3 of each of the partitions ?2 of queue ?1 that may be claimed at ?4; with those whose
-- retry backs off if the queue is ordered (?5).
select lane.key as lane, first.key, first.backoff
from json_each(?2) lane
cross join live first on first.key in (
    select next.key from live next
    where next.queue_id = ?1 and next.partition = lane.value
      and next.state = 'queued' and next.host is null and next.due is null
      and next.partition is not null
      and (next.deadline is null or next.deadline > ?4)
      and (?5 or next.backoff is null or next.backoff <= ?4)
    order by next.priority, next.seq
    limit ?3)
order by lane.key, first.priority, first.seq
