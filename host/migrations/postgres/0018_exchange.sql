-- What a host hands in. Claims stand in `0017_claim.sql`.

-- Starts that were counted against rate limits, of one invocation.
create type counted as (queue_id bigint, partition text, token bigint, lane_token bigint);

-- An invocation that is tried again; `at` is null where that may be at once.
create type again as (queue_id bigint, key bigint, at bigint);

-- These did not start: they are counted no more. What is counted is written under the locks of the
-- queues, which are taken by number together with those of the claims that follow.
create function windlass.uncount(p_tokens windlass.counted[], p_claims bigint[]) returns void
language plpgsql volatile as $$
begin
  perform 1 from queues q
    where q.id in (select u.queue_id from unnest(p_tokens) u)
       or q.id = any (p_claims)
          and (q.concurrency is not null or q.ordered or q.rate_limit is not null or q.partitioned)
    order by q.id for no key update;
  update tokens t set n = greatest(0, t.n - u.n)
    from (select u.queue_id, u.token, count(*)::int as n from unnest(p_tokens) u
           where u.token is not null group by 1, 2) u
   where t.queue_id = u.queue_id and not t.of_partition and t.partition = '' and t.at = u.token;
  update tokens t set n = greatest(0, t.n - u.n)
    from (select u.queue_id, u.partition, u.lane_token, count(*)::int as n from unnest(p_tokens) u
           where u.lane_token is not null and u.partition is not null group by 1, 2, 3) u
   where t.queue_id = u.queue_id and t.of_partition and t.partition = u.partition and t.at = u.lane_token;
end $$;

-- One round trip of a host: what ended, started, was reported, goes back, is tried again
-- and waits, then what it claims. A function and not one statement, because a count must be taken under a snapshot that is
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
  t_key bigint[], t_fence bigint[], t_attempt int[], t_kind text[], t_reason text[], t_body bytea[],
  t_started bigint[], t_finished bigint[], t_delay bigint[], t_log text[],
  w_key bigint[], w_fence bigint[], w_attempt int[], w_started bigint[], w_log text[],
  w_awaited text[], w_all boolean[], w_messages text[], w_at bigint[],
  c_queue bigint[], c_executing int[], c_reserved int[], c_slots int[], c_rows int[]
) returns setof windlass.exchanged language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_began bigint := windlass.now();
  v_done bigint[];
  v_gone windlass.gone[] := '{}';
  v_wished bigint[] := '{}';
  v_waiting bigint[] := '{}';
  v_left bigint[] := '{}';
  v_late bigint[] := '{}';
  v_tokens windlass.counted[] := '{}';
  v_again windlass.again[];
  i int;
begin
  -- A declaration of death takes this lock alone; whoever holds it shared is alive until commit.
  perform pg_advisory_xact_lock_shared(7402, p_host::int);
  if not exists (select 1 from hosts h where h.number = p_host and h.state = 'alive') then
    raise exception 'host % has lost its lease', p_host using errcode = 'WL003';
  end if;

  if cardinality(t_key) > 0 then
    -- Whose deadline comes before the next attempt, or whose end was wished for, ends now: handed in
    -- as ended, and no more to be tried again.
    with held as materialized (
      select u.ord, l.key
        from unnest(t_key, t_fence, t_delay) with ordinality u(key, fence, delay, ord)
       cross join lateral (select * from live l where l.key = u.key and l.fence = u.fence
                            and l.host + 0 = p_host limit 1 for update) l
       where l.cancel is not null or l.deadline <= v_began + u.delay)
    select coalesce(array_agg(h.key), '{}') into v_late from held h;
    for i in 1 .. cardinality(t_key) loop
      if t_key[i] = any (v_late) then
        e_key := e_key || t_key[i];
        e_fence := e_fence || t_fence[i];
        e_state := e_state || 'failed'::text;
        e_kind := e_kind || t_kind[i];
        e_body := e_body || t_body[i];
        e_attempt := e_attempt || t_attempt[i];
        e_started := e_started || t_started[i];
        e_finished := e_finished || t_finished[i];
        e_log := e_log || t_log[i];
      end if;
    end loop;
    return query select n.* from unnest(v_late) u(key) cross join lateral windlass.note(5, null, u.key, null) n;
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
      update live l set state = 'running', attempt = u.attempt, started_at = u.started, token = null,
             lane_token = null
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
      select l.key, l.queue_id, l.partition, l.token, l.lane_token, l.started_at, l.payer,
             l.cancel is not null as wish, u.reason,
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
             lane_lent = false, token = null, lane_token = null,
             started_at = case when h.wish and h.reason is not null then l.started_at end,
             lender = case when l.lender is not null then windlass.lender(l.parent, l.queue_id) end
        from held h where l.key = h.key
      returning l.key),
    listed as (
      insert into attempts (key, attempt, host, started_at, ended_at, reason)
      select h.key, h.counted, p_host, h.started_at, windlass.now(), h.reason
        from held h where h.reason is not null)
    select coalesce(array_agg(h.key), '{}'), coalesce(array_agg(h.key) filter (where h.wish), '{}'),
           coalesce(array_agg(h.key) filter (where h.payer = h.key), '{}'),
           coalesce(array_agg((h.queue_id, h.partition, h.token, h.lane_token)::windlass.counted)
             filter (where h.reason is null and (h.token is not null or h.lane_token is not null)), '{}')
      into v_done, v_wished, v_left, v_tokens from held h;
    return query select * from windlass.not_done(r_key, r_fence, v_done);
  end if;

  if cardinality(t_key) > cardinality(v_late) then
    with held as materialized (
      select l.key, l.queue_id, l.payer, q.ordered, u.attempt, u.kind, u.reason, u.started, u.finished, u.log,
             case when u.delay > 0 then v_began + u.delay end as at
        from unnest(t_key, t_fence, t_attempt, t_kind, t_reason, t_started, t_finished, t_delay, t_log)
             u(key, fence, attempt, kind, reason, started, finished, delay, log)
       cross join lateral (select * from live l where l.key = u.key and l.fence = u.fence
                            and l.host + 0 = p_host limit 1 for update) l
       cross join lateral (select q.ordered from queues q where q.id = l.queue_id limit 1) q),
    back as (
      update live l set host = null, state = 'queued', progress = null, attempt = h.attempt, payer = null,
             fence = l.fence + 1, started_at = null, deaths = 0, suspect = false, retried = l.retried + 1,
             due = case when not h.ordered then h.at end, backoff = case when h.ordered then h.at end,
             lane_lent = false, token = null, lane_token = null,
             lender = case when l.lender is not null then windlass.lender(l.parent, l.queue_id) end
        from held h where l.key = h.key
      returning l.key),
    listed as (
      insert into attempts (key, attempt, host, started_at, ended_at, reason, kind)
      select h.key, h.attempt, p_host, h.started, h.finished, h.reason, h.kind from held h),
    logged as (
      insert into logs (key, attempt, text)
      select h.key, h.attempt, h.log from held h where h.log <> '')
    select coalesce(array_agg(h.key), '{}'),
           v_left || coalesce(array_agg(h.key) filter (where h.payer = h.key), '{}'),
           array_agg((h.queue_id, h.key, h.at)::windlass.again)
      into v_done, v_left, v_again from held h;
    return query
      select n.* from unnest(v_again) a cross join lateral windlass.note(6, a.queue_id, a.key, a.at) n;
    return query
      select n.* from windlass.not_done(t_key, t_fence, v_done || v_late) n;
  end if;

  if cardinality(w_key) > 0 then
    with held as materialized (
      select l.key, l.queue_id, l.payer, l.cancel is not null as wish, u.attempt, u.started, u.log
        from unnest(w_key, w_fence, w_attempt, w_started, w_log) u(key, fence, attempt, started, log)
        cross join lateral (select * from live l where l.key = u.key and l.fence = u.fence
                             and l.host + 0 = p_host limit 1 for update) l),
    put as (
      update live l set state = 'waiting', host = null, attempt = h.attempt, started_at = h.started,
             token = null, lane_token = null,
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

  if v_tokens <> '{}' then
    perform windlass.uncount(v_tokens, c_queue);
  end if;

  -- Claims alone, of queues on which neither limit nor order is at stake, need no fsync of their
  -- own: a server that forgets one in a crash lets the invocation be attempted again, and the fence
  -- keeps it to one outcome. Elsewhere a forgotten claim could let one too many execute, and of a
  -- workflow that goes on the journal would be ahead.
  if cardinality(e_key) + cardinality(s_key) + cardinality(n_key) + cardinality(r_key) + cardinality(t_key)
       + cardinality(w_key) = 0
     and not exists (select 1 from queues q
                      where q.id = any (c_queue) and (q.concurrency is not null or q.ordered
                            or q.rate_limit is not null or q.partitioned))
     and not exists (select 1 from waits w where w.queue_id = any (c_queue) and w.ready) then
    perform set_config('synchronous_commit', 'off', true);
  end if;

  for i in 1 .. cardinality(c_queue) loop
    return query select * from windlass.claim(
      p_host, c_queue[i], c_executing[i], c_reserved[i], c_slots[i], c_rows[i], v_began);
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
