drop function windlass.exchange;
drop function windlass.not_done;
drop function windlass.claim;

-- A row of an exchange's answer. `what`: 0 a hand-in that is no longer the host's (nothing was
-- recorded for it), 1 the answer to a claim, 2 a claimed invocation, 4 a queue in which something
-- may go on, 5 an invocation that was handed in to go on later and ended as cancelled instead.
create type exchanged as (
  what int, queue_id bigint, key bigint, fence bigint, attempt int, running boolean, suspect boolean,
  alone boolean, function_id bigint, namespace text, id text, task text, arguments bytea,
  timeout_ms bigint, priority int, seq bigint, workflow boolean, depth int, resumed boolean, lent boolean,
  settings text, slots int, contended boolean, freed boolean, drained boolean
);

-- A row that needs no more than this.
create function windlass.note(p_what int, p_queue bigint, p_key bigint, p_fence bigint)
returns windlass.exchanged language sql immutable as $$
  select (p_what, p_queue, p_key, p_fence, null, null, null, null, null, null, null, null, null, null, null,
          null, null, null, null, null, null, null, null, null, null)::windlass.exchanged
$$;

-- The answer to a claim.
create function windlass.granted(
  p_queue bigint, p_settings text, p_slots int, p_contended boolean, p_freed boolean, p_drained boolean
) returns windlass.exchanged language sql immutable as $$
  select (1, p_queue, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
          null, null, null, p_settings, p_slots, p_contended, p_freed, p_drained)::windlass.exchanged
$$;

-- One round trip of a host: what ended, started, was reported, goes back and waits, then what it
-- claims. A function and not one statement, because a count must be taken under a snapshot that is
-- newer than the wait for the queue's lock.
--
-- Locks: rows of `live` first, then those of `waits` by key, then queues by number. Under a queue's
-- lock no row of the others is waited for.
create function windlass.exchange(
  p_host bigint,
  e_key bigint[], e_fence bigint[], e_state text[], e_kind text[], e_body bytea[], e_attempt int[],
  e_started bigint[], e_finished bigint[], e_log text[],
  s_key bigint[], s_fence bigint[], s_attempt int[], s_started bigint[],
  n_key bigint[], n_fence bigint[], n_attempt int[], n_progress text[], n_log text[],
  r_key bigint[], r_fence bigint[], r_reason text[],
  w_key bigint[], w_fence bigint[], w_attempt int[], w_started bigint[], w_log text[],
  w_awaited text[], w_all boolean[], w_messages text[], w_at bigint[],
  c_queue bigint[], c_executing int[], c_reserved int[], c_slots int[], c_rows int[]
) returns setof windlass.exchanged language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_done bigint[];
  v_gone windlass.gone[] := '{}';
  v_wished bigint[] := '{}';
  v_waiting bigint[] := '{}';
  v_left bigint[] := '{}';
  i int;
begin
  -- A declaration of death takes this lock alone; whoever holds it shared is alive until commit.
  perform pg_advisory_xact_lock_shared(7402, p_host::int);
  if not exists (select 1 from hosts h where h.number = p_host and h.state = 'alive') then
    raise exception 'host % has lost its lease', p_host using errcode = 'WL003';
  end if;

  if cardinality(e_key) > 0 then
    -- `+ 0` keeps the planner from driving from all rows of the host.
    with gone as (
      delete from live l
       using unnest(e_key, e_fence, e_state, e_kind, e_body, e_attempt, e_started, e_finished, e_log)
             u(key, fence, state, kind, body, attempt, started, finished, log)
       where l.key = u.key and l.fence = u.fence and l.host + 0 = p_host
      returning l.key, l.queue_id, l.parent, l.payer, l.lender, l.workflow, u.attempt, u.fence, u.started,
        u.finished, u.log, case when l.cancel is null then u.state else 'cancelled' end as state,
        case when l.cancel is null then u.kind else 'cancelled' end as kind,
        case when l.cancel is null then u.body else windlass.cancelled_body(l.cancel) end as body),
    kept as (
      insert into outcomes (key, queue_id, state, kind, body, attempt, fence, host, started_at, finished_at)
      select g.key, g.queue_id, g.state, g.kind, g.body, g.attempt, g.fence, p_host, g.started, g.finished
        from gone g),
    logged as (
      insert into logs (key, attempt, text)
      select g.key, g.attempt, g.log from gone g where g.log <> ''),
    counted as (
      insert into tallies as t (queue_id, host, succeeded, failed, cancelled)
      select g.queue_id, p_host, count(*) filter (where g.state = 'succeeded'),
             count(*) filter (where g.state = 'failed'), count(*) filter (where g.state = 'cancelled')
        from gone g group by g.queue_id
      on conflict (queue_id, host) do update set
        succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed,
        cancelled = t.cancelled + excluded.cancelled)
    select coalesce(array_agg(g.key), '{}'),
           coalesce(array_agg((g.key, g.queue_id, g.parent, g.payer, g.lender, g.workflow)::windlass.gone)
             filter (where g.parent is not null or g.payer is not null or g.workflow), '{}')
      into v_done, v_gone from gone g;
    if cardinality(v_done) < cardinality(e_key) then
      -- Sent twice is accepted: the outcome stands under the same fence.
      return query
        select n.* from unnest(e_key, e_fence) u(key, fence)
         cross join lateral windlass.note(0, null, u.key, u.fence) n
         where not exists (select 1 from outcomes o where o.key = u.key and o.fence = u.fence);
    end if;
  end if;

  if cardinality(s_key) > 0 then
    with marked as (
      update live l set state = 'running', attempt = u.attempt, started_at = u.started
        from unnest(s_key, s_fence, s_attempt, s_started) u(key, fence, attempt, started)
       where l.key = u.key and l.fence = u.fence and l.host + 0 = p_host and l.state in ('queued', 'running')
      returning l.key)
    select coalesce(array_agg(m.key), '{}') into v_done from marked m;
    return query select * from windlass.not_done(s_key, s_fence, v_done);
  end if;

  if cardinality(n_key) > 0 then
    -- Of several reports on one invocation the last progress stands, and every part of the log.
    with sent as materialized (
      select * from unnest(n_key, n_fence, n_attempt, n_progress, n_log)
        with ordinality u(key, fence, attempt, progress, log, ord)),
    news as (
      select s.key, s.fence,
             (array_agg(s.progress order by s.ord desc) filter (where s.progress is not null))[1] as progress
        from sent s group by s.key, s.fence),
    told as (
      update live l set progress = coalesce(u.progress, l.progress)
        from news u where l.key = u.key and l.fence = u.fence and l.host + 0 = p_host
      returning l.key),
    logged as (
      insert into logs (key, attempt, text)
      select s.key, s.attempt, s.log from sent s
       cross join lateral (select 1 from live l where l.key = s.key and l.fence = s.fence
                            and l.host + 0 = p_host limit 1) held
       where s.log <> '' order by s.ord)
    select coalesce(array_agg(t.key), '{}') into v_done from told t;
    return query select * from windlass.not_done(n_key, n_fence, v_done);
  end if;

  if cardinality(r_key) > 0 then
    with held as materialized (
      -- A claim straight to running counted an attempt that was none; a start whose mark is not
      -- committed is one all the same.
      select l.key, l.started_at, l.payer, l.cancel is not null as wish, u.reason,
             case when u.reason is null and l.state = 'running' then l.attempt - 1
                  when u.reason is not null and l.state <> 'running' then l.attempt + 1
                  else l.attempt end as counted
        from unnest(r_key, r_fence, r_reason) u(key, fence, reason)
        cross join lateral (select * from live l where l.key = u.key and l.fence = u.fence
                             and l.host + 0 = p_host limit 1 for update) l),
    back as (
      -- Whose end was wished for ends right after this, with what is needed to tell of it.
      update live l set host = null, state = 'queued', progress = null, attempt = h.counted, payer = null,
             fence = case when h.wish then l.fence else l.fence + 1 end,
             started_at = case when h.wish and h.reason is not null then l.started_at end,
             lender = case when l.lender is not null then windlass.lender(l.parent, l.queue_id) end
        from held h where l.key = h.key
      returning l.key),
    listed as (
      insert into attempts (key, attempt, host, started_at, ended_at, reason)
      select h.key, h.counted, p_host, h.started_at, windlass.now(), h.reason
        from held h where h.reason is not null)
    select coalesce(array_agg(h.key), '{}'), coalesce(array_agg(h.key) filter (where h.wish), '{}'),
           coalesce(array_agg(h.key) filter (where h.payer = h.key), '{}')
      into v_done, v_wished, v_left from held h;
    return query select * from windlass.not_done(r_key, r_fence, v_done);
  end if;

  if cardinality(w_key) > 0 then
    with held as materialized (
      select l.key, l.queue_id, l.payer, l.cancel is not null as wish, u.attempt, u.started, u.log
        from unnest(w_key, w_fence, w_attempt, w_started, w_log) u(key, fence, attempt, started, log)
        cross join lateral (select * from live l where l.key = u.key and l.fence = u.fence
                             and l.host + 0 = p_host limit 1 for update) l),
    put as (
      update live l set state = 'waiting', host = null, attempt = h.attempt, started_at = h.started,
             payer = coalesce(l.payer, l.key)
        from held h where l.key = h.key
      returning l.key),
    logged as (
      insert into logs (key, attempt, text)
      select h.key, h.attempt, h.log from held h where h.log <> ''),
    moved as (
      -- From now on the slot is the row's, and not its host's.
      update slots s set slots = greatest(0, s.slots - m.n), wanted = greatest(0, s.wanted - m.n)
        from (select h.queue_id, count(*)::int as n from held h where h.payer is null group by h.queue_id) m
       where s.queue_id = m.queue_id and s.host = p_host)
    select coalesce(array_agg(h.key), '{}'), v_wished || coalesce(array_agg(h.key) filter (where h.wish), '{}'),
           coalesce(array_agg(h.key) filter (where not h.wish), '{}')
      into v_done, v_wished, v_waiting from held h;
    return query select * from windlass.not_done(w_key, w_fence, v_done);
  end if;

  if cardinality(v_wished) > 0 then
    v_gone := v_gone || windlass.end_cancelled(v_wished, p_host, null);
    return query select n.* from unnest(v_wished) u(key) cross join lateral windlass.note(5, null, u.key, null) n;
  end if;
  perform windlass.pass_on(v_left) where v_left <> '{}';
  if cardinality(v_gone) > 0 or cardinality(v_waiting) > 0 then
    if cardinality(v_waiting) > 0 then
      perform windlass.lock_waits(v_gone, v_waiting);
      insert into waits (key, queue_id, waiting, all_of, awaited, messages, at, strangers)
      select u.key, l.queue_id, true, u.all_of, u.awaited::bigint[], u.messages::text[], u.at,
             exists (select 1 from live c where c.key = any (u.awaited::bigint[]) and c.parent is distinct from u.key)
        from unnest(w_key, w_all, w_awaited, w_messages, w_at) u(key, all_of, awaited, messages, at)
        cross join lateral (select l.queue_id from live l where l.key = u.key limit 1) l
       where u.key = any (v_waiting)
       order by u.key
      on conflict (key) do update set waiting = true, ready = false, all_of = excluded.all_of,
        awaited = excluded.awaited, messages = excluded.messages, at = excluded.at,
        strangers = excluded.strangers;
    end if;
    return query
      select n.* from unnest(windlass.settle(v_gone, v_waiting)) q(id)
       cross join lateral windlass.note(4, q.id, null, null) n;
    perform windlass.turn(v_gone);
  end if;

  -- Claims alone, of queues on which neither limit nor order is at stake, need no fsync of their
  -- own: a server that forgets one in a crash lets the invocation be attempted again, and the fence
  -- keeps it to one outcome. Elsewhere a forgotten claim could let one too many execute, and of a
  -- workflow that goes on the journal would be ahead.
  if cardinality(e_key) + cardinality(s_key) + cardinality(n_key) + cardinality(r_key) + cardinality(w_key) = 0
     and not exists (select 1 from queues q
                      where q.id = any (c_queue) and (q.concurrency is not null or q.ordered))
     and not exists (select 1 from waits w where w.queue_id = any (c_queue) and w.ready) then
    perform set_config('synchronous_commit', 'off', true);
  end if;

  for i in 1 .. cardinality(c_queue) loop
    return query select * from windlass.claim(
      p_host, c_queue[i], c_executing[i], c_reserved[i], c_slots[i], c_rows[i]);
  end loop;
end $$;

-- What was handed in and matched no row, as rows of the exchange's answer.
create function windlass.not_done(p_key bigint[], p_fence bigint[], p_done bigint[])
returns setof windlass.exchanged language plpgsql volatile as $$
begin
  -- As a rule nothing is lost, and nothing is compared.
  if cardinality(p_done) < cardinality(p_key) then
    return query
      select n.* from unnest(p_key, p_fence) u(key, fence)
       cross join lateral windlass.note(0, null, u.key, u.fence) n
       where u.key <> all (p_done);
  end if;
end $$;

create function windlass.claim(
  p_host bigint, p_queue bigint, p_executing int, p_reserved int, p_slots int, p_rows int
) returns setof windlass.exchanged language plpgsql volatile as $$
#variable_conflict use_column
declare
  q queues;
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
  v_rows int;
  v_taken bigint := 0;
  v_more bigint := 0;
  v_drained boolean := false;
begin
  select * into q from queues q where q.id = p_queue;
  if q.concurrency is not null or q.ordered then
    -- Lock, then look: the settings and the slots are read again under the lock. It lets foreign keys
    -- pass: two hosts that had each counted a first outcome of the queue would wait for each other.
    select * into q from queues q where q.id = p_queue for no key update;
  end if;
  if q.id is null then
    return;
  end if;

  if p_rows > 0 and exists (select 1 from waits w where w.queue_id = p_queue and w.ready limit 1) then
    -- Also while the queue is paused: they have started long ago.
    return query select * from windlass.resume(p_host, p_queue, q.timeout_ms, q.concurrency is not null, p_rows);
    get diagnostics v_more = row_count;
    v_wanted := p_rows - v_more::int;
  end if;

  if q.concurrency is null and not q.ordered then
    if not q.paused and v_wanted > 0 then
      -- A lock that lets foreign keys pass is enough, and does not slide past who is sent a message.
      return query
        with head as materialized (
          select l.key from live l
           where l.queue_id = p_queue and l.state = 'queued' and l.host is null
           order by l.priority, l.seq limit v_wanted for no key update skip locked),
        taken as (
          update live l set host = p_host, fence = l.fence + 1
           where l.key = any (array (select h.key from head h))
          returning l.*)
        select 2, p_queue, t.key, t.fence, t.attempt + 1, false, t.suspect, t.deaths >= 2, v.function_id,
               v.namespace, v.id, v.task, v.arguments, coalesce(v.timeout_ms, q.timeout_ms), t.priority, t.seq,
               t.workflow, v.depth, false, false,
               null::text, null::int, null::boolean, null::boolean, null::boolean
          from taken t cross join lateral (
            select i.function_id, i.namespace, i.id, i.task, i.timeout_ms, i.depth,
                   case when octet_length(i.arguments) <= 8192 then i.arguments end as arguments
              from invocations i where i.key = t.key limit 1) v;
      get diagnostics v_taken = row_count;
      v_drained := v_taken < v_wanted;
    end if;
    return next windlass.granted(p_queue, q.settings, case when q.paused then 0 end, false, false, v_drained);
    return;
  end if;

  v_cap := coalesce(q.concurrency, 1000000000);
  select coalesce(sum(s.slots), 0), count(*) filter (where s.wanted > s.slots), count(*) filter (where s.wanted > 0)
    into v_others, v_starving, v_sharers
    from slots s where s.queue_id = p_queue and s.host <> p_host;
  if q.concurrency is not null then
    -- The slots of those that wait or have waited are no host's.
    select count(*) into v_holders from live l where l.queue_id = p_queue and l.payer = l.key;
    v_others := v_others + v_holders;
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
    when not q.ordered and v_others = 0 and v_target = v_cap and v_slots = v_cap then v_wanted
    else least(v_wanted, v_startable) end;

  if v_rows > 0 then
    return query
      with head as materialized (
        select l.key, row_number() over (order by l.priority, l.seq) as place
          from (select l.key, l.priority, l.seq from live l
                 where l.queue_id = p_queue and l.state = 'queued' and l.host is null
                 order by l.priority, l.seq limit v_rows) l),
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
        update live l set host = p_host, fence = l.fence + 1,
               state = case when q.ordered and l.deaths < 2 then 'running' else l.state end,
               started_at = case when q.ordered and l.deaths < 2 then windlass.now() end,
               attempt = case when q.ordered and l.deaths < 2 then l.attempt + 1 else l.attempt end
         where l.key = any (array (select f.key from first f))
        returning l.*)
      select 2, p_queue, t.key, t.fence,
             case when t.state = 'running' then t.attempt else t.attempt + 1 end,
             t.state = 'running', t.suspect, t.deaths >= 2, v.function_id, v.namespace, v.id, v.task,
             v.arguments, coalesce(v.timeout_ms, q.timeout_ms), t.priority, t.seq,
             t.workflow, v.depth, false, false,
             null::text, null::int, null::boolean, null::boolean, null::boolean
        from taken t cross join lateral (
          select i.function_id, i.namespace, i.id, i.task, i.timeout_ms, i.depth,
                 case when octet_length(i.arguments) <= 8192 then i.arguments end as arguments
            from invocations i where i.key = t.key limit 1) v;
    get diagnostics v_taken = row_count;
  end if;
  v_more := 0;
  if v_holders > 0 and v_taken < v_wanted and not q.paused then
    return query select * from windlass.borrow(
      p_host, p_queue, q.timeout_ms, q.ordered, (v_wanted - v_taken)::int);
    get diagnostics v_more = row_count;
  end if;
  v_drained := not q.paused and v_taken + v_more < v_wanted and not exists (
    select 1 from live l where l.queue_id = p_queue and l.state = 'queued' and l.host is null limit 1);
  if v_drained or q.paused or p_rows = 0 then
    -- Hold no more than is in use when there is nothing to start.
    v_slots := greatest(p_executing, least(v_slots, p_executing + p_reserved + v_taken::int));
  end if;

  if v_slots = 0 and (v_drained or p_slots = 0) then
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
    v_starving > 0, v_starving > 0 and v_slots < v_before, v_drained);
end $$;
