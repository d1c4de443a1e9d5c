-- Calls by SQL: `enqueue`, `enqueue_many`, `result` and `cancel` are for anybody's transactions, and keep
-- their signatures. They run with the rights of this schema's owner; a role needs no others than those
-- that `grant_calls` gives. What is wrong with a call is told as these states: 22023 an option, a name or
-- the arguments cannot be; WL404 there is no such task; WL300 its name means several; 23505 another call
-- stands under the id; WL409 another invocation has the deduplication key.

-- A version 7 UUID.
create function windlass.new_id() returns text language sql volatile as $$
  select encode(set_bit(set_bit(overlay(
           uuid_send(gen_random_uuid())
           placing substring(int8send(windlass.now() / 1000) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid::text
$$;

-- Tells hosts of what happened here, at the commit; as from a process of its own.
create function windlass.tell(p_notes text[]) returns void language sql volatile as $$
  select pg_notify('windlass', 'sql|' || array_to_string(p_notes, ',')) where cardinality(p_notes) > 0
$$;

-- The number of a queue, which is made without limits if it does not exist.
create function windlass.queue_named(p_namespace text, p_queue text) returns bigint
language plpgsql volatile as $$
declare
  v_queue bigint;
begin
  if p_queue is null or p_queue !~ '^[A-Za-z0-9._:-]{1,128}$' then
    perform windlass.refuse('queue', coalesce(quote_literal(left(p_queue, 80)), 'null')
      || ' cannot be the name of one: use 1 to 128 letters, digits, ., _, : and -');
  end if;
  select q.id into v_queue from queues q where q.namespace = p_namespace and q.name = p_queue;
  if v_queue is null then
    insert into queues (namespace, name, settings, created_at)
    values (p_namespace, p_queue, '{}', windlass.now()) on conflict do nothing;
    select q.id into v_queue from queues q where q.namespace = p_namespace and q.name = p_queue;
  end if;
  return v_queue;
end $$;

create function windlass.namespace_said(p_namespace text) returns text language plpgsql as $$
begin
  if p_namespace !~ '^[A-Za-z0-9._:-]{1,128}$' then
    perform windlass.refuse('namespace', quote_literal(left(p_namespace, 80))
      || ' cannot be the name of one: use 1 to 128 letters, digits, ., _, : and -');
  end if;
  return coalesce(p_namespace, 'default');
end $$;

-- Stores one call, waiting once for whoever is storing the same id.
create function windlass.store_said(p_call windlass.call) returns windlass.stored
language plpgsql volatile as $$
begin
  if p_call.chosen then
    begin
      return windlass.store_call(null, -1, p_call);
    exception when sqlstate 'WL002' then
      null;
    end;
  end if;
  return windlass.store_call(null, -1, p_call);
end $$;

-- Stores calls of one task that say the same but for their arguments; their ids in order.
create function windlass.enqueue_calls(p_queue text, p_task text, p_args jsonb[], p_options jsonb)
returns text[] language plpgsql volatile as $$
declare
  n int := coalesce(cardinality(p_args), 0);
  v_namespace text;
  v_queue bigint;
  v_task record;
  o record;
  v_bodies bytea[] := '{}';
  v_ids text[];
  v_args jsonb;
  v_stored windlass.stored;
begin
  if jsonb_typeof(p_options) = 'object' then
    v_namespace := windlass.namespace_said(p_options ->> 'namespace');
  end if;
  select * into v_task from windlass.task_named(coalesce(v_namespace, 'default'), p_task);
  select * into o from windlass.options_said(p_options, v_task.defaults);
  if o.id is not null and n > 1 then
    perform windlass.refuse('id', 'one id cannot stand for several calls: leave it out, or enqueue them one by one');
  end if;
  foreach v_args in array p_args loop
    if coalesce(jsonb_typeof(v_args), 'null') not in ('array', 'object') then
      perform windlass.refuse('args', format('expected an array by position or an object by name, got %s',
                                             coalesce(left(v_args::text, 80), 'null')));
    end if;
    v_bodies := v_bodies || convert_to(v_args::text, 'UTF8');
  end loop;
  v_queue := windlass.queue_named(coalesce(v_namespace, 'default'), p_queue);
  if o.controls ? 'partition' and not (select q.partitioned from queues q where q.id = v_queue) then
    perform windlass.refuse('partition', format(
      'the queue %s has no partitions: leave it out, or give the queue partitions', p_queue));
  end if;
  if n = 0 then
    return '{}';
  end if;

  v_ids := array (select coalesce(o.id, windlass.new_id()) from generate_series(1, n));
  if n > 1 and not o.controls ? 'once' then
    perform windlass.store_calls(
      null, -1, array_fill(coalesce(v_namespace, 'default'), array[n]), v_ids, array_fill(false, array[n]),
      array_fill(1, array[n]), array_fill(v_queue, array[n]), array_fill(v_task.function_id, array[n]),
      array_fill(p_task, array[n]), v_bodies, array_fill(o.priority, array[n]),
      array_fill(o.timeout_ms, array[n]), array_fill(v_task.workflow, array[n]),
      array_fill(o.controls::text, array[n]));
  else
    for i in 1 .. n loop
      v_stored := windlass.store_said((
        coalesce(v_namespace, 'default'), v_ids[i], o.id is not null, v_queue, v_task.function_id, p_task,
        v_bodies[i], o.priority, o.timeout_ms, v_task.workflow, o.controls)::windlass.call);
      if v_stored.verdict = 'taken' then
        raise exception 'id: another call stands under the id %', quote_literal(v_stored.id)
          using errcode = '23505',
                hint = 'choose another id, or enqueue the same queue, task and arguments again';
      elsif v_stored.verdict = 'duplicate' then
        raise exception 'dedup: the invocation % has the deduplication key %', quote_literal(v_stored.id),
                        quote_literal(o.controls #>> '{once,name}')
          using errcode = 'WL409', detail = v_stored.id,
                hint = 'wait for its end, or take its handle by "on_conflict": "return"';
      end if;
      v_ids[i] := v_stored.id;
    end loop;
  end if;

  -- Hosts that have something to do look by themselves.
  if exists (select 1 from hosts h where h.state = 'alive' and h.rests) then
    perform windlass.tell(array['w' || v_queue]);
  end if;
  return v_ids;
end $$;

-- Enqueues a call within the caller's transaction, and answers its id. `args` is an array by position or
-- an object by name; they are checked when the call is claimed. `options` are those of a call over HTTP:
-- id, priority, delay_ms, start_at, partition, dedup, debounce, timeout_ms, deadline_ms, retries, tags;
-- and namespace. Plans are kept, as on connections of hosts (see `connection::hot`).
create function windlass.enqueue(queue text, task text, args jsonb default '[]', options jsonb default '{}')
returns text language plpgsql volatile security definer set search_path = windlass, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_bitmapscan = off as $$
begin
  return (windlass.enqueue_calls($1, $2, array[$3], $4))[1];
end $$;

-- As `enqueue`, for as many calls as there are elements in `args`; answers their ids in this order.
create function windlass.enqueue_many(queue text, task text, args jsonb[], options jsonb default '{}')
returns setof text language plpgsql volatile security definer set search_path = windlass, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_bitmapscan = off as $$
begin
  return query select u.id from unnest(windlass.enqueue_calls($1, $2, $3, $4)) u(id);
end $$;

-- The state of an invocation; once it has ended also its `value`, or its `error`. Null where there is no
-- such invocation.
create function windlass.result(id text, namespace text default 'default') returns jsonb
language plpgsql stable security definer set search_path = windlass, pg_temp as $$
#variable_conflict use_column
declare
  v_key bigint;
  v_state text;
  v_body text;
  v_value jsonb;
begin
  select i.key into v_key from invocations i where i.namespace = $2 and i.id = $1;
  select o.state, convert_from(o.body, 'UTF8') into v_state, v_body from outcomes o where o.key = v_key;
  if v_state is null then
    return (select jsonb_build_object('state', l.state) from live l where l.key = v_key);
  end if;
  begin
    v_value := v_body::jsonb;
  exception when untranslatable_character then
    -- This type has no U+0000.
    v_value := regexp_replace(v_body, '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g')::jsonb;
  end;
  return jsonb_build_object('state', v_state, case v_state when 'succeeded' then 'value' else 'error' end, v_value);
end $$;

-- Ends an invocation and its descendants, or asks for their end where hosts execute them; answers its
-- state afterwards. Null where there is no such invocation.
create function windlass.cancel(id text, namespace text default 'default') returns text
language plpgsql volatile security definer set search_path = windlass, pg_temp set lock_timeout = '500ms' as $$
#variable_conflict use_column
declare
  v_key bigint;
  v_done record;
  v_state text;
begin
  select i.key into v_key from invocations i where i.namespace = $2 and i.id = $1;
  for i in 1 .. 6 loop
    begin
      select * into v_done from windlass.cancel(array[v_key], 'cancelled by SQL');
      exit;
    exception when lock_not_available or deadlock_detected then
      -- Others hold what is to be locked, for a moment each.
      if i = 6 then
        raise;
      end if;
    end;
  end loop;
  perform windlass.tell(
    array (select 'w' || u from unnest(v_done.queues || v_done.touched) u group by u)
    || case when cardinality(v_done.asked) > 0 then array['x'] end
    || case when cardinality(v_done.ended) > 0 then array['m'] end);
  select coalesce((select o.state from outcomes o where o.key = v_key),
                  (select l.state from live l where l.key = v_key)) into v_state;
  return v_state;
end $$;

-- Lets a role enqueue, read results and cancel, and nothing else.
create function windlass.grant_calls(role name) returns void language plpgsql volatile as $$
begin
  execute format('grant usage on schema windlass to %I', role);
  execute format(
    'grant execute on function windlass.enqueue(text, text, jsonb, jsonb),
       windlass.enqueue_many(text, text, jsonb[], jsonb), windlass.result(text, text),
       windlass.cancel(text, text) to %I', role);
end $$;
