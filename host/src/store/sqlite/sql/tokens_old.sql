-- Tokens of queue ?1 that count no more: of the partitions ?3 where ?2, else of the queue; of moment ?4
-- and before.
delete from tokens
where queue_id = ?1 and of_partition = ?2
  and partition in (select value from json_each(?3)) and at <= ?4
