-- What workflows record, whose children may say when, where and how often.

drop function windlass.record;

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
