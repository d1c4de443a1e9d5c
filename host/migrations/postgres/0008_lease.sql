-- Leases of hosts, slots that are lent, and what the end of an invocation brings about.

drop function windlass.rescue;
drop function windlass.leave;

-- What is stored of an invocation that somebody cancelled.
create function windlass.cancelled_body(p_reason text) returns bytea language sql immutable as $$
  select convert_to('{"kind":"cancelled","message":' || to_json(p_reason)::text || '}', 'UTF8')
$$;

-- Ends these as cancelled; the caller has locked their rows and sees to what follows. The host is
-- the one that held them, or none: then the fence grows, so that nobody's word counts any more.
create function windlass.end_cancelled(p_keys bigint[], p_host bigint, p_reason text)
returns windlass.gone[] language plpgsql volatile as $$
declare
  v_gone windlass.gone[];
begin
  with ended as (
    delete from live l where l.key = any (p_keys) returning l.*),
  kept as (
    insert into outcomes (key, queue_id, state, kind, body, attempt, fence, host, started_at, finished_at)
    select e.key, e.queue_id, 'cancelled', 'cancelled', windlass.cancelled_body(coalesce(e.cancel, p_reason)),
           e.attempt, e.fence + (p_host is null)::int, case when e.attempt > 0 then p_host end, e.started_at,
           windlass.now()
      from ended e),
  counted as (
    insert into tallies as t (queue_id, host, cancelled)
    select e.queue_id, coalesce(p_host, 0), count(*) from ended e group by e.queue_id order by e.queue_id
    on conflict (queue_id, host) do update set cancelled = t.cancelled + excluded.cancelled)
  select coalesce(array_agg((e.key, e.queue_id, e.parent, e.payer, e.lender, e.workflow)::windlass.gone), '{}')
    into v_gone from ended e;
  return v_gone;
end $$;

-- The nearest from `p_from` upwards that is on this queue and has not ended; it does not end before
-- the transaction does.
create function windlass.lender(p_from bigint, p_queue bigint) returns bigint
language plpgsql volatile as $$
declare
  v_key bigint := p_from;
  v_queue bigint;
  v_parent bigint;
begin
  while v_key is not null loop
    select i.queue_id, i.parent into v_queue, v_parent from invocations i where i.key = v_key;
    if v_queue = p_queue then
      perform 1 from live l where l.key = v_key for key share;
      if found then
        return v_key;
      end if;
    end if;
    v_key := v_parent;
  end loop;
  return null;
end $$;

-- These gave up the slots for which they paid: whoever was lent one pays for it from now on, first
-- the one that is in it.
create function windlass.pass_on(p_keys bigint[]) returns void language plpgsql volatile as $$
declare
  v_key bigint;
  v_next bigint;
begin
  perform 1 from live l where l.payer = any (p_keys) order by l.key for no key update;
  if not found then
    return;
  end if;
  foreach v_key in array p_keys loop
    select l.key into v_next from live l where l.payer = v_key order by (l.host is null), l.key limit 1;
    if found then
      update live l set payer = v_next where l.payer = v_key;
    end if;
  end loop;
end $$;

-- Locks what tells of waiting: for the parents of what ended, for what ended, and for what waits.
create function windlass.lock_waits(p_gone windlass.gone[], p_waiting bigint[]) returns void
language plpgsql volatile as $$
begin
  perform 1 from waits w
    where w.key = any (array (
      select g.parent from unnest(p_gone) g where g.parent is not null
      union select g.key from unnest(p_gone) g where g.workflow
      union select u from unnest(p_waiting) u))
    order by w.key for update;
end $$;

-- Draws the conclusions from what ended and from what began to wait: slots are passed on, whoever
-- waited for it becomes ready, messages that nobody will take are forgotten. Answers the queues in
-- which something may go on.
create function windlass.settle(p_gone windlass.gone[], p_waiting bigint[]) returns bigint[]
language plpgsql volatile as $$
declare
  v_paying bigint[];
  v_workflows bigint[];
  v_parents bigint[];
  v_freed bigint[];
begin
  select coalesce(array_agg(g.key) filter (where g.payer = g.key), '{}'),
         coalesce(array_agg(g.key) filter (where g.workflow), '{}'),
         coalesce(array_agg(distinct g.parent) filter (where g.parent is not null), '{}'),
         coalesce(array_agg(distinct g.queue_id) filter (where g.payer is not null), '{}')
    into v_paying, v_workflows, v_parents, v_freed
    from unnest(p_gone) g;
  if cardinality(v_paying) > 0 then
    perform windlass.pass_on(v_paying);
  end if;
  perform windlass.lock_waits(p_gone, p_waiting);
  if cardinality(v_workflows) > 0 then
    delete from waits w where w.key = any (v_workflows);
    delete from messages m where m.key = any (v_workflows);
  end if;

  -- From here on under the locks: whoever ends one of those awaited either has committed, or finds
  -- what is written here.
  if cardinality(v_parents) > 0 then
    with families as materialized (
      select g.parent, array_agg(g.key) as ended from unnest(p_gone) g where g.parent is not null group by g.parent)
    update waits w set ready = true
      from families f
     where w.key = f.parent and w.waiting and not w.ready
       and case when w.all_of then windlass.have_all_ended(w.awaited)
                else exists (select 1 from unnest(f.ended) e(key) where e.key = any (w.awaited)) end;
  end if;
  if cardinality(p_waiting) > 0 then
    update waits w set ready = true
     where w.key = any (p_waiting) and windlass.has_come(w);
  end if;
  return array (
    select distinct u from unnest(v_freed || array (
      select w.queue_id from waits w where w.key = any (v_parents || p_waiting) and w.ready)) u);
end $$;

-- Looks at the last one first: as a rule they end in order.
create function windlass.have_all_ended(p_awaited bigint[]) returns boolean language plpgsql volatile as $$
begin
  return p_awaited <> '{}' and not exists (
    select 1 from (select l.key from live l where l.key = any (p_awaited) order by l.key desc limit 1) l);
end $$;

-- Whether what a workflow waits for has come; under the lock of its row.
create function windlass.has_come(w windlass.waits) returns boolean language plpgsql volatile as $$
begin
  return coalesce(w.at <= windlass.now(), false)
    or case when w.awaited = '{}' then false
            when w.all_of then windlass.have_all_ended(w.awaited)
            else (select count(*) from live l where l.key = any (w.awaited)) < cardinality(w.awaited) end
    or (w.messages <> '{}' and exists (
      select 1 from messages m where m.key = w.key and m.name = any (w.messages)));
end $$;

-- Queued descendants of what ended turn to the next ancestor on their queue. What somebody else has
-- locked is being claimed or cancelled, and needs no lender.
create function windlass.turn(p_gone windlass.gone[]) returns void language plpgsql volatile as $$
declare
  v_workflows bigint[];
  v_gone record;
begin
  select array_agg(g.key) into v_workflows from unnest(p_gone) g where g.workflow;
  if v_workflows is null or not exists (
    select 1 from live l where l.lender = any (v_workflows) and l.state = 'queued' and l.host is null) then
    return;
  end if;
  for v_gone in select g.key, g.lender from unnest(p_gone) g where g.workflow order by g.key desc loop
    with theirs as materialized (
      select l.key from live l
       where l.lender = v_gone.key and l.state = 'queued' and l.host is null
         for no key update skip locked)
    update live l set lender = v_gone.lender where l.key = any (array (select t.key from theirs t));
  end loop;
end $$;

-- Waiting workflows that go on, on this host. With a limit only those whose slot nobody is in, one a
-- slot: the caller holds the queue's lock, so that nobody else puts one there. Nothing is waited for.
create function windlass.resume(p_host bigint, p_queue bigint, p_timeout bigint, p_capped boolean, p_rows int)
returns setof windlass.exchanged language plpgsql volatile as $$
declare
  v_keys bigint[];
begin
  if p_capped then
    with ready as materialized (
      select l.key, l.payer, l.priority, l.seq
        from waits w cross join lateral (
          select * from live l where l.key = w.key and l.state = 'waiting' limit 1) l
       where w.queue_id = p_queue and w.ready
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
    select l.key from live l where l.key = any (v_keys) and l.state = 'waiting' for no key update skip locked)
  select array_agg(l.key) into v_keys from locked l;
  if v_keys is null then
    return;
  end if;
  update live l set state = 'running', host = p_host, fence = l.fence + 1 where l.key = any (v_keys);
  update waits w set waiting = false, ready = false where w.key = any (v_keys);
  return query select * from windlass.handed(p_queue, p_timeout, v_keys, true);
end $$;

-- Starts in lent slots: of each slot that nobody is in, and that nobody of its family is ready to go
-- on in, the first queued descendant of the waiting workflows that hold it. Under the queue's lock;
-- nothing is waited for, and nothing slides past one that is locked.
create function windlass.borrow(p_host bigint, p_queue bigint, p_timeout bigint, p_ordered boolean, p_rows int)
returns setof windlass.exchanged language plpgsql volatile as $$
declare
  v_keys bigint[];
begin
  with idle as materialized (
    -- Locked, so that the payer does not end under the loan.
    select p.key from live p
     where p.queue_id = p_queue and p.payer = p.key
       and not exists (select 1 from live m where m.payer = p.key and m.host is not null)
       and not exists (
         select 1 from waits w cross join lateral (select l.payer from live l where l.key = w.key limit 1) l
          where w.queue_id = p_queue and w.ready and l.payer = p.key)
       for no key update of p skip locked),
  first as materialized (
    select i.key as payer, x.key, x.priority, x.seq
      from idle i cross join lateral (
        select x.* from live w cross join lateral (
          select x.key, x.priority, x.seq from live x
           where x.lender = w.key and x.state = 'queued' and x.host is null and x.queue_id = p_queue
           order by x.priority, x.seq limit 1) x
         where w.payer = i.key and w.state = 'waiting'
         order by x.priority, x.seq limit 1) x
     order by x.priority, x.seq limit p_rows),
  head as materialized (
    select l.key, f.payer from first f cross join lateral (
      select l.key from live l
       where l.key = f.key and l.state = 'queued' and l.host is null limit 1 for no key update skip locked) l),
  taken as (
    update live l set host = p_host, fence = l.fence + 1, payer = h.payer,
           state = case when p_ordered and l.deaths < 2 then 'running' else l.state end,
           started_at = case when p_ordered and l.deaths < 2 then windlass.now() end,
           attempt = case when p_ordered and l.deaths < 2 then l.attempt + 1 else l.attempt end
      from head h where l.key = h.key
    returning l.key)
  select array_agg(t.key) into v_keys from taken t;
  if v_keys is not null then
    return query select * from windlass.handed(p_queue, p_timeout, v_keys, false);
  end if;
end $$;

-- Claimed in a slot that is none of the host's.
create function windlass.handed(p_queue bigint, p_timeout bigint, p_keys bigint[], p_resumed boolean)
returns setof windlass.exchanged language sql volatile as $$
  select 2, p_queue, l.key, l.fence, case when l.state = 'running' then l.attempt else l.attempt + 1 end,
         l.state = 'running', l.suspect, l.deaths >= 2, v.function_id, v.namespace, v.id, v.task, v.arguments,
         coalesce(v.timeout_ms, p_timeout), l.priority, l.seq, l.workflow, v.depth, p_resumed, true,
         null::text, null::int, null::boolean, null::boolean, null::boolean
    from live l cross join lateral (
      select i.function_id, i.namespace, i.id, i.task, i.timeout_ms, i.depth,
             case when octet_length(i.arguments) <= 8192 then i.arguments end as arguments
        from invocations i where i.key = l.key limit 1) v
   where l.key = any (p_keys)
$$;

-- Declares a host dead if its beat counter still stands at `p_seen`, and takes everything from it.
create function windlass.rescue(p_host bigint, p_seen bigint, p_deaths_max int, p_body bytea)
returns table (declared boolean, returned bigint, failed bigint[], cancelled bigint[], queues bigint[])
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_failed bigint[];
  v_gone windlass.gone[];
  v_given record;
begin
  -- Waits for exchanges of that host that are in flight; none starts afterwards.
  perform pg_advisory_xact_lock(7402, p_host::int);
  update hosts h set state = 'dead' where h.number = p_host and h.beat = p_seen and h.state = 'alive';
  if not found then
    return query select false, 0::bigint, '{}'::bigint[], '{}'::bigint[], '{}'::bigint[];
    return;
  end if;
  perform 1 from live l where l.host = p_host order by l.key for update;

  insert into attempts (key, attempt, host, started_at, ended_at, reason)
  select l.key, l.attempt, p_host, l.started_at, windlass.now(), 'its host died'
    from live l where l.host = p_host and l.state = 'running';

  with lost as (
    delete from live l
     where l.host = p_host and l.state = 'running' and l.deaths + 1 >= p_deaths_max and l.cancel is null
    returning l.*),
  kept as (
    insert into outcomes (key, queue_id, state, kind, body, attempt, fence, host, started_at, finished_at)
    select l.key, l.queue_id, 'failed', 'host-lost', p_body, l.attempt, l.fence + 1, p_host, l.started_at, windlass.now()
      from lost l),
  counted as (
    insert into tallies as t (queue_id, host, failed)
    select l.queue_id, p_host, count(*) from lost l group by l.queue_id
    on conflict (queue_id, host) do update set failed = t.failed + excluded.failed)
  select coalesce(array_agg(l.key), '{}'),
         coalesce(array_agg((l.key, l.queue_id, l.parent, l.payer, l.lender, l.workflow)::windlass.gone), '{}')
    into v_failed, v_gone from lost l;

  select * into v_given from windlass.give_back(p_host, true, v_gone);
  return query select true, v_given.returned, v_failed, v_given.cancelled, v_given.queues;
end $$;

-- Gives back everything that a host still holds, without counting a death.
create function windlass.leave(p_host bigint) returns table (cancelled bigint[], queues bigint[])
language plpgsql volatile as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(7402, p_host::int);
  update hosts h set state = 'left' where h.number = p_host and h.state = 'alive';
  if not found then
    return query select '{}'::bigint[], '{}'::bigint[];
    return;
  end if;
  perform 1 from live l where l.host = p_host order by l.key for update;
  insert into attempts (key, attempt, host, started_at, ended_at, reason)
  select l.key, l.attempt, p_host, l.started_at, windlass.now(), 'its host stopped'
    from live l where l.host = p_host and l.state = 'running';
  return query select g.cancelled, g.queues from windlass.give_back(p_host, false, '{}') g;
end $$;

-- Puts what a host held back into its places, or ends it where that was wished for; `p_gone` is what
-- ended before.
create function windlass.give_back(p_host bigint, p_died boolean, p_gone windlass.gone[])
returns table (returned bigint, cancelled bigint[], queues bigint[])
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_gone windlass.gone[] := p_gone;
  v_cancelled bigint[];
  v_left bigint[];
  v_queues bigint[];
  v_returned bigint;
begin
  select array_agg(l.key) into v_cancelled from live l where l.host = p_host and l.cancel is not null;
  if v_cancelled is not null then
    v_gone := v_gone || windlass.end_cancelled(v_cancelled, p_host, null);
  end if;

  select coalesce(array_agg(l.key), '{}') into v_left
    from live l where l.host = p_host and l.payer = l.key;
  with back as (
    update live l set host = null, state = 'queued', fence = l.fence + 1, started_at = null, progress = null,
           deaths = l.deaths + (p_died and l.state = 'running')::int, suspect = l.suspect or p_died, payer = null,
           lender = case when l.lender is not null then windlass.lender(l.parent, l.queue_id) end
     where l.host = p_host returning l.queue_id)
  select count(*), coalesce(array_agg(distinct b.queue_id), '{}') into v_returned, v_queues from back b;
  if cardinality(v_left) > 0 then
    perform windlass.pass_on(v_left);
  end if;

  -- The slots that it held are free, even where it held no invocation.
  with freed as (delete from slots s where s.host = p_host returning s.queue_id)
  select v_queues || array (select f.queue_id from freed f) into v_queues;
  if cardinality(v_gone) > 0 then
    v_queues := v_queues || windlass.settle(v_gone, '{}');
    perform windlass.turn(v_gone);
  end if;
  return query select v_returned, coalesce(v_cancelled, '{}'), array (select distinct u from unnest(v_queues) u);
end $$;
