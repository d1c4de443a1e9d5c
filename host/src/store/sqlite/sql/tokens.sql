-- Counts starts of queue ?1 at ?4: ?3 [[partition, n], …], of partitions where ?2, else of the queue;
-- `true` tells the parser that `on` does not belong to a join.
insert into tokens (queue_id, of_partition, partition, at, n)
select ?1, ?2, value ->> 0, ?4, value ->> 1
from json_each(?3)
where true
on conflict (queue_id, of_partition, partition, at) do update set n = n + excluded.n
