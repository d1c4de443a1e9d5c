-- What ends or goes on by the clock, what ends or goes back unasked, and partitions that come and go.

-- Ends these; the caller has locked their rows and sees to what follows. Whose end was wished for, and
-- where there is no `p_failure` every one, as cancelled; the others as failed, with that body. The host
-- is the one that held them, or none: then the fence grows, so that nobody's word counts any more.
create function windlass.end_early(p_keys bigint[], p_host bigint, p_reason text, p_kind text, p_failure bytea)
returns windlass.gone[] language plpgsql volatile as $$
declare
  v_gone windlass.gone[];
begin
  perform windlass.count_arrivals(-1, l.queue_id, -count(*), count(*))
     from live l where l.key = any (p_keys) and l.state = 'scheduled' group by l.queue_id;
  with ended as (
    delete from live l where l.key = any (p_keys)
    returning l.*, l.cancel is not null or p_failure is null as wished),
  kept as (
    insert into outcomes (key, queue_id, state, kind, body, attempt, fence, host, started_at, finished_at)
    select e.key, e.queue_id, case when e.wished then 'cancelled' else 'failed' end,
           case when e.wished then 'cancelled' else p_kind end,
           case when e.wished then windlass.cancelled_body(coalesce(e.cancel, p_reason)) else p_failure end,
           e.attempt, e.fence + (p_host is null)::int, case when e.attempt > 0 then p_host end, e.started_at,
           windlass.now()
      from ended e),
  counted as (
    insert into tallies as t (queue_id, host, failed, cancelled)
    select e.queue_id, coalesce(p_host, 0), count(*) filter (where not e.wished), count(*) filter (where e.wished)
      from ended e group by e.queue_id order by e.queue_id
    on conflict (queue_id, host) do update set
      failed = t.failed + excluded.failed, cancelled = t.cancelled + excluded.cancelled)
  select coalesce(array_agg((e.key, e.queue_id, e.parent, e.payer, e.lender, e.workflow)::windlass.gone), '{}')
    into v_gone from ended e;
  return v_gone;
end $$;

create or replace function windlass.end_cancelled(p_keys bigint[], p_host bigint, p_reason text)
returns windlass.gone[] language sql volatile as $$
  select windlass.end_early(p_keys, p_host, p_reason, null, null)
$$;

-- Puts what a host held back into its places, or ends it where that was wished for; `p_gone` is what
-- ended before.
create or replace function windlass.give_back(p_host bigint, p_died boolean, p_gone windlass.gone[])
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
           lane_lent = false, token = null, lane_token = null,
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

-- Asks for the end of these and of their descendants that are not detached. Whoever is locked here
-- adds no children meanwhile: so each generation is locked before the next is looked for.
--
-- Exchanges lock what they hand in, in another order than families have: of two that wait for each
-- other it is the cancellation that gives up, before the server chooses, and the caller tries again.
-- `touched` are the queues of what ended: claims may have gone by while it was locked.
create or replace function windlass.cancel(p_keys bigint[], p_reason text)
returns table (ended bigint[], asked bigint[], queues bigint[], touched bigint[]) language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_level bigint[] := p_keys;
  v_all bigint[] := '{}';
  v_asked bigint[];
  v_gone windlass.gone[];
  v_queues bigint[] := '{}';
begin
  perform set_config('lock_timeout', '500ms', true);
  loop
    with locked as materialized (
      select l.key from live l where l.key = any (v_level) order by l.key for update)
    select array_agg(l.key) into v_level from locked l;
    exit when v_level is null;
    v_all := v_all || v_level;
    select array_agg(l.key) into v_level from live l where l.parent = any (v_level) and not l.detached;
    exit when v_level is null;
  end loop;

  with wished as (
    update live l set cancel = coalesce(l.cancel, p_reason)
     where l.key = any (v_all) and l.host is not null returning l.key)
  select coalesce(array_agg(w.key), '{}') into v_asked from wished w;
  select array_agg(l.key) into v_level from live l where l.key = any (v_all) and l.host is null;
  if v_level is not null then
    -- What held back others in its place does so no more.
    v_queues := array (select l.queue_id from live l where l.key = any (v_level) and l.backoff is not null);
    v_gone := windlass.end_cancelled(v_level, null, p_reason);
    v_queues := array (select distinct u from unnest(v_queues || windlass.settle(v_gone, '{}')) u);
    perform windlass.turn(v_gone);
  end if;
  return query select array (select g.key from unnest(v_gone) g order by g.key), v_asked, v_queues,
                      array (select distinct g.queue_id from unnest(v_gone) g);
end $$;

-- The work of the clock, each kind at most 2,000 at a time, then what may be claimed. One host does it
-- at a time; another one that comes meanwhile only looks.
--
-- Answers rows of one kind each: `queue_id` is a queue in which something may be claimed or go on (by
-- the clock just now where `stirred`), `ended` an invocation that ended, `at` when something is due next.
create function windlass.claimable(p_late bytea)
returns table (queue_id bigint, stirred boolean, ended bigint, at bigint) language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_now bigint := windlass.now();
  v_more boolean := false;
  v_keys bigint[];
  v_gone windlass.gone[] := '{}';
  v_queues bigint[] := '{}';
begin
  if (exists (select 1 from live l where l.due is not null and l.due <= v_now)
      or exists (select 1 from live l where l.deadline is not null and l.deadline <= v_now and l.host is null))
     and pg_try_advisory_xact_lock(7404, 0) then
    -- First what is too late, so that it takes no place.
    with late as (
      select l.key from live l
       where l.deadline is not null and l.deadline <= v_now and l.host is null
       order by l.deadline limit 2000 for update skip locked)
    select array_agg(l.key) into v_keys from late l;
    if v_keys is not null then
      v_more := cardinality(v_keys) = 2000;
      v_gone := windlass.end_early(v_keys, null, null, 'timeout', p_late);
      v_queues := windlass.settle(v_gone, '{}');
      perform windlass.turn(v_gone);
      v_queues := v_queues || array (select g.queue_id from unnest(v_gone) g);
    end if;

    with due as materialized (
      select l.key, l.queue_id, l.due, l.state from live l
       where l.due is not null and l.due <= v_now
       order by l.due, l.key limit 2000 for no key update skip locked),
    placed as materialized (
      select d.key, nextval('windlass.invocations_key_seq') as seq
        from (select d.key from due d where d.state = 'scheduled' order by d.due, d.key) d),
    moved as (
      update live l set state = 'queued', due = null, seq = coalesce(p.seq, l.seq)
        from due d left join placed p on p.key = d.key
       where l.key = d.key
      returning l.queue_id),
    -- One statement, so that nobody counts one twice, or not at all.
    counted as (
      insert into arrivals as a (queue_id, writer, part, scheduled, live)
      select d.queue_id, -1, nextval('windlass.invocations_key_seq'), -count(*), count(*)
        from due d where d.state = 'scheduled' group by d.queue_id)
    select v_queues || coalesce(array_agg(distinct m.queue_id), '{}'), v_more or count(*) = 2000
      into v_queues, v_more from moved m;
  end if;

  with due as (
    update waits w set ready = true
     where w.key = any (array (
       select d.key from waits d
        where d.at is not null and d.waiting and not d.ready and d.at <= v_now
        limit 10000 for update skip locked))
    returning w.queue_id)
  select v_queues || coalesce(array_agg(distinct d.queue_id), '{}') into v_queues from due d;
  -- Of one's own children the end itself makes ready.
  with met as (
    update waits w set ready = true
     where w.key = any (array (
       select d.key from waits d
        where d.strangers and d.waiting and not d.ready and windlass.has_come(d)
        limit 10000 for update skip locked))
    returning w.queue_id)
  select v_queues || coalesce(array_agg(distinct m.queue_id), '{}') into v_queues from met m;

  return query
    select q.id, q.id = any (v_queues), null::bigint, null::bigint
      from queues q
     -- One probe of the index a queue, whatever statistics say: `exists` might read the whole table.
     where (not q.paused and (
             select true from live l where l.queue_id = q.id and l.state = 'queued' and l.host is null
                and l.due is null and l.partition is null order by l.priority, l.seq limit 1))
        or (not q.paused and q.partitioned and (
             select true from live l where l.queue_id = q.id and l.state = 'queued' and l.host is null
                and l.due is null and l.partition is not null order by l.partition, l.priority, l.seq limit 1))
        or (select true from waits w where w.queue_id = q.id and w.ready limit 1)
        or q.id = any (v_queues)
    union all
    select null, null, g.key, null from unnest(v_gone) g
    union all
    select null, null, null, case when v_more then v_now else least(
      (select min(w.at) from waits w where w.at is not null and w.waiting and not w.ready and w.at > v_now),
      (select min(l.due) from live l where l.due is not null and l.due > v_now),
      (select min(l.backoff) from live l where l.backoff is not null and l.backoff > v_now),
      (select min(l.deadline) from live l where l.deadline is not null and l.deadline > v_now)) end;
end $$;

-- Makes a queue or changes its settings. Where partitions come or go, the backlog moves: nobody stores
-- a call of the queue meanwhile, and what claims hold is waited for, rows before the queue as
-- everywhere. Who cannot wait so long gives up, before the server chooses.
create function windlass.put_queue(
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
      from live p
     where p_partitioned and l.queue_id = v_id and l.payer is not null and l.payer <> l.key
       and p.key = l.payer and p.partition = l.partition;
  end if;
  return query
    update queues q
       set settings = p_settings, concurrency = p_concurrency, ordered = p_ordered, paused = p_paused,
           timeout_ms = p_timeout, rate_limit = p_rate_limit, rate_period = p_rate_period,
           partitioned = p_partitioned, lane_concurrency = p_lane_concurrency,
           lane_rate_limit = p_lane_rate_limit, lane_rate_period = p_lane_rate_period
     where q.id = v_id returning q.id, q.created_at;
end $$;
