-- What lists, forks and sweeps look for; and what is deleted.

-- A list of what runs, waits or is scheduled goes by key.
drop index live_queue;
create index live_queue on live (queue_id, state, key) where state <> 'queued';
create index invocations_partition on invocations (partition, key) where partition is not null;
create index invocations_forked_from on invocations (forked_from) where forked_from is not null;
create index onces_key on onces (key);

-- When a sweep found that the host is no longer alive.
alter table hosts add column ended_at bigint;

-- About the first key that was enqueued then or later, by halves: keys and times grow together, but for
-- the length of a transaction. Whoever asks looks at the times of what lies near.
create function windlass.key_at(p_at bigint) returns bigint language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_low bigint := coalesce((select min(i.key) from invocations i), 0);
  v_high bigint := coalesce((select max(i.key) from invocations i), 0) + 1;
  v_middle bigint;
  v record;
begin
  -- Whatever lies below v_low is earlier; v_high, if it is there, is not.
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low) / 2;
    select i.key, i.enqueued_at into v from invocations i where i.key >= v_middle order by i.key limit 1;
    if v.key is null or v.enqueued_at >= p_at then
      v_high := v_middle;
    else
      v_low := v.key + 1;
    end if;
  end loop;
  return v_low;
end $$;

-- Whether one that has not ended may look at the children of this one: itself, or a fork of it, or a
-- fork of a fork.
create function windlass.is_looked_at(p_key bigint) returns boolean language sql stable as $$
  with recursive those as (
    select p_key as key
    union
    select i.key from those t join invocations i on i.forked_from = t.key)
  select exists (select 1 from those t join live l on l.key = t.key)
$$;

-- Deletes invocations that are kept no longer, at most `p_limit`. A rule is a queue, how its invocations
-- ended, before which moment, and how many of the newest stay; it goes on at `p_after` towards `p_below`
-- (none: from the beginning). Answers where each rule stands: `after` null means that it is through.
--
-- Of each rule a bounded number of rows is looked at. Keys grow with the time of enqueue and only
-- roughly with that of the end: where so many in a row ended too late to be deleted, those behind them
-- are left for another time. What does another one again stays as long as that one, which would count as
-- a dead letter without it.
create function windlass.sweep(
  p_queue bigint[], p_state text[], p_before bigint[], p_count bigint[], p_after bigint[], p_below bigint[],
  p_limit int
) returns table (deleted bigint, after bigint[], below bigint[]) language plpgsql volatile as $$
#variable_conflict use_column
declare
  c_page constant int := 1000;
  v_now bigint := windlass.now();
  v_keys bigint[] := '{}';
  v_after bigint[] := p_after;
  v_below bigint[] := p_below;
  v_old bigint;
  v_new bigint;
  v_seen int;
  v_looked int := 0;
  v record;
begin
  -- One at a time: two would delete the same.
  if not pg_try_advisory_xact_lock(7404) then
    return query select 0::bigint, array_fill(null::bigint, array[cardinality(p_queue)]), v_below;
    return;
  end if;
  for r in 1 .. cardinality(p_queue) loop
    exit when cardinality(v_keys) >= p_limit;
    if v_after[r] is null then
      -- Below the first are those that are old enough to have ended early enough, below the second
      -- those that are not among the newest.
      v_old := case when p_before[r] is null then 0 else windlass.key_at(p_before[r] + 60000000) end;
      v_new := 0;
      if p_count[r] is not null then
        select o.key + 1 into v_new from outcomes o
         where o.queue_id = p_queue[r] and o.state = p_state[r]
         order by o.key desc offset p_count[r] limit 1;
      end if;
      v_after[r] := 0;
      v_below[r] := coalesce(v_new, 0);
    else
      v_old := case when p_before[r] is null then 0 else windlass.key_at(p_before[r] + 60000000) end;
    end if;

    loop
      v_seen := 0;
      v_new := 0;
      for v in
        select o.key, o.finished_at from outcomes o
         where o.queue_id = p_queue[r] and o.state = p_state[r] and o.key > v_after[r]
           and o.key < greatest(v_old, v_below[r])
         order by o.key limit c_page
      loop
        v_seen := v_seen + 1;
        v_after[r] := v.key;
        if v.key >= v_below[r] and not coalesce(v.finished_at < p_before[r], false) then
          v_new := v_new + 1;
        elsif not exists (
            select 1 from invocations i
             where i.key = v.key
               and (i.parent is not null and windlass.is_looked_at(i.parent)
                 or exists (select 1 from invocations p where p.key = i.retry_of)))
          and not exists (select 1 from onces o where o.key = v.key and o.until > v_now) then
          v_keys := v_keys || v.key;
          exit when cardinality(v_keys) >= p_limit;
        end if;
      end loop;
      v_looked := v_looked + v_seen;
      exit when cardinality(v_keys) >= p_limit;
      if v_seen < c_page or v_new = c_page then
        v_after[r] := null;
        exit;
      end if;
      exit when v_looked >= 20 * c_page;
    end loop;
  end loop;

  if cardinality(v_keys) > 0 then
    delete from invocations i where i.key = any (v_keys);
    delete from outcomes o where o.key = any (v_keys);
    delete from logs g where g.key = any (v_keys);
    delete from attempts a where a.key = any (v_keys);
    delete from journal j where j.key = any (v_keys);
    delete from messages m where m.key = any (v_keys);
    delete from published p where p.key = any (v_keys);
    delete from tags t where t.key = any (v_keys);
    delete from waits w where w.key = any (v_keys);
  end if;
  return query select cardinality(v_keys)::bigint, v_after, v_below;
end $$;

-- Puts away what is of no use any more: holders of keys that hold them no longer (those whose key is
-- above `p_after`; answers where it stopped, null at the end), old tokens, arrivals in rows of their own,
-- and hosts that have been gone for a day. Whatever somebody has locked is left for another time.
create function windlass.tidy(p_after bigint) returns bigint language plpgsql volatile as $$
#variable_conflict use_column
declare
  c_day constant bigint := 86400000000;
  v_now bigint := windlass.now();
  v_page bigint[];
  v_host bigint;
begin
  if not pg_try_advisory_xact_lock(7404) then
    return null;
  end if;
  v_page := array (select o.key from onces o where o.key > p_after order by o.key limit 1000);
  with stale as materialized (
    select o.queue_id, o.kind, o.name from onces o
     where o.key = any (v_page) and not coalesce(o.until > v_now, false)
       and not exists (select 1 from live l where l.key = o.key)
       for update skip locked)
  delete from onces o using stale s
   where o.queue_id = s.queue_id and o.kind = s.kind and o.name = s.name
     and not exists (select 1 from live l where l.key = o.key);

  -- A queue from which somebody claims has none that are so old: its claims delete them.
  with old as materialized (
    select t.queue_id, t.of_partition, t.partition, t.at
      from tokens t join queues q on q.id = t.queue_id
     where t.at < v_now - 3600000000
              - coalesce(case when t.of_partition then q.lane_rate_period else q.rate_period end, 0)
     limit 10000 for update of t skip locked)
  delete from tokens t using old o
   where t.queue_id = o.queue_id and t.of_partition = o.of_partition and t.partition = o.partition and t.at = o.at;

  -- Rows of callers by SQL; those of writers that are no hosts, where they have become many; and of one
  -- host that is gone.
  update hosts h set ended_at = v_now where h.state <> 'alive' and h.ended_at is null;
  select h.number into v_host from hosts h
   where h.state <> 'alive' and h.ended_at < v_now - c_day
     and not exists (select 1 from live l where l.host = h.number)
   order by h.number limit 1;
  with those as materialized (
    select a.queue_id, a.writer, a.part
      from queues q cross join lateral (
        select a.* from arrivals a
         where a.queue_id = q.id and (a.writer = -1 or a.writer = v_host or a.writer > 0
           and (select count(*) > 100 from (select 1 from arrivals b where b.queue_id = q.id and b.writer > 0 limit 101) n)
           and not exists (select 1 from hosts h where h.number = a.writer))
         limit 1000 for update skip locked) a
     limit 10000),
  taken as (
    delete from arrivals a using those t
     where a.queue_id = t.queue_id and a.writer = t.writer and a.part = t.part
    returning a.queue_id, a.scheduled, a.live)
  insert into arrivals as a (queue_id, writer, scheduled, live)
  select t.queue_id, 0, sum(t.scheduled), sum(t.live) from taken t group by t.queue_id order by t.queue_id
  on conflict (queue_id, writer, part) do update
    set scheduled = a.scheduled + excluded.scheduled, live = a.live + excluded.live;
  if v_host is not null then
    with taken as (
      delete from tallies t where t.host = v_host returning t.*)
    insert into tallies as t (queue_id, host, succeeded, failed, cancelled)
    select k.queue_id, 0, k.succeeded, k.failed, k.cancelled from taken k order by k.queue_id
    on conflict (queue_id, host) do update set
      succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed,
      cancelled = t.cancelled + excluded.cancelled;
    delete from slots s where s.host = v_host;
    delete from hosts h where h.number = v_host;
  end if;
  return case when cardinality(v_page) = 1000 then v_page[1000] end;
end $$;
