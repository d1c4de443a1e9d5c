drop function windlass.store_calls;

-- Stores the calls of one or more requests in one statement of the host's.
--
-- All or none holds per request (`request` numbers them). Answers one row a call, in any order:
-- `verdict` is 'stored', 'existed', 'taken' (another call has the id) or 'dropped' (stored nothing,
-- because another call of its request is 'taken'). Raises WL001 if components were added since
-- `p_revision`, and WL002 if an id appeared twice at once: the host then sends each request alone.
create function windlass.store_calls(
  p_revision bigint,
  p_namespace text[], p_id text[], p_chosen boolean[], p_request int[], p_queue bigint[],
  p_function bigint[], p_task text[], p_arguments bytea[], p_priority int[], p_timeout bigint[],
  p_workflow boolean[]
) returns table (ord bigint, verdict text, key bigint, enqueued_at bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_now bigint := windlass.now();
  v_taken int[] := '{}';
  v_existing bigint[] := '{}';
  v_stored bigint;
begin
  if (select c.revision from catalogue c) <> p_revision then
    raise exception 'components were added meanwhile' using errcode = 'WL001';
  end if;

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

  if v_taken = '{}' and v_existing = '{}' then
    return query
      with stored as (
        insert into invocations as i
          (namespace, id, queue_id, function_id, task, arguments, priority, timeout_ms, enqueued_at, workflow)
        select c.namespace, c.id, c.queue, c.function, c.task, c.arguments, c.priority, c.timeout, v_now,
               c.workflow
          from unnest(p_namespace, p_id, p_queue, p_function, p_task, p_arguments, p_priority, p_timeout,
                      p_workflow)
               with ordinality c(namespace, id, queue, function, task, arguments, priority, timeout, workflow, ord)
         order by c.ord
        on conflict (namespace, id) do nothing
        returning i.key, i.queue_id, i.priority, i.workflow),
      placed as (
        insert into live (key, queue_id, priority, seq, workflow)
        select s.key, s.queue_id, s.priority, s.key, s.workflow from stored s)
      select row_number() over (order by s.key), 'stored'::text, s.key, v_now from stored s;
    get diagnostics v_stored = row_count;
    if v_stored < cardinality(p_id) then
      perform windlass.twice();
    end if;
    return;
  end if;

  -- The rare way: some ids exist.
  return query
    with sent as materialized (
      select c.* from unnest(p_namespace, p_id, p_request, p_queue, p_function, p_task, p_arguments,
                             p_priority, p_timeout, p_workflow)
             with ordinality c(namespace, id, request, queue, function, task, arguments, priority, timeout,
                               workflow, ord)),
    stored as (
      insert into invocations as i
        (namespace, id, queue_id, function_id, task, arguments, priority, timeout_ms, enqueued_at, workflow)
      select c.namespace, c.id, c.queue, c.function, c.task, c.arguments, c.priority, c.timeout, v_now,
               c.workflow
        from sent c
       where not (c.request = any (v_taken)) and not (c.ord = any (v_existing))
       order by c.ord
      on conflict (namespace, id) do nothing
      returning i.key, i.queue_id, i.priority, i.workflow, i.namespace, i.id),
    placed as (
      insert into live (key, queue_id, priority, seq, workflow)
      select s.key, s.queue_id, s.priority, s.key, s.workflow from stored s)
    select c.ord,
           case when s.key is not null then 'stored'
                when c.ord = any (v_existing) and i.queue_id = c.queue and i.task = c.task
                     and i.arguments = c.arguments then 'existed'
                when c.ord = any (v_existing) then 'taken'
                when c.request = any (v_taken) then 'dropped'
                else windlass.twice() end,
           coalesce(s.key, i.key, 0), coalesce(i.enqueued_at, v_now)
      from sent c
      left join stored s on s.namespace = c.namespace and s.id = c.id
      left join lateral (select * from invocations i
                          where i.namespace = c.namespace and i.id = c.id limit 1) i on true;
end $$;
