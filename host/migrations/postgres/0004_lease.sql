-- Declares a host dead if its beat counter still stands at `p_seen`, and takes everything from it.
create function windlass.rescue(p_host bigint, p_seen bigint, p_deaths_max int, p_body bytea)
returns table (declared boolean, returned bigint, failed bigint[], queues bigint[])
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_failed bigint[];
  v_queues bigint[];
  v_returned bigint;
begin
  -- Waits for exchanges of that host that are in flight; none starts afterwards.
  perform pg_advisory_xact_lock(7402, p_host::int);
  update hosts h set state = 'dead' where h.number = p_host and h.beat = p_seen and h.state = 'alive';
  if not found then
    return query select false, 0::bigint, '{}'::bigint[], '{}'::bigint[];
    return;
  end if;

  insert into attempts (key, attempt, host, started_at, ended_at, reason)
  select l.key, l.attempt, p_host, l.started_at, windlass.now(), 'its host died'
    from live l where l.host = p_host and l.state = 'running';

  with lost as (
    delete from live l where l.host = p_host and l.state = 'running' and l.deaths + 1 >= p_deaths_max
    returning l.*),
  kept as (
    insert into outcomes (key, queue_id, state, kind, body, attempt, fence, host, started_at, finished_at)
    select l.key, l.queue_id, 'failed', 'host-lost', p_body, l.attempt, l.fence + 1, p_host, l.started_at, windlass.now()
      from lost l),
  counted as (
    insert into tallies as t (queue_id, host, failed)
    select l.queue_id, p_host, count(*) from lost l group by l.queue_id
    on conflict (queue_id, host) do update set failed = t.failed + excluded.failed)
  select coalesce(array_agg(l.key), '{}') into v_failed from lost l;

  with back as (
    update live l set host = null, state = 'queued', fence = l.fence + 1, started_at = null, progress = null,
           deaths = l.deaths + (l.state = 'running')::int, suspect = true
     where l.host = p_host returning l.queue_id)
  select count(*), coalesce(array_agg(distinct b.queue_id), '{}') into v_returned, v_queues from back b;

  -- The slots that it held are free, even where it held no invocation.
  with freed as (delete from slots s where s.host = p_host returning s.queue_id)
  select array(select distinct u from unnest(v_queues || array(select f.queue_id from freed f)) u) into v_queues;
  return query select true, v_returned, v_failed, v_queues;
end $$;

-- Gives back everything that a host still holds, without counting a death; answers the queues.
create function windlass.leave(p_host bigint) returns bigint[] language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_queues bigint[];
begin
  perform pg_advisory_xact_lock(7402, p_host::int);
  update hosts h set state = 'left' where h.number = p_host and h.state = 'alive';
  if not found then
    return '{}';
  end if;
  insert into attempts (key, attempt, host, started_at, ended_at, reason)
  select l.key, l.attempt, p_host, l.started_at, windlass.now(), 'its host stopped'
    from live l where l.host = p_host and l.state = 'running';
  with back as (
    update live l set host = null, state = 'queued', fence = l.fence + 1, started_at = null, progress = null
     where l.host = p_host returning l.queue_id),
  freed as (delete from slots s where s.host = p_host returning s.queue_id)
  select array(select b.queue_id from back b union select f.queue_id from freed f) into v_queues;
  return v_queues;
end $$;
