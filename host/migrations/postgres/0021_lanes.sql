-- Whoever waits keeps its place in its partition, also in a slot that it was lent: so nobody goes on
-- beyond a partition's limit. Of those who share a slot one has the place of each of their partitions,
-- and the others, of whom one at a time executes, go without (`lane_lent`).

drop index live_lane_taken;
create index live_lane_taken on live (queue_id, partition)
  where partition is not null and (host is not null or payer is not null) and not lane_lent;

create or replace function windlass.lane(
  q windlass.queues, p_partition text, p_now bigint, out free int, out opens_at bigint
) language plpgsql volatile as $$
declare
  v_rate int;
begin
  free := 1000000000;
  if q.lane_concurrency is not null then
    select greatest(0, q.lane_concurrency - count(*))::int into free
      from (select 1 from live l
             where l.queue_id = q.id and l.partition = p_partition and l.partition is not null
               and (l.host is not null or l.payer is not null) and not l.lane_lent
             limit q.lane_concurrency) l;
  end if;
  if free > 0 and q.lane_rate_limit is not null then
    select o.free, o.opens_at into v_rate, opens_at
      from windlass.opened(q.id, true, p_partition, q.lane_rate_limit, q.lane_rate_period, p_now) o;
    free := least(free, v_rate);
    if free > 0 then
      opens_at := null;
    end if;
  end if;
end $$;

create or replace function windlass.take(
  p_host bigint, q windlass.queues, p_keys bigint[], p_payers bigint[], p_now bigint
) returns void language plpgsql volatile as $$
begin
  update live l
     set host = p_host, fence = l.fence + 1, backoff = null, payer = u.payer,
         lane_lent = exists (select 1 from live m where m.payer = u.payer and m.partition = l.partition),
         token = windlass.stamp(q.rate_period, p_now),
         lane_token = case when l.partition is not null then windlass.stamp(q.lane_rate_period, p_now) end,
         state = case when q.ordered and l.deaths < 2 then 'running' else l.state end,
         started_at = case when q.ordered and l.deaths < 2 then p_now end,
         attempt = case when q.ordered and l.deaths < 2 then l.attempt + 1 else l.attempt end
    from unnest(p_keys, p_payers) u(key, payer)
   where l.key = u.key;
  perform windlass.count_starts(q, cardinality(p_keys), p_keys, p_now);
end $$;

-- As in 0011, but that a place is lent by whoever of the slot has one in the partition.
create or replace function windlass.borrow(p_host bigint, q windlass.queues, p_now bigint, p_rows int)
returns bigint[] language plpgsql volatile as $$
declare
  v_all bigint[] := '{}';
  v_keys bigint[];
  v_payers bigint[];
begin
  -- Of a queue with partitions one by one: each may have taken the room of the next.
  while cardinality(v_all) < p_rows loop
    with idle as materialized (
      -- Locked, so that the payer does not end under the loan.
      select p.key from live p
       where p.queue_id = q.id and p.payer = p.key
         and not exists (select 1 from live m where m.payer = p.key and m.host is not null)
         and not exists (
           select 1 from waits w cross join lateral (select l.payer from live l where l.key = w.key limit 1) l
            where w.queue_id = q.id and w.ready and l.payer = p.key)
         for no key update of p skip locked),
    first as materialized (
      select i.key as payer, x.key, x.priority, x.seq
        from idle i cross join lateral (
          select x.* from live w cross join lateral (
            select x.key, x.priority, x.seq from live x
             where x.lender = w.key and x.state = 'queued' and x.host is null and x.queue_id = q.id
               and x.due is null and (x.deadline is null or x.deadline > p_now)
               and (x.backoff is null or x.backoff <= p_now)
               and not (q.ordered and exists (
                 select 1 from live b
                  where b.backoff > p_now and b.queue_id = q.id and b.host is null
                    and b.partition is not distinct from x.partition
                    and (b.priority, b.seq) < (x.priority, x.seq)))
               and case when not q.partitioned then true
                        when exists (select 1 from live m where m.payer = i.key and m.partition = x.partition) then
                          q.lane_rate_limit is null
                          or (windlass.opened(q.id, true, x.partition, q.lane_rate_limit, q.lane_rate_period, p_now)).free > 0
                        when q.concurrency is null then false
                        else (windlass.lane(q, x.partition, p_now)).free > 0 end
             order by x.priority, x.seq limit 1) x
           where w.payer = i.key and w.state = 'waiting'
           order by x.priority, x.seq limit 1) x
       order by x.priority, x.seq limit case when q.partitioned then 1 else p_rows end),
    head as materialized (
      select l.key, f.payer from first f cross join lateral (
        select l.key from live l
         where l.key = f.key and l.state = 'queued' and l.host is null limit 1 for no key update skip locked) l)
    select array_agg(h.key), array_agg(h.payer) into v_keys, v_payers from head h;
    exit when v_keys is null;
    perform windlass.take(p_host, q, v_keys, v_payers, p_now);
    v_all := v_all || v_keys;
    exit when not q.partitioned;
  end loop;
  return v_all;
end $$;

-- Of those who share the slots of these payers, one has the place of each of their partitions: where
-- nobody has it any more, the oldest takes it. The payers are locked before anybody looks, so that
-- nobody is lent a place that goes.
create function windlass.keep_lanes(p_payers bigint[]) returns void language plpgsql volatile as $$
begin
  perform 1 from live l where l.key = any (p_payers) order by l.key for no key update;
  update live l set lane_lent = false
    from (select distinct on (m.payer, m.partition) m.key from live m
           where m.payer = any (p_payers) and m.partition is not null
             and not exists (select 1 from live o
                              where o.payer = m.payer and o.partition = m.partition and not o.lane_lent)
           order by m.payer, m.partition, m.key) heir
   where l.key = heir.key;
end $$;

-- One of those who share a slot ended, or went back to its place in the queue. Where the payer does,
-- `pass_on` follows.
create function windlass.lane_left() returns trigger language plpgsql as $$
begin
  perform windlass.keep_lanes(array[old.payer]);
  return null;
end $$;

create trigger live_lane_left after delete on live for each row
  when (old.payer <> old.key and old.partition is not null and not old.lane_lent)
  execute function windlass.lane_left();

create trigger live_lane_given_back after update of payer on live for each row
  when (new.payer is null and old.payer <> old.key and old.partition is not null and not old.lane_lent)
  execute function windlass.lane_left();

-- These gave up the slots for which they paid: whoever was lent one pays for it from now on, first
-- the one that is in it. The places in partitions stay where they are, or pass on as well.
create or replace function windlass.pass_on(p_keys bigint[]) returns void language plpgsql volatile as $$
declare
  v_key bigint;
  v_next bigint;
  v_heirs bigint[] := '{}';
begin
  perform 1 from live l where l.payer = any (p_keys) order by l.key for no key update;
  if not found then
    return;
  end if;
  foreach v_key in array p_keys loop
    select l.key into v_next
      from live l where l.payer = v_key order by (l.host is null), l.key limit 1;
    if found then
      update live l set payer = v_next where l.payer = v_key;
      v_heirs := v_heirs || v_next;
    end if;
  end loop;
  perform windlass.keep_lanes(v_heirs);
end $$;

-- As in 0019, but for the last step of partitions that come.
create or replace function windlass.put_queue(
  p_namespace text, p_name text, p_settings text, p_concurrency int, p_ordered boolean, p_paused boolean,
  p_timeout bigint, p_rate_limit int, p_rate_period bigint, p_partitioned boolean, p_lane_concurrency int,
  p_lane_rate_limit int, p_lane_rate_period bigint
) returns table (id bigint, created_at bigint) language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_id bigint;
  v_partitioned boolean;
begin
  perform set_config('lock_timeout', '800ms', true);
  perform pg_advisory_xact_lock(7405, hashtext(p_namespace || '/' || p_name));
  insert into queues (namespace, name, settings, created_at)
  values (p_namespace, p_name, p_settings, windlass.now()) on conflict do nothing;
  select q.id, q.partitioned into v_id, v_partitioned
    from queues q where q.namespace = p_namespace and q.name = p_name;
  if v_partitioned <> p_partitioned then
    perform pg_advisory_xact_lock(7403, v_id::int);
    update live l set partition = case when p_partitioned then coalesce(i.partition, '') end, lane_lent = false
      from invocations i where l.queue_id = v_id and i.key = l.key;
    update live l set lane_lent = true
     where p_partitioned and l.queue_id = v_id
       and exists (select 1 from live m
                    where m.payer = l.payer and m.partition = l.partition and m.key < l.key);
  end if;
  return query
    update queues q
       set settings = p_settings, concurrency = p_concurrency, ordered = p_ordered, paused = p_paused,
           timeout_ms = p_timeout, rate_limit = p_rate_limit, rate_period = p_rate_period,
           partitioned = p_partitioned, lane_concurrency = p_lane_concurrency,
           lane_rate_limit = p_lane_rate_limit, lane_rate_period = p_lane_rate_period
     where q.id = v_id returning q.id, q.created_at;
end $$;

-- What waits in a slot that it was lent counts from now on.
update live l set lane_lent = exists (
    select 1 from live m where m.payer = l.payer and m.partition = l.partition and m.key < l.key)
 where l.payer is not null and l.partition is not null;
