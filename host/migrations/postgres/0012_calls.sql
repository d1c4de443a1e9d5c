-- Calls as they are stored: when they may start, in which partition, and whether they are the only one
-- of their key.

drop function windlass.store_calls;
drop function windlass.record;

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

-- Records the steps of one or more workflows of a host in one statement of the host's. All or none
-- holds per workflow (`step` numbers them).
--
-- The families of children (`f_`) are those of one step and one queue. Answers, in any order:
-- `what` 0 a step whose workflow the host does not hold, 1 a step with a child whose id another
-- call has, 2 a child that is stored, 3 a child that existed, 4 a step that does not follow on the
-- journal (`key` is where that ends), 5 a queue in which something may go on, 6 one that ended
-- because it was cancelled, 7 one whose end was asked for. `ord` is the step's or the child's
-- number. Raises WL003 if the host has lost its lease, and WL002 if an id was not free: the host
-- then sends each step alone and with care.
--
-- A child stands in its parent's partition where it is on the same queue and names none, and ends by its
-- parent's deadline.
create function windlass.record(
  p_host bigint, p_writer bigint, p_careful boolean,
  s_key bigint[], s_fence bigint[], s_first int[], s_count int[], s_body bytea[], s_restart bytea[],
  f_step int[], f_queue bigint[],
  c_family int[], c_namespace text[], c_id text[], c_chosen boolean[], c_function bigint[], c_task text[],
  c_arguments bytea[], c_priority int[], c_timeout bigint[], c_workflow boolean[], c_detached boolean[],
  c_controls text[],
  x_step int[], x_key bigint[],
  p_step int[], p_name text[], p_value bytea[],
  t_step int[], t_number bigint[]
) returns table (what int, ord bigint, key bigint, enqueued_at bigint) language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_now bigint;
  v_partitioned bigint[];
  -- By step: whether it is recorded now, was recorded before, and whether its workflow's end was
  -- asked for.
  v_new boolean[] := array_fill(false, array[cardinality(s_key)]);
  v_again boolean[] := v_new;
  v_wished boolean[] := v_new;
  v_existing bigint[] := '{}';
  v_keys bigint[] := '{}';
  v_stored bigint;
  v_cancels bigint[] := '{}';
  v_cancelled record;
  v record;
  f_parent bigint[];
  f_depth int[];
  f_lender bigint[];
  f_partition text[];
  f_deadline bigint[];
begin
  -- Before any row: who makes or ends a queue's partitions locks in this order.
  v_partitioned := windlass.with_partitions(f_queue);
  v_now := windlass.now();
  perform pg_advisory_xact_lock_shared(7402, p_host::int);
  if not exists (select 1 from hosts h where h.number = p_host and h.state = 'alive') then
    raise exception 'host % has lost its lease', p_host using errcode = 'WL003';
  end if;

  for v in
    select u.step, l.key is not null as held, l.cancel is not null as wished, l.deaths, l.suspect
      from unnest(s_key, s_fence) with ordinality u(key, fence, step)
      left join lateral (select * from live l where l.key = u.key and l.fence = u.fence
                          and l.host + 0 = p_host limit 1 for no key update) l on true
     order by u.step
  loop
    v_new[v.step] := v.held;
    v_wished[v.step] := v.wished;
    if not v.held then
      return query select 0, v.step, null::bigint, null::bigint;
    elsif v.deaths > 0 or v.suspect then
      update live l set deaths = 0, suspect = false where l.key = s_key[v.step];
    end if;
  end loop;
  for v in
    select u.step, u.first = coalesce(j.first + j.count, 0) as follows,
           exists (select 1 from journal p where p.key = u.key and p.first = u.first and p.count = u.count) as again,
           coalesce(j.first + j.count, 0) as entries
      from unnest(s_key, s_first, s_count) with ordinality u(key, first, count, step)
      left join lateral (select j.first, j.count from journal j where j.key = u.key
                          order by j.first desc limit 1) j on true
  loop
    if v_new[v.step] and not v.follows then
      v_new[v.step] := false;
      v_again[v.step] := v.again;
      if not v.again then
        return query select 4, v.step, v.entries::bigint, null::bigint;
      end if;
    end if;
  end loop;

  if cardinality(c_id) > 0 then
    if p_careful or true = any (c_chosen) or true = any (v_again) then
      for v in
        select c.ord, f_step[c.family] as step, i.key, i.enqueued_at,
               i.parent is not distinct from s_key[f_step[c.family]]
                 and i.queue_id = f_queue[c.family] and i.task = c.task and i.arguments = c.arguments as same
          from unnest(c_family, c_namespace, c_id, c_chosen, c_task, c_arguments)
               with ordinality c(family, namespace, id, chosen, task, arguments, ord)
          cross join lateral (select * from invocations i
                               where i.namespace = c.namespace and i.id = c.id limit 1) i
         where v_again[f_step[c.family]] or v_new[f_step[c.family]] and (p_careful or c.chosen)
         order by c.ord
      loop
        if v.same or v_again[v.step] then
          v_existing := v_existing || v.ord;
          return query select 3, v.ord, v.key, v.enqueued_at;
        elsif v_new[v.step] then
          v_new[v.step] := false;
          return query select 1, v.ord, v.step::bigint, null::bigint;
        end if;
      end loop;
    end if;

    -- Before the children, so that nobody ends one of them and finds no row to look at.
    insert into waits (key, queue_id)
    select i.key, i.queue_id
      from (select distinct f.step from unnest(f_step) f(step) where v_new[f.step] order by f.step) f
      cross join lateral (select i.key, i.queue_id from invocations i where i.key = s_key[f.step] limit 1) i
    on conflict do nothing;
    select array_agg(s_key[f.step] order by f.ord), array_agg(i.depth + 1 order by f.ord),
           array_agg(coalesce(windlass.lender(s_key[f.step], f.queue), 0) order by f.ord),
           array_agg(case when i.queue_id = f.queue then i.partition end order by f.ord),
           array_agg(l.deadline order by f.ord)
      into f_parent, f_depth, f_lender, f_partition, f_deadline
      from unnest(f_step, f_queue) with ordinality f(step, queue, ord)
      cross join lateral (
        select i.depth, i.queue_id, i.partition from invocations i where i.key = s_key[f.step] limit 1) i
      left join lateral (select l.deadline from live l where l.key = s_key[f.step] limit 1) l on true;
    with sent as materialized (
      select c.*, nextval('windlass.invocations_key_seq') as key, f_queue[c.family] as queue,
             coalesce(o.partition, f_partition[c.family]) as partition,
             coalesce(o.at, v_now + o.after) as start_at,
             least(v_now + o.deadline, f_deadline[c.family]) as deadline, o.retries, o.tags, o.retry_of
        from unnest(c_family, c_namespace, c_id, c_function, c_task, c_arguments, c_priority, c_timeout,
                    c_workflow, c_detached, c_controls)
             with ordinality c(family, namespace, id, function, task, arguments, priority, timeout, workflow,
                               detached, controls, ord)
        left join lateral jsonb_to_record(c.controls::jsonb) o(
          partition text, after bigint, at bigint, deadline bigint, retries text, tags jsonb, retry_of bigint)
          on c.controls is not null
       where v_new[f_step[c.family]] and not (c.ord = any (v_existing))),
    stored as (
      insert into invocations as i
        (key, namespace, id, queue_id, function_id, task, arguments, priority, timeout_ms, enqueued_at,
         workflow, parent, depth, partition, start_at, deadline, retries, tags, retry_of)
      overriding system value
      select c.key, c.namespace, c.id, c.queue, c.function, c.task, c.arguments, c.priority,
             c.timeout, v_now, c.workflow, f_parent[c.family], f_depth[c.family], c.partition, c.start_at,
             c.deadline, c.retries, c.tags::text, c.retry_of
        from sent c
      on conflict (namespace, id) do nothing
      returning i.key),
    placed as (
      insert into live (key, queue_id, priority, state, seq, due, workflow, parent, detached, lender, partition,
                        deadline)
      select c.key, c.queue, c.priority,
             case when c.start_at > v_now then 'scheduled' else 'queued' end,
             case when c.start_at > v_now then null else c.key end,
             case when c.start_at > v_now then c.start_at end,
             c.workflow, f_parent[c.family], c.detached, nullif(f_lender[c.family], 0),
             case when c.queue = any (v_partitioned) then coalesce(c.partition, '') end, c.deadline
        from sent c),
    tagged as (
      insert into tags (namespace, name, value, key)
      select c.namespace, t.key, t.value, c.key
        from sent c cross join lateral jsonb_each_text(c.tags) t
       where c.tags is not null),
    counted as (
      insert into arrivals as a (queue_id, writer, scheduled, live)
      select c.queue, p_writer, count(*) filter (where c.start_at > v_now),
             count(*) filter (where c.start_at is null or c.start_at <= v_now)
        from sent c group by c.queue order by c.queue
      on conflict (queue_id, writer, part) do update
        set scheduled = a.scheduled + excluded.scheduled, live = a.live + excluded.live)
    select coalesce(array_agg(c.key order by c.ord), '{}'), (select count(*) from stored),
           coalesce(array_agg(c.key) filter (where v_wished[f_step[c.family]] and not c.detached), '{}'),
           coalesce(array_agg(c.ord order by c.ord), '{}')
      into v_keys, v_stored, v_cancels, v_existing
      from sent c;
    if v_stored < cardinality(v_keys) then
      perform windlass.twice();
    end if;
    return query select 2, u.ord, u.key, v_now from unnest(v_existing, v_keys) u(ord, key);
  end if;

  insert into journal (key, first, count, body, recorded_at)
  select u.key, u.first, u.count, u.body, v_now
    from unnest(s_key, s_first, s_count, s_body) with ordinality u(key, first, count, body, step)
   where v_new[u.step] and u.count > 0;
  for v in
    select u.key, u.first, u.arguments
      from unnest(s_key, s_first, s_restart) with ordinality u(key, first, arguments, step)
     where v_new[u.step] and u.arguments is not null
  loop
    delete from journal j where j.key = v.key and j.first < v.first;
    update invocations i set arguments = v.arguments where i.key = v.key;
  end loop;

  if cardinality(p_step) > 0 then
    -- Of one name a step publishes once; the host sees to that.
    insert into published as b (key, name, value, revision, published_at)
    select u.key, u.name, u.value,
           coalesce((select max(b.revision) from published b where b.key = u.key), 0)
             + row_number() over (partition by u.key order by u.ord), v_now
      from (select s_key[p.step] as key, p.name, p.value, p.ord
              from unnest(p_step, p_name, p_value) with ordinality p(step, name, value, ord)
             where v_new[p.step]) u
    on conflict (key, name) do update
      set value = excluded.value, revision = excluded.revision, published_at = excluded.published_at;
  end if;
  if cardinality(t_step) > 0 then
    delete from messages m
     using unnest(t_step, t_number) t(step, number)
     where v_new[t.step] and m.key = s_key[t.step] and m.number = t.number;
  end if;

  if cardinality(x_step) > 0 or v_cancels <> '{}' then
    v_cancels := v_cancels || array (
      select x.key from unnest(x_step, x_key) x(step, key) where v_new[x.step]);
    select * into v_cancelled from windlass.cancel(v_cancels, 'cancelled by the workflow that enqueued it');
    return query
      select 5, null::bigint, u, null::bigint from unnest(v_cancelled.queues || v_cancelled.touched) u
      union all select 6, null, u, null from unnest(v_cancelled.ended) u
      union all select 7, null, u, null from unnest(v_cancelled.asked) u;
  end if;
end $$;
