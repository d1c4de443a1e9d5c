-- ?1 [[[queue, host], [succeeded, failed, cancelled]], …]; `true` tells the parser that `on` does not
-- belong to a join.
insert into tallies (queue_id, host, succeeded, failed, cancelled)
select
    value ->> '$[0][0]',
    value ->> '$[0][1]',
    value ->> '$[1][0]',
    value ->> '$[1][1]',
    value ->> '$[1][2]'
from json_each(?1)
where true
on conflict (queue_id, host) do update set
    succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed,
    cancelled = cancelled + excluded.cancelled
