-- Counts of queues without counting what is queued: how many came, less what has ended, runs or waits.
-- The oldest is looked for by hops from one priority to the next, and from one partition to the next,
-- of which the first thousand are looked at.
select q.id, coalesce(a.scheduled, 0) as scheduled,
       coalesce(a.live, 0) - coalesce(t.succeeded + t.failed + t.cancelled, 0) - r.n - w.n as queued,
       r.n as running, w.n as waiting, coalesce(t.succeeded, 0) as succeeded, coalesce(t.failed, 0) as failed,
       coalesce(t.cancelled, 0) as cancelled,
       (select i.enqueued_at from invocations i where i.key = o.key) as oldest
  from queues q
 cross join lateral (
   select sum(a.scheduled)::bigint as scheduled, sum(a.live)::bigint as live
     from arrivals a where a.queue_id = q.id) a
 cross join lateral (
   select sum(t.succeeded)::bigint as succeeded, sum(t.failed)::bigint as failed,
          sum(t.cancelled)::bigint as cancelled
     from tallies t where t.queue_id = q.id) t
 cross join lateral (select count(*) as n from live l where l.queue_id = q.id and l.state = 'running') r
 cross join lateral (select count(*) as n from live l where l.queue_id = q.id and l.state = 'waiting') w
  left join lateral (
   with recursive level as (
     (select l.key, l.seq, l.priority from live l
       where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
         and l.partition is null
       order by l.priority, l.seq limit 1)
     union all
     select n.* from level v cross join lateral (
       select l.key, l.seq, l.priority from live l
        where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
          and l.partition is null and l.priority > v.priority
        order by l.priority, l.seq limit 1) n),
   lane as (
     (select l.key, l.seq, l.partition, l.priority from live l
       where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
         and l.partition is not null
       order by l.partition, l.priority, l.seq limit 1)
     union all
     select n.* from lane v cross join lateral (
       select l.key, l.seq, l.partition, l.priority from live l
        where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
          and l.partition is not null and (l.partition, l.priority) > (v.partition, v.priority)
        order by l.partition, l.priority, l.seq limit 1) n)
   select f.key from (
     (select v.key, v.seq from level v limit 1000) union all (select v.key, v.seq from lane v limit 1000)) f
    order by f.seq limit 1) o on true
 where q.id = any ($1)
