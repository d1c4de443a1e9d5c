-- Those of the workflows ?1, and of those that wait for another one's children, whose wait may be
-- over now that something has ended.
select key, queue_id, all_of, awaited
from waits
where key in (select value from json_each(?1)
              union all
              select key from waits where strangers and waiting and not ready)
  and waiting and not ready and awaited <> '[]'
  and (not all_of or not exists (select 1 from live where live.key = waits.blocker))
