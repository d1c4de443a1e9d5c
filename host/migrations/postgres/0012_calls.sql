-- Calls as they are stored: when they may start, in which partition, and whether they are the only one
-- of their key.

drop function windlass.store_calls;

-- Rows of these are inserted by whoever calls: to look after their queue each time would lock its row,
-- which claims lock as well. Queues are never deleted.
alter table arrivals drop constraint arrivals_queue_id_fkey;
alter table onces drop constraint onces_queue_id_fkey;

-- A call. `controls` is null, or JSON with what is said of: `partition`, `after` (microseconds from now)
-- or `at` (a moment), `deadline` (microseconds from now), `retries` (JSON as text), `tags` (an object of
-- texts), `retry_of` (a key), `unchecked`, and `once`, an object with `kind`, `name`, `conflict`,
-- `period` and `deadline` (microseconds).
create type call as (
  namespace text, id text, chosen boolean, queue_id bigint, function_id bigint, task text,
  arguments bytea, priority int, timeout_ms bigint, workflow boolean, controls jsonb
);

-- What became of a call. `verdict` is 'stored', 'existed', 'replaced', 'taken' (another call has the id)
-- or 'duplicate' (another call has the deduplication key); `key` and `id` are those of the invocation
-- that stands there then. `due` is set where it is scheduled.
create type stored as (verdict text, key bigint, id text, enqueued_at bigint, due bigint);

-- Who stores a call holds this lock of its queue shared: so partitions neither come nor go meanwhile.
-- Answers which of the queues have them.
create function windlass.with_partitions(p_queues bigint[]) returns bigint[]
language plpgsql volatile as $$
declare
  v_queue bigint;
begin
  for v_queue in select distinct u from unnest(p_queues) u order by u loop
    perform pg_advisory_xact_lock_shared(7403, v_queue::int);
  end loop;
  return array (select q.id from queues q where q.id = any (p_queues) and q.partitioned);
end $$;

-- Counts what came. A writer of its own row waits for nobody; SQL callers (-1) leave a row each.
create function windlass.count_arrivals(p_writer bigint, p_queue bigint, p_scheduled bigint, p_live bigint)
returns void language sql volatile as $$
  insert into arrivals as a (queue_id, writer, part, scheduled, live)
  values (p_queue, p_writer, case when p_writer < 0 then nextval('windlass.invocations_key_seq') else 0 end,
          p_scheduled, p_live)
  on conflict (queue_id, writer, part) do update
    set scheduled = a.scheduled + excluded.scheduled, live = a.live + excluded.live
$$;

-- Stores the calls of one or more requests in one statement of the host's, none of which says `once`.
--
-- All or none holds per request (`request` numbers them). Answers one row a call, in any order:
-- `verdict` is 'stored', 'existed', 'taken' (another call has the id) or 'dropped' (stored nothing,
-- because another call of its request is 'taken'). Raises WL001 if components were added since
-- `p_revision` (null: it does not matter), and WL002 if an id appeared twice at once: the host then
-- sends each request alone.
create function windlass.store_calls(
  p_revision bigint, p_writer bigint,
  p_namespace text[], p_id text[], p_chosen boolean[], p_request int[], p_queue bigint[],
  p_function bigint[], p_task text[], p_arguments bytea[], p_priority int[], p_timeout bigint[],
  p_workflow boolean[], p_controls text[]
) returns table (ord bigint, verdict text, key bigint, enqueued_at bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_now bigint;
  v_partitioned bigint[];
  v_taken int[] := '{}';
  v_existing bigint[] := '{}';
  v_ords bigint[];
  v_keys bigint[];
  v_stored bigint;
begin
  if p_revision is not null and (select c.revision from catalogue c) <> p_revision then
    raise exception 'components were added meanwhile' using errcode = 'WL001';
  end if;
  v_partitioned := windlass.with_partitions(p_queue);
  v_now := windlass.now();

  if true = any (p_chosen) then
    select coalesce(array_agg(u.request) filter (where not u.same), '{}'),
           coalesce(array_agg(u.ord), '{}')
      into v_taken, v_existing
      from (
        select c.request, c.ord,
               i.queue_id = c.queue and i.task = c.task and i.arguments = c.arguments as same
          from unnest(p_namespace, p_id, p_chosen, p_request, p_queue, p_task, p_arguments)
               with ordinality c(namespace, id, chosen, request, queue, task, arguments, ord)
          join lateral (select * from invocations i
                         where i.namespace = c.namespace and i.id = c.id limit 1) i on true
         where c.chosen) u;
  end if;

  with sent as materialized (
    select c.ord, c.namespace, c.id, c.queue, c.function, c.task, c.arguments, c.priority, c.timeout,
           c.workflow, nextval('windlass.invocations_key_seq') as key, o.partition, o.retries, o.tags,
           coalesce(o.at, v_now + o.after) as start_at, v_now + o.deadline as deadline, o.retry_of,
           coalesce(o.unchecked, false) as unchecked
      from unnest(p_namespace, p_id, p_request, p_queue, p_function, p_task, p_arguments, p_priority,
                  p_timeout, p_workflow, p_controls)
           with ordinality c(namespace, id, request, queue, function, task, arguments, priority, timeout,
                             workflow, controls, ord)
      left join lateral jsonb_to_record(c.controls::jsonb) o(
        partition text, after bigint, at bigint, deadline bigint, retries text, tags jsonb, retry_of bigint,
        unchecked boolean) on c.controls is not null
     where not (c.request = any (v_taken)) and not (c.ord = any (v_existing))),
  stored as (
    insert into invocations as i
      (key, namespace, id, queue_id, function_id, task, arguments, priority, timeout_ms, enqueued_at, workflow,
       partition, start_at, deadline, retries, tags, retry_of, unchecked)
    overriding system value
    select s.key, s.namespace, s.id, s.queue, s.function, s.task, s.arguments, s.priority, s.timeout, v_now,
           s.workflow, s.partition, s.start_at, s.deadline, s.retries, s.tags::text, s.retry_of, s.unchecked
      from sent s
    on conflict (namespace, id) do nothing
    returning i.key),
  placed as (
    insert into live (key, queue_id, priority, state, seq, due, workflow, partition, deadline)
    select s.key, s.queue, s.priority,
           case when s.start_at > v_now then 'scheduled' else 'queued' end,
           case when s.start_at > v_now then null else s.key end,
           case when s.start_at > v_now then s.start_at end,
           s.workflow, case when s.queue = any (v_partitioned) then coalesce(s.partition, '') end, s.deadline
      from sent s),
  tagged as (
    insert into tags (namespace, name, value, key)
    select s.namespace, t.key, t.value, s.key
      from sent s cross join lateral jsonb_each_text(s.tags) t
     where s.tags is not null),
  counted as (
    insert into arrivals as a (queue_id, writer, part, scheduled, live)
    select s.queue, p_writer, case when p_writer < 0 then max(s.key) else 0 end,
           count(*) filter (where s.start_at > v_now),
           count(*) filter (where s.start_at is null or s.start_at <= v_now)
      from sent s group by s.queue order by s.queue
    on conflict (queue_id, writer, part) do update
      set scheduled = a.scheduled + excluded.scheduled, live = a.live + excluded.live)
  select coalesce(array_agg(s.ord order by s.ord), '{}'), coalesce(array_agg(s.key order by s.ord), '{}'),
         (select count(*) from stored)
    into v_ords, v_keys, v_stored
    from sent s;
  if v_stored < cardinality(v_keys) then
    perform windlass.twice();
  end if;
  return query select u.ord, 'stored'::text, u.key, v_now from unnest(v_ords, v_keys) u(ord, key);

  if cardinality(v_keys) < cardinality(p_id) then
    return query
      select c.ord,
             case when not (c.ord = any (v_existing)) then 'dropped'
                  when i.queue_id = c.queue and i.task = c.task and i.arguments = c.arguments then 'existed'
                  else 'taken' end,
             coalesce(i.key, 0), coalesce(i.enqueued_at, v_now)
        from unnest(p_namespace, p_id, p_queue, p_task, p_arguments)
             with ordinality c(namespace, id, queue, task, arguments, ord)
        left join lateral (select * from invocations i
                            where i.namespace = c.namespace and i.id = c.id limit 1) i on true
       where not (c.ord = any (v_ords));
  end if;
end $$;

-- Puts a call in the place of one that has not started, whose hot row the caller has locked. `p_due` is
-- when it may start, if that is not now; a call that was queued and still is keeps its place.
create function windlass.replace_call(
  p_writer bigint, p_key bigint, p_call windlass.call, p_due bigint, p_now bigint
) returns void language plpgsql volatile as $$
#variable_conflict use_column
declare
  c record;
  v_before text;
  v_parent bigint;
  v_deadline bigint;
  v_partition text;
begin
  select * into c from jsonb_to_record(p_call.controls) o(
    partition text, deadline bigint, retries text, tags jsonb, retry_of bigint, unchecked boolean);
  select l.state, l.parent into v_before, v_parent from live l where l.key = p_key;
  v_deadline := least(p_now + c.deadline, (select p.deadline from live p where p.key = v_parent));
  v_partition := case when (select q.partitioned from queues q where q.id = p_call.queue_id)
                      then coalesce(c.partition, '') end;
  update invocations i
     set function_id = p_call.function_id, task = p_call.task, arguments = p_call.arguments,
         priority = p_call.priority, timeout_ms = p_call.timeout_ms, workflow = p_call.workflow,
         partition = c.partition, start_at = p_due, deadline = v_deadline, retries = c.retries,
         tags = c.tags::text, retry_of = c.retry_of, unchecked = coalesce(c.unchecked, false)
   where i.key = p_key;
  update live l
     set priority = p_call.priority, workflow = p_call.workflow, partition = v_partition, deadline = v_deadline,
         state = case when p_due is null then 'queued' else 'scheduled' end, due = p_due,
         seq = case when p_due is null then coalesce(l.seq, nextval('windlass.invocations_key_seq')) end
   where l.key = p_key;
  delete from tags t where t.key = p_key;
  insert into tags (namespace, name, value, key)
  select p_call.namespace, t.key, t.value, p_key from jsonb_each_text(c.tags) t where c.tags is not null;
  if (v_before = 'scheduled') <> (p_due is not null) then
    perform windlass.count_arrivals(p_writer, p_call.queue_id, case when p_due is null then -1 else 1 end,
                                    case when p_due is null then 1 else -1 end);
  end if;
end $$;

-- Stores one call, whatever it says, within the caller's transaction: see `stored`. Raises as
-- `store_calls` does. What may be the only one of its kind waits here for others of its key.
create function windlass.store_call(p_revision bigint, p_writer bigint, p_call windlass.call)
returns windlass.stored language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_call windlass.call := p_call;
  v_now bigint;
  v_due bigint;
  v_kept bigint;
  c record;
  o onces;
  i record;
  l live;
  s record;
begin
  perform windlass.with_partitions(array[v_call.queue_id]);
  if v_call.chosen then
    select i.key, i.id, i.enqueued_at,
           i.queue_id = v_call.queue_id and i.task = v_call.task and i.arguments = v_call.arguments as same
      into i from invocations i where i.namespace = v_call.namespace and i.id = v_call.id;
    if found then
      return (case when i.same then 'existed' else 'taken' end, i.key, i.id, i.enqueued_at, null)::windlass.stored;
    end if;
  end if;

  select * into c from jsonb_to_record(v_call.controls -> 'once') r(
    kind text, name text, conflict text, period bigint, deadline bigint);
  if c.kind is not null then
    -- A row of nobody, where there is none: so that there is something to lock.
    insert into onces (queue_id, kind, name, key, born)
    values (v_call.queue_id, c.kind, c.name, 0, 0) on conflict do nothing;
    select * into o from onces o
     where o.queue_id = v_call.queue_id and o.kind = c.kind and o.name = c.name for update;
    select i.key, i.id, i.enqueued_at, i.start_at into i from invocations i where i.key = o.key;
    select * into l from live l where l.key = o.key for no key update;
    v_now := windlass.now();

    if i.key is not null and (l.key is not null or o.until > v_now) then
      if c.conflict = 'reject' then
        return ('duplicate', i.key, i.id, i.enqueued_at, null)::windlass.stored;
      elsif c.conflict = 'return' then
        return ('existed', i.key, i.id, i.enqueued_at, null)::windlass.stored;
      end if;
    end if;
    if p_revision is not null and (select k.revision from catalogue k) <> p_revision then
      raise exception 'components were added meanwhile' using errcode = 'WL001';
    end if;

    if c.kind = 'debounce' then
      v_due := v_now + c.period;
      if l.state = 'scheduled' then
        v_due := least(v_due, o.born + c.deadline);
      end if;
    else
      v_kept := v_now + c.period;
      v_due := coalesce((v_call.controls ->> 'at')::bigint, v_now + (v_call.controls ->> 'after')::bigint);
      v_due := case when v_due > v_now then v_due end;
    end if;
    if l.state = 'scheduled' or c.kind = 'dedup' and l.state = 'queued' and l.host is null and l.attempt = 0 then
      perform windlass.replace_call(p_writer, l.key, v_call, v_due, v_now);
      update onces o set until = v_kept
       where o.queue_id = v_call.queue_id and o.kind = c.kind and o.name = c.name;
      return ('replaced', i.key, i.id, i.enqueued_at, v_due)::windlass.stored;
    end if;
    v_call.controls := v_call.controls - '{after,at}'::text[]
      || case when v_due is null then '{}'::jsonb else jsonb_build_object('at', v_due) end;
  end if;

  select n.* into s from windlass.store_calls(
    p_revision, p_writer, array[v_call.namespace], array[v_call.id], array[v_call.chosen], array[1],
    array[v_call.queue_id], array[v_call.function_id], array[v_call.task], array[v_call.arguments],
    array[v_call.priority], array[v_call.timeout_ms], array[v_call.workflow],
    array[v_call.controls::text]) n;
  if c.kind is not null then
    insert into onces as o (queue_id, kind, name, key, until, born)
    values (v_call.queue_id, c.kind, c.name, s.key, v_kept, s.enqueued_at)
    on conflict (queue_id, kind, name) do update
      set key = excluded.key, until = excluded.until, born = excluded.born;
  end if;
  return (s.verdict, s.key, v_call.id, s.enqueued_at,
          (select l.due from live l where l.key = s.key and l.state = 'scheduled'))::windlass.stored;
end $$;

-- Stores the calls of one or more requests of which some say `once`, one by one, in order. Takes what
-- `store_calls` takes and answers alike, with the invocation that stands there; the others of a
-- request of which a call is 'taken' or a 'duplicate' are 'dropped', or have stored nothing whatever they
-- say.
create function windlass.store_once(
  p_revision bigint, p_writer bigint,
  p_namespace text[], p_id text[], p_chosen boolean[], p_request int[], p_queue bigint[],
  p_function bigint[], p_task text[], p_arguments bytea[], p_priority int[], p_timeout bigint[],
  p_workflow boolean[], p_controls text[]
) returns table (ord bigint, verdict text, key bigint, id text, enqueued_at bigint, due bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_request int;
  v_call windlass.call;
  s windlass.stored;
  n bigint;
begin
  perform windlass.with_partitions(p_queue);
  -- In one order, so that hosts that have several keys in common do not wait for each other.
  insert into onces (queue_id, kind, name, key, born)
  select distinct c.queue, c.controls::jsonb #>> '{once,kind}', c.controls::jsonb #>> '{once,name}', 0, 0
    from unnest(p_queue, p_controls) c(queue, controls)
   where c.controls::jsonb ? 'once' order by 1, 2, 3
  on conflict do nothing;
  perform 1 from onces o
    where (o.queue_id, o.kind, o.name) in (
      select c.queue, c.controls::jsonb #>> '{once,kind}', c.controls::jsonb #>> '{once,name}'
        from unnest(p_queue, p_controls) c(queue, controls) where c.controls::jsonb ? 'once')
    order by o.queue_id, o.kind, o.name for update;

  for v_request in select distinct u from unnest(p_request) u order by u loop
    begin
      for n in select u.ord from unnest(p_request) with ordinality u(request, ord)
                where u.request = v_request order by u.ord loop
        v_call := (p_namespace[n], p_id[n], p_chosen[n], p_queue[n], p_function[n], p_task[n],
                   p_arguments[n], p_priority[n], p_timeout[n], p_workflow[n], p_controls[n]::jsonb);
        s := windlass.store_call(p_revision, p_writer, v_call);
        return query select n, s.verdict, s.key, s.id, s.enqueued_at, s.due;
        if s.verdict in ('taken', 'duplicate') then
          -- Takes back what was stored of this request, but not the answers.
          raise exception 'refused' using errcode = 'WL004';
        end if;
      end loop;
    exception when sqlstate 'WL004' then
      return query
        select u.ord, 'dropped'::text, 0::bigint, ''::text, 0::bigint, null::bigint
          from unnest(p_request) with ordinality u(request, ord) where u.request = v_request and u.ord > n;
    end;
  end loop;
end $$;
