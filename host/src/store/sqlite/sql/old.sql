-- What ended in queue ?1 as ?2 and is kept no longer at ?6: keys up to ?3, of which those up to ?4 are
-- too many and those that ended before ?5 too old; at most ?7. Children stay while their parent, or a
-- fork of it, lives, for whoever looks at them; what does another one again stays as long as that one,
-- which would be a dead letter without it; and who has a key for a period stays as long.
select o.key
from outcomes o indexed by outcomes_ended
cross join invocations i on i.key = o.key
where o.queue_id = ?1 and o.state = ?2 and o.key <= ?3
  and (o.key <= ?4 or o.finished_at < ?5)
  and (i.parent is null or not exists (
      with recursive lookers (key) as (
          select i.parent
          union
          select fork.key from lookers cross join invocations fork on fork.forked_from = lookers.key)
      select 1 from lookers cross join live on live.key = lookers.key))
  and (i.retry_of is null
       or not exists (select 1 from invocations before where before.key = i.retry_of))
  and not exists (select 1 from onces where onces.key = o.key and onces.until > ?6)
order by o.key
limit ?7
