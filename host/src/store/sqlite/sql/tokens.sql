-- Counts starts of queue ?1: ?2 [[of_partition, partition, at, n, …], …]; `true` tells the parser that
-- `on` does not belong to a join.
insert into tokens (queue_id, of_partition, partition, at, n)
select ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3
from json_each(?2)
where true
on conflict (queue_id, of_partition, partition, at) do update set n = n + excluded.n
