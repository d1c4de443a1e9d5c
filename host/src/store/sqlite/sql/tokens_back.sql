-- Starts that did not happen: ?1 [[[queue, of_partition, partition, at], n], …]
update tokens set n = tokens.n - back.n
from (select
          value ->> '$[0][0]' as queue_id,
          value ->> '$[0][1]' as of_partition,
          value ->> '$[0][2]' as partition,
          value ->> '$[0][3]' as at,
          value ->> 1 as n
      from json_each(?1)) back
where tokens.queue_id = back.queue_id
  and tokens.of_partition = back.of_partition
  and tokens.partition = back.partition
  and tokens.at = back.at
