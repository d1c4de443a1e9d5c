-- The claim: how many slots of a queue a host may hold, and what it takes of it. Its parts stand in
-- `0011_claims.sql`.

create function windlass.claim(
  p_host bigint, p_queue bigint, p_executing int, p_reserved int, p_slots int, p_rows int, p_began bigint
) returns setof windlass.exchanged language plpgsql volatile as $$
#variable_conflict use_column
declare
  q queues;
  v_now bigint;
  v_shared boolean;
  v_cap int;
  v_holders bigint := 0;
  v_others bigint;
  v_starving bigint;
  v_sharers bigint;
  v_before int;
  v_target int;
  v_slots int;
  v_startable int;
  v_wanted int := p_rows;
  v_opened int := 1000000000;
  v_rows int;
  v_keys bigint[] := '{}';
  v_lent bigint[] := '{}';
  v_taken bigint := 0;
  v_more bigint := 0;
  v_drained boolean := false;
  v_opens_at bigint;
  v_at bigint;
begin
  select * into q from queues q where q.id = p_queue;
  v_shared := q.concurrency is not null or q.ordered or q.rate_limit is not null or q.partitioned;
  if v_shared then
    -- Lock, then look: the settings and the slots are read again under the lock. It lets foreign keys
    -- pass: two hosts that had each counted a first outcome of the queue would wait for each other.
    select * into q from queues q where q.id = p_queue for no key update;
    v_shared := q.concurrency is not null or q.ordered or q.rate_limit is not null or q.partitioned;
  end if;
  if q.id is null then
    return;
  end if;
  v_now := windlass.now();

  if p_rows > 0 and exists (select 1 from waits w where w.queue_id = p_queue and w.ready limit 1) then
    -- Also while the queue is paused: they have started long ago.
    return query select * from windlass.resume(
      p_host, p_queue, q.timeout_ms, v_now, q.concurrency is not null or q.lane_concurrency is not null, p_rows);
    get diagnostics v_more = row_count;
    v_wanted := p_rows - v_more::int;
  end if;

  if not v_shared then
    if not q.paused and v_wanted > 0 then
      -- A lock that lets foreign keys pass is enough, and does not slide past who is sent a message.
      return query
        with head as materialized (
          select l.key from live l
           where l.queue_id = p_queue and l.state = 'queued' and l.host is null and l.due is null
             and l.partition is null and (l.deadline is null or l.deadline > v_now)
             and (l.backoff is null or l.backoff <= v_now)
           order by l.priority, l.seq limit v_wanted for no key update skip locked),
        taken as (
          update live l set host = p_host, fence = l.fence + 1, backoff = null
           where l.key = any (array (select h.key from head h))
          returning l.*)
        select 2, p_queue, t.key, t.fence, t.attempt + 1, false, t.suspect, t.deaths >= 2, v.function_id,
               v.namespace, v.id, v.task, v.arguments, coalesce(v.timeout_ms, q.timeout_ms), t.priority, t.seq,
               t.workflow, v.depth, false, false,
               t.partition, t.retried, v.retries, t.deadline - v_now, v.unchecked,
               null::text, null::int, null::boolean, null::boolean, null::boolean, null::bigint, null::bigint
          from taken t cross join lateral (
            select i.function_id, i.namespace, i.id, i.task, i.timeout_ms, i.depth, i.retries, i.unchecked,
                   case when octet_length(i.arguments) <= 8192 then i.arguments end as arguments
              from invocations i where i.key = t.key limit 1) v;
      get diagnostics v_taken = row_count;
      v_drained := v_taken < v_wanted;
    end if;
    return next windlass.granted(
      p_queue, q.settings, case when q.paused then 0 end, false, false, v_drained, null, null);
    return;
  end if;

  v_cap := coalesce(q.concurrency, 1000000000);
  select coalesce(sum(s.slots), 0), count(*) filter (where s.wanted > s.slots), count(*) filter (where s.wanted > 0)
    into v_others, v_starving, v_sharers
    from slots s where s.queue_id = p_queue and s.host <> p_host;
  if q.concurrency is not null or q.lane_concurrency is not null then
    -- The slots of those that wait or have waited are no host's.
    select count(*) into v_holders from live l where l.queue_id = p_queue and l.payer = l.key;
    if q.concurrency is not null then
      v_others := v_others + v_holders;
    end if;
  end if;
  select coalesce((select s.slots from slots s where s.queue_id = p_queue and s.host = p_host), 0) into v_before;

  -- What the host may use, and what it is counted as holding: what executes counts, even where it
  -- is more than allowed.
  v_target := least(p_slots, greatest(0, v_cap - v_others)::int);
  if v_starving > 0 then
    v_target := least(v_target, ceil(v_cap::numeric / (v_sharers + 1))::int);
  end if;
  if q.paused then
    v_target := 0;
  end if;
  v_slots := greatest(p_executing, v_target);
  v_startable := greatest(0, v_slots - p_executing - p_reserved);
  if q.paused or v_others + p_executing >= v_cap then
    v_startable := 0;
  end if;
  v_rows := case
    when q.paused then 0
    when not q.ordered and q.concurrency is null then v_wanted
    when not q.ordered and v_others = 0 and v_target = v_cap and v_slots = v_cap then v_wanted
    else least(v_wanted, v_startable) end;
  if q.rate_limit is not null then
    select o.free into v_opened from windlass.opened(p_queue, false, '', q.rate_limit, q.rate_period, v_now) o;
    v_rows := least(v_rows, v_opened);
  end if;

  if v_rows > 0 and q.partitioned then
    select t.keys, t.opens_at into v_keys, v_opens_at from windlass.take_turns(p_host, q, v_rows, v_now) t;
    v_taken := cardinality(v_keys);
    return query select * from windlass.handed(p_queue, q.timeout_ms, v_now, v_keys, false);
  elsif v_rows > 0 then
    return query
      with head as materialized (
        select l.key, l.place
          from (select l.key, row_number() over (order by l.priority, l.seq) as place,
                       coalesce(bool_or(l.backoff > v_now) over (order by l.priority, l.seq), false) as held
                  from (select l.key, l.priority, l.seq, l.backoff from live l
                         where l.queue_id = p_queue and l.state = 'queued' and l.host is null and l.due is null
                           and l.partition is null and (l.deadline is null or l.deadline > v_now)
                           and (q.ordered or l.backoff is null or l.backoff <= v_now)
                         order by l.priority, l.seq limit v_rows) l) l
         where not l.held),
      locked as materialized (
        -- Under the queue's lock nothing is waited for: whoever has a head locked, because it is
        -- cancelled, say, may wait for what this host has locked.
        select l.key from live l
         where l.key = any (array (select h.key from head h)) and l.state = 'queued' and l.host is null
           for no key update skip locked),
      first as materialized (
        -- Nothing slides past one that is locked.
        select h.key from head h
         where (select count(*) from locked) = (select count(*) from head)
            or h.place < (select min(h.place) from head h where h.key <> all (array (select l.key from locked l)))),
      taken as (
        update live l set host = p_host, fence = l.fence + 1, backoff = null,
               token = windlass.stamp(q.rate_period, v_now),
               state = case when q.ordered and l.deaths < 2 then 'running' else l.state end,
               started_at = case when q.ordered and l.deaths < 2 then v_now end,
               attempt = case when q.ordered and l.deaths < 2 then l.attempt + 1 else l.attempt end
         where l.key = any (array (select f.key from first f))
        returning l.*)
      select 2, p_queue, t.key, t.fence,
             case when t.state = 'running' then t.attempt else t.attempt + 1 end,
             t.state = 'running', t.suspect, t.deaths >= 2, v.function_id, v.namespace, v.id, v.task,
             v.arguments, coalesce(v.timeout_ms, q.timeout_ms), t.priority, t.seq,
             t.workflow, v.depth, false, false,
             t.partition, t.retried, v.retries, t.deadline - v_now, v.unchecked,
             null::text, null::int, null::boolean, null::boolean, null::boolean, null::bigint, null::bigint
        from taken t cross join lateral (
          select i.function_id, i.namespace, i.id, i.task, i.timeout_ms, i.depth, i.retries, i.unchecked,
                 case when octet_length(i.arguments) <= 8192 then i.arguments end as arguments
            from invocations i where i.key = t.key limit 1) v;
    get diagnostics v_taken = row_count;
    if q.rate_limit is not null then
      perform windlass.count_starts(q, v_taken::int, '{}', v_now);
    end if;
  end if;
  if v_holders > 0 and not q.paused and least(v_wanted, v_opened) > v_taken then
    v_lent := windlass.borrow(p_host, q, v_now, (least(v_wanted, v_opened) - v_taken)::int);
    return query select * from windlass.handed(p_queue, q.timeout_ms, v_now, v_lent, false);
  end if;
  v_more := v_taken + cardinality(v_lent);
  if not q.paused and v_more < v_wanted then
    -- In the order of its index, so that nothing else is read, whatever statistics say.
    if q.partitioned then
      perform 1 from live l
        where l.queue_id = p_queue and l.state = 'queued' and l.host is null and l.due is null
          and l.partition is not null
        order by l.partition, l.priority, l.seq limit 1;
    else
      perform 1 from live l
        where l.queue_id = p_queue and l.state = 'queued' and l.host is null and l.due is null
          and l.partition is null
        order by l.priority, l.seq limit 1;
    end if;
    v_drained := not found;
    if not v_drained and q.rate_limit is not null and v_opened <= v_more then
      select o.opens_at into v_at from windlass.opened(p_queue, false, '', q.rate_limit, q.rate_period, v_now) o;
      v_opens_at := v_at;
    end if;
    if not v_drained and q.ordered and not q.partitioned then
      select l.backoff into v_at from live l
       where l.queue_id = p_queue and l.state = 'queued' and l.host is null and l.due is null
         and l.partition is null and (l.deadline is null or l.deadline > v_now)
       order by l.priority, l.seq limit 1;
      if v_at > v_now then
        v_opens_at := greatest(v_opens_at, v_at);
      end if;
    end if;
  end if;
  if v_drained or q.paused or p_rows = 0 then
    -- Hold no more than is in use when there is nothing to start.
    v_slots := greatest(p_executing, least(v_slots, p_executing + p_reserved + v_taken::int));
  end if;

  if v_slots = 0 and (v_drained or p_slots = 0) or q.concurrency is null and not q.ordered then
    delete from slots s where s.queue_id = p_queue and s.host = p_host;
  else
    insert into slots as s (queue_id, host, slots, wanted)
    values (p_queue, p_host, v_slots, case when v_drained or q.paused then v_slots else p_slots end)
    on conflict (queue_id, host) do update set slots = excluded.slots, wanted = excluded.wanted
     where (s.slots, s.wanted) is distinct from (excluded.slots, excluded.wanted);
  end if;
  return next windlass.granted(
    p_queue, q.settings,
    case when q.paused then 0 when q.concurrency is null then null else least(v_target, v_slots) end,
    v_starving > 0 and q.concurrency is not null, v_starving > 0 and v_slots < v_before, v_drained,
    case when v_opens_at is not null then greatest(0, v_opens_at - v_now) end,
    case when q.rate_limit is not null or q.partitioned and q.lane_rate_limit is not null
         then greatest(0, v_now - p_began) end);
end $$;
