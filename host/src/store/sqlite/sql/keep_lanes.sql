-- Of those who share the slot of ?1, one has the place of each of their partitions: where nobody has it
-- any more, the oldest takes it.
update live set lane_lent = 0
where payer = ?1 and partition is not null and lane_lent
  and not exists (select 1 from live other
                  where other.payer = ?1 and other.partition = live.partition
                    and (not other.lane_lent or other.key < live.key))
