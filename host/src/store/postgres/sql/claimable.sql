-- Makes ready whose time has come, and who waits for others' children where those have ended (of one's
-- own children the end itself makes ready); then every queue in which something may be claimed or go on, and in
-- a row of its own when the next one's time comes.
with due as materialized (
  update waits w set ready = true
   where w.key = any (array (
     select d.key from waits d
      where d.at is not null and d.waiting and not d.ready and d.at <= (select windlass.now())
      limit 10000 for update skip locked))
  returning w.queue_id),
met as materialized (
  update waits w set ready = true
   where w.key = any (array (
     select d.key from waits d
      where d.strangers and d.waiting and not d.ready
        and not coalesce(d.at <= (select windlass.now()), false) and windlass.has_come(d)
      limit 10000 for update skip locked))
  returning w.queue_id)
select q.id as queue_id, null::bigint as at
  from queues q
 where (not q.paused and exists (
         select 1 from live l where l.queue_id = q.id and l.state = 'queued' and l.host is null))
    or exists (select 1 from waits w where w.queue_id = q.id and w.ready)
    or q.id in (select d.queue_id from due d union all select m.queue_id from met m)
union all
select null, (select min(w.at) from waits w
               where w.at is not null and w.waiting and not w.ready and w.at > (select windlass.now()))
