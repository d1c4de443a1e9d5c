-- Those of the workflows ?1 whose wait may be over now that a child of theirs has ended.
select key, queue_id, all_of, awaited
from waits
where key in (select value from json_each(?1))
  and waiting and not ready and awaited <> '[]'
  and (not all_of or not exists (select 1 from live where live.key = waits.blocker))
