-- What a claim is made of: rates, turns of partitions, slots that are kept and lent. The claim itself
-- stands in `0017_claim.sql`, what is handed in in `0018_exchange.sql`, what the clock asks for in
-- `0019_clock.sql`.
--
-- Every moment is read by `windlass.now()`. What counts against a limit is counted under the lock of
-- the queue's row, by a statement that is younger than the wait for it.

drop function windlass.exchange;
drop function windlass.claim;
drop function windlass.resume;
drop function windlass.borrow;
drop function windlass.handed;
drop function windlass.not_done;
drop function windlass.granted;
drop function windlass.note;
drop type windlass.exchanged;

-- A row of an exchange's answer. `what`: 0 a hand-in that is no longer the host's (nothing was
-- recorded for it), 1 the answer to a claim, 2 a claimed invocation, 4 a queue in which something
-- may go on, 5 an invocation that was handed in to go on later and ended instead, 6 when one goes on
-- (`fence` is the moment).
create type exchanged as (
  what int, queue_id bigint, key bigint, fence bigint, attempt int, running boolean, suspect boolean,
  alone boolean, function_id bigint, namespace text, id text, task text, arguments bytea,
  timeout_ms bigint, priority int, seq bigint, workflow boolean, depth int, resumed boolean, lent boolean,
  partition text, retried int, retries text, left_us bigint, unchecked boolean,
  settings text, slots int, contended boolean, freed boolean, drained boolean, opens_in bigint,
  counted_after bigint
);

-- A row that needs no more than this.
create function windlass.note(p_what int, p_queue bigint, p_key bigint, p_fence bigint)
returns windlass.exchanged language sql immutable as $$
  select (p_what, p_queue, p_key, p_fence, null, null, null, null, null, null, null, null, null, null, null,
          null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
          null)::windlass.exchanged
$$;

-- The answer to a claim.
create function windlass.granted(
  p_queue bigint, p_settings text, p_slots int, p_contended boolean, p_freed boolean, p_drained boolean,
  p_opens_in bigint, p_counted_after bigint
) returns windlass.exchanged language sql immutable as $$
  select (1, p_queue, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
          null, null, null, null, null, null, null, null, p_settings, p_slots, p_contended, p_freed, p_drained,
          p_opens_in, p_counted_after)::windlass.exchanged
$$;

-- As `claimed` answers them, those that were taken before in this transaction.
create function windlass.handed(p_queue bigint, p_timeout bigint, p_now bigint, p_keys bigint[], p_resumed boolean)
returns setof windlass.exchanged language sql volatile as $$
  select 2, p_queue, l.key, l.fence, case when l.state = 'running' then l.attempt else l.attempt + 1 end,
         l.state = 'running', l.suspect, l.deaths >= 2, v.function_id, v.namespace, v.id, v.task, v.arguments,
         coalesce(v.timeout_ms, p_timeout), l.priority, l.seq, l.workflow, v.depth, p_resumed,
         p_resumed or l.payer is not null, l.partition, l.retried, v.retries, l.deadline - p_now, v.unchecked,
         null::text, null::int, null::boolean, null::boolean, null::boolean, null::bigint, null::bigint
    from live l cross join lateral (
      select i.function_id, i.namespace, i.id, i.task, i.timeout_ms, i.depth, i.retries, i.unchecked,
             case when octet_length(i.arguments) <= 8192 then i.arguments end as arguments
        from invocations i where i.key = l.key limit 1) v
   where l.key = any (p_keys)
$$;

-- Rates ------------------------------------------------------------------------------------------

-- The moment under which starts are counted now: rounded up to a thousandth of the period.
create function windlass.stamp(p_period bigint, p_now bigint) returns bigint language sql immutable as $$
  select case when p_period is not null then
    (p_now + greatest(1000, p_period / 1000) - 1) / greatest(1000, p_period / 1000) * greatest(1000, p_period / 1000)
  end
$$;

-- How many more may start now, and when the oldest that is counted is counted no more. What is counted
-- may start a quarter of a second later: for that long it counts beyond the period.
create function windlass.opened(
  p_queue bigint, p_of_partition boolean, p_partition text, p_limit int, p_period bigint, p_now bigint,
  out free int, out opens_at bigint
) language plpgsql volatile as $$
begin
  select greatest(0, p_limit - coalesce(sum(t.n), 0))::int, min(t.at) + p_period + 250000
    into free, opens_at
    from tokens t
   where t.queue_id = p_queue and t.of_partition = p_of_partition and t.partition = p_partition
     and t.at > p_now - p_period - 250000 and t.n > 0;
end $$;

-- Counts so many starts, of partitions those of these keys, and forgets what counts no more.
create function windlass.count_starts(q windlass.queues, p_count int, p_keys bigint[], p_now bigint) returns void
language plpgsql volatile as $$
begin
  if p_count = 0 then
    return;
  end if;
  if q.rate_limit is not null then
    delete from tokens t
     where t.queue_id = q.id and not t.of_partition and t.partition = '' and t.at <= p_now - q.rate_period - 250000;
    insert into tokens as t (queue_id, partition, of_partition, at, n)
    values (q.id, '', false, windlass.stamp(q.rate_period, p_now), p_count)
    on conflict (queue_id, of_partition, partition, at) do update set n = t.n + excluded.n;
  end if;
  if q.partitioned and q.lane_rate_limit is not null then
    delete from tokens t
     where t.queue_id = q.id and t.of_partition
       and t.partition in (select l.partition from live l where l.key = any (p_keys))
       and t.at <= p_now - q.lane_rate_period - 250000;
    insert into tokens as t (queue_id, partition, of_partition, at, n)
    select q.id, l.partition, true, windlass.stamp(q.lane_rate_period, p_now), count(*)
      from live l where l.key = any (p_keys) and l.partition is not null group by l.partition
    on conflict (queue_id, of_partition, partition, at) do update set n = t.n + excluded.n;
  end if;
end $$;

-- Partitions -------------------------------------------------------------------------------------

-- How many more of a partition may start now, and when its rate lets more, if that is what holds it.
create function windlass.lane(q windlass.queues, p_partition text, p_now bigint, out free int, out opens_at bigint)
language plpgsql volatile as $$
declare
  v_rate int;
begin
  free := 1000000000;
  if q.lane_concurrency is not null then
    select greatest(0, q.lane_concurrency - count(*))::int into free
      from (select 1 from live l
             where l.queue_id = q.id and l.partition = p_partition and l.partition is not null
               and (l.host is not null or l.payer = l.key) and not l.lane_lent
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

-- Takes these for the host, in the slots of these payers where there are such, and counts them.
create function windlass.take(
  p_host bigint, q windlass.queues, p_keys bigint[], p_payers bigint[], p_now bigint
) returns void language plpgsql volatile as $$
begin
  update live l
     set host = p_host, fence = l.fence + 1, backoff = null, payer = u.payer,
         lane_lent = exists (select 1 from live p where p.key = u.payer and p.partition = l.partition),
         token = windlass.stamp(q.rate_period, p_now),
         lane_token = case when l.partition is not null then windlass.stamp(q.lane_rate_period, p_now) end,
         state = case when q.ordered and l.deaths < 2 then 'running' else l.state end,
         started_at = case when q.ordered and l.deaths < 2 then p_now end,
         attempt = case when q.ordered and l.deaths < 2 then l.attempt + 1 else l.attempt end
    from unnest(p_keys, p_payers) u(key, payer)
   where l.key = u.key;
  perform windlass.count_starts(q, cardinality(p_keys), p_keys, p_now);
end $$;

-- Takes heads of partitions, in turns: one of each that may start something, from where the last claim
-- stopped, and again. `opens_at` is when the first of those opens that only time holds back.
create function windlass.take_turns(
  p_host bigint, q windlass.queues, p_rows int, p_now bigint, out keys bigint[], out opens_at bigint
) language plpgsql volatile as $$
declare
  v_last text;
  v_lanes text[];
  v_free int[];
  v_each int;
  v_keys bigint[];
  v_served text;
  v record;
begin
  keys := '{}';
  select t.last into v_last from turns t where t.queue_id = q.id;
  while cardinality(keys) < p_rows loop
    v_lanes := '{}';
    v_free := '{}';
    -- As far as it is needed: a loop reads on only so far.
    for v in
      with recursive after as (
        (select l.partition, l.backoff from live l
          where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
            and l.partition is not null and (v_last is null or l.partition > v_last)
            and (l.deadline is null or l.deadline > p_now)
            and (q.ordered or l.backoff is null or l.backoff <= p_now)
          order by l.partition, l.priority, l.seq limit 1)
        union all
        select n.* from after a cross join lateral (
          select l.partition, l.backoff from live l
           where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
             and l.partition is not null and l.partition > a.partition
             and (l.deadline is null or l.deadline > p_now)
             and (q.ordered or l.backoff is null or l.backoff <= p_now)
           order by l.partition, l.priority, l.seq limit 1) n),
      again as (
        (select l.partition, l.backoff from live l
          where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
            and l.partition is not null and l.partition <= v_last
            and (l.deadline is null or l.deadline > p_now)
            and (q.ordered or l.backoff is null or l.backoff <= p_now)
          order by l.partition, l.priority, l.seq limit 1)
        union all
        select n.* from again a cross join lateral (
          select l.partition, l.backoff from live l
           where l.queue_id = q.id and l.state = 'queued' and l.host is null and l.due is null
             and l.partition is not null and l.partition > a.partition and l.partition <= v_last
             and (l.deadline is null or l.deadline > p_now)
             and (q.ordered or l.backoff is null or l.backoff <= p_now)
           order by l.partition, l.priority, l.seq limit 1) n)
      select w.partition, case when w.backoff > p_now then 0 else r.free end as free,
             case when w.backoff > p_now then w.backoff else r.opens_at end as opens_at
        from (select * from after union all select * from again) w
       cross join lateral windlass.lane(q, w.partition, p_now) r
    loop
      if v.free > 0 then
        v_lanes := v_lanes || v.partition;
        v_free := v_free || v.free;
        exit when cardinality(v_lanes) >= p_rows - cardinality(keys);
      else
        opens_at := least(opens_at, v.opens_at);
      end if;
    end loop;
    exit when v_lanes = '{}';

    -- Whole rounds: where some have less, another look finds who has more.
    v_each := (p_rows - cardinality(keys) + cardinality(v_lanes) - 1) / cardinality(v_lanes);
    with heads as materialized (
      select h.key, u.lane, u.ord, h.round
        from unnest(v_lanes, v_free) with ordinality u(lane, free, ord)
       cross join lateral (
         select l.key, row_number() over (order by l.priority, l.seq) as round,
                coalesce(bool_or(l.backoff > p_now) over (order by l.priority, l.seq), false) as held
           from (select l.key, l.priority, l.seq, l.backoff from live l
                  where l.queue_id = q.id and l.partition = u.lane and l.partition is not null
                    and l.state = 'queued' and l.host is null and l.due is null
                    and (l.deadline is null or l.deadline > p_now)
                    and (q.ordered or l.backoff is null or l.backoff <= p_now)
                  order by l.priority, l.seq limit least(u.free, v_each)) l) h
       where not h.held),
    locked as materialized (
      -- As everywhere under the queue's lock, nothing is waited for.
      select l.key from live l
       where l.key = any (array (select h.key from heads h)) and l.state = 'queued' and l.host is null
         for no key update skip locked),
    met as (
      select h.*, bool_and(k.key is not null) over (partition by h.lane order by h.round) as clear
        from heads h left join locked k on k.key = h.key),
    chosen as (
      select m.key, m.lane, row_number() over (order by m.round, m.ord) as place
        from met m where m.clear order by m.round, m.ord limit p_rows - cardinality(keys))
    select array_agg(c.key order by c.place), (array_agg(c.lane order by c.place desc))[1]
      into v_keys, v_served from chosen c;
    exit when v_keys is null;
    perform windlass.take(p_host, q, v_keys, null, p_now);
    keys := keys || v_keys;
    v_last := v_served;
  end loop;
  if cardinality(keys) > 0 then
    insert into turns as t (queue_id, last) values (q.id, v_last)
    on conflict (queue_id) do update set last = excluded.last;
  end if;
end $$;

-- Slots that are kept and lent -------------------------------------------------------------------

-- Waiting workflows that go on, on this host. With a limit only those whose slot nobody is in, one a
-- slot: the caller holds the queue's lock, so that nobody else puts one there. Nothing is waited for.
create function windlass.resume(
  p_host bigint, p_queue bigint, p_timeout bigint, p_now bigint, p_capped boolean, p_rows int
) returns setof windlass.exchanged language plpgsql volatile as $$
declare
  v_keys bigint[];
begin
  if p_capped then
    with ready as materialized (
      select l.key, l.payer, l.priority, l.seq
        from waits w cross join lateral (
          select * from live l where l.key = w.key and l.state = 'waiting' limit 1) l
       where w.queue_id = p_queue and w.ready and (l.deadline is null or l.deadline > p_now)
         and not exists (select 1 from live m where m.payer = l.payer and m.host is not null)),
    first as materialized (
      select distinct on (r.payer) r.key, r.priority, r.seq from ready r order by r.payer, r.priority, r.seq),
    chosen as materialized (select f.key from first f order by f.priority, f.seq limit p_rows),
    locked as (
      select w.key from waits w where w.key = any (array (select c.key from chosen c)) and w.ready
         for update skip locked)
    select array_agg(l.key) into v_keys from locked l;
  else
    with locked as (
      select w.key from waits w where w.queue_id = p_queue and w.ready
       order by w.key limit p_rows for update skip locked)
    select array_agg(l.key) into v_keys from locked l;
  end if;
  with locked as (
    select l.key from live l
     where l.key = any (v_keys) and l.state = 'waiting' and (l.deadline is null or l.deadline > p_now)
       for no key update skip locked)
  select array_agg(l.key) into v_keys from locked l;
  if v_keys is null then
    return;
  end if;
  update live l set state = 'running', host = p_host, fence = l.fence + 1 where l.key = any (v_keys);
  update waits w set waiting = false, ready = false where w.key = any (v_keys);
  return query select * from windlass.handed(p_queue, p_timeout, p_now, v_keys, true);
end $$;

-- Starts in lent slots: of each slot that nobody is in, and that nobody of its family is ready to go
-- on in, the first queued descendant of the waiting workflows that hold it. Under the queue's lock;
-- nothing is waited for, and nothing slides past one that is locked.
--
-- In the payer's partition its place is lent with the slot; in another one there must be room. Of a
-- queue without a concurrency of its own only places are lent.
create function windlass.borrow(p_host bigint, q windlass.queues, p_now bigint, p_rows int)
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
      select p.key, p.partition from live p
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
                        when x.partition = i.partition then
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

-- These gave up the slots for which they paid: whoever was lent one pays for it from now on, first
-- the one that is in it. It takes a place in its own partition; whose partition is another one than
-- the payer's is lent none there any more.
create or replace function windlass.pass_on(p_keys bigint[]) returns void language plpgsql volatile as $$
declare
  v_key bigint;
  v_next record;
begin
  perform 1 from live l where l.payer = any (p_keys) order by l.key for no key update;
  if not found then
    return;
  end if;
  foreach v_key in array p_keys loop
    select l.key, l.partition into v_next
      from live l where l.payer = v_key order by (l.host is null), l.key limit 1;
    if found then
      update live l
         set payer = v_next.key,
             lane_lent = l.lane_lent and l.key <> v_next.key and l.partition is not distinct from v_next.partition
       where l.payer = v_key;
    end if;
  end loop;
end $$;
