-- What callers by SQL say, read as hosts read it: names of tasks, and options of calls. Both are told in
-- words where they are wrong, as the state 22023, or WL404 and WL300 for a task that does not exist and
-- for a name that means several.

-- Names of tasks --------------------------------------------------------------------------------

-- Marks the version that a component's name without a version means: the highest that is no
-- pre-release, as `semver` orders them. The caller holds the lock of the catalogue's row.
create function windlass.mark_current(p_namespace text, p_name text) returns void
language sql volatile as $$
  update components c set current = (c.version is not distinct from h.version)
    from (select max(v.version) as version from (
            select c.version from components c
             where c.namespace = p_namespace and c.name = p_name
               and split_part(c.version, '+', 1) not like '%-%'
               and exists (select 1 from functions f where f.namespace = c.namespace
                            and f.component = c.name and f.version = c.version)
             order by string_to_array(split_part(c.version, '+', 1), '.')::numeric[] desc,
                      -- Numbers are less than words, and are ordered as numbers.
                      array (select case when u ~ '^[0-9]+$' then '0' || lpad(u, 40, '0') else '1' || u end
                               from unnest(string_to_array(nullif(split_part(c.version, '+', 2), ''), '.'))
                                    with ordinality p(u, ord) order by p.ord) collate "C" desc
             limit 1) v) h
   where c.namespace = p_namespace and c.name = p_name
     and c.current <> (c.version is not distinct from h.version)
$$;
select windlass.mark_current(c.namespace, c.name) from (select distinct namespace, name from components) c;
create index components_current on components (namespace, name) where current;

-- The functions of a version that `p_function` may mean: one if it is clear, several if not.
create function windlass.functions_named(p_namespace text, p_component text, p_version text, p_function text)
returns bigint[] language plpgsql stable as $$
declare
  v_hash int := length(p_function) - strpos(reverse(p_function), '#') + 1;
  v_wanted text := case when p_function like '%#%' then left(p_function, v_hash - 1) end;
  v_bare text := case when p_function like '%#%' then substr(p_function, v_hash + 1) else p_function end;
  v_found bigint[];
  v_full bigint;
begin
  select array_agg(f.id order by f.id), min(f.id) filter (where f.interface || '#' || f.name = p_function
                                                   or f.interface is null and f.name = p_function)
    into v_found, v_full
    from functions f
   cross join lateral (select split_part(f.interface, '@', 1) as path) i
   where f.namespace = p_namespace and f.component = p_component and f.version = p_version
     and f.name = v_bare
     and (v_wanted is null or v_wanted in (f.interface, i.path, substring(i.path from '[^/]*$')));
  return case when cardinality(v_found) > 1 and v_full is not null then array[v_full] else v_found end;
end $$;

-- The task that a name means, with what its component's manifest says of it.
create function windlass.task_named(
  p_namespace text, p_task text, out function_id bigint, out workflow boolean, out defaults jsonb
) language plpgsql stable as $$
declare
  v_component text := split_part(split_part(p_task, '/', 1), '@', 1);
  v_version text := nullif(substr(split_part(p_task, '/', 1), length(v_component) + 2), '');
  v_function text := substr(p_task, strpos(p_task, '/') + 1);
  v_found bigint[];
  v_known text;
begin
  if p_task is null or octet_length(p_task) > 1024 or strpos(p_task, '/') = 0 or v_function = '' then
    raise exception 'task: % names no function', coalesce(quote_literal(left(p_task, 80)), 'null')
      using errcode = '22023', hint = 'write `component/function`, as in `images/resize`';
  elsif v_component !~ '^[a-z0-9][a-z0-9_.-]{0,63}$' then
    raise exception 'task: % cannot be the name of a component', quote_literal(left(v_component, 80))
      using errcode = '22023', hint = 'use 1 to 64 of a-z, 0-9, -, _ and ., beginning with a letter or a digit';
  elsif strpos(split_part(p_task, '/', 1), '@') > 0
        and coalesce(v_version, '') !~ '^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$' then
    raise exception 'task: % is not a version', quote_literal(coalesce(v_version, ''))
      using errcode = '22023', hint = 'write all three parts, as in 1.2.0';
  end if;

  if v_version is null then
    select c.version into v_version from components c
     where c.namespace = p_namespace and c.name = v_component and c.current;
  end if;
  v_found := windlass.functions_named(p_namespace, v_component, v_version, v_function);
  if cardinality(v_found) > 1 then
    select string_agg(format('%s/%s', split_part(p_task, '/', 1), coalesce(f.interface || '#', '') || f.name), ', ')
      into v_known from functions f where f.id = any (v_found);
    raise exception 'task: % is ambiguous', quote_literal(p_task)
      using errcode = 'WL300', hint = 'write one of ' || v_known;
  elsif v_found is null then
    select string_agg(u.name, ', ') into v_known from (
      select f.name from functions f
       where f.namespace = p_namespace and f.component = v_component and f.version = v_version
       order by f.id limit 10) u;
    if v_known is not null then
      raise exception 'task: there is no task % in %@%', quote_literal(v_function), v_component, v_version
        using errcode = 'WL404', hint = 'the component has ' || v_known;
    end if;
    select string_agg(u.version, ', ') into v_known from (
      select c.version from components c
       where c.namespace = p_namespace and c.name = v_component order by c.uploaded_at desc limit 10) u;
    if v_known is not null then
      raise exception 'task: the component % has no %', v_component,
                      case when strpos(split_part(p_task, '/', 1), '@') > 0 then 'version ' || v_version
                           else 'version that is no pre-release' end
        using errcode = 'WL404', hint = 'name one of ' || v_known;
    end if;
    select string_agg(u.name, ', ') into v_known from (
      select distinct c.name from components c where c.namespace = p_namespace order by c.name limit 10) u;
    raise exception 'task: there is no component % in the namespace %', v_component, p_namespace
      using errcode = 'WL404', hint = coalesce('there is ' || v_known, 'there is none yet: push one first');
  end if;

  function_id := v_found[1];
  select f.workflow, f.version into workflow, v_version from functions f where f.id = function_id;
  select e.value into defaults
    from component_defaults d cross join lateral jsonb_each(d.defaults::jsonb) e
   where d.namespace = p_namespace and d.name = v_component
     and windlass.functions_named(p_namespace, v_component, v_version, e.key) = array[function_id]
   limit 1;
end $$;

-- Options ---------------------------------------------------------------------------------------

create function windlass.refuse(p_field text, p_message text) returns void language plpgsql as $$
begin
  raise exception '%: %', p_field, p_message using errcode = '22023';
end $$;

-- A whole number within bounds; nothing where nothing is said.
create function windlass.whole(p_field text, p_value jsonb, p_least bigint, p_most bigint) returns bigint
language plpgsql as $$
begin
  if p_value is null or p_value = 'null' then
    return null;
  elsif jsonb_typeof(p_value) <> 'number' or (p_value #>> '{}')::numeric % 1 <> 0
        or not ((p_value #>> '{}')::numeric between p_least and p_most) then
    perform windlass.refuse(p_field, format('expected %s to %s, got %s', p_least, p_most, left(p_value::text, 80)));
  end if;
  return (p_value #>> '{}')::numeric::bigint;
end $$;

-- A key: a text of 1 to 256 bytes; nothing where nothing is said.
create function windlass.key_text(p_field text, p_value jsonb) returns text language plpgsql as $$
declare
  v_text text := p_value #>> '{}';
begin
  if p_value is null or p_value = 'null' then
    return null;
  elsif jsonb_typeof(p_value) <> 'string' then
    perform windlass.refuse(p_field, 'expected a text, got ' || left(p_value::text, 80));
  elsif v_text = '' then
    perform windlass.refuse(p_field, 'is empty: give 1 to 256 bytes');
  elsif octet_length(v_text) > 256 then
    perform windlass.refuse(p_field, format('has %s bytes: at most 256 are allowed', octet_length(v_text)));
  end if;
  return v_text;
end $$;

-- An object with no other fields than these; nothing where nothing is said.
create function windlass.fields(p_field text, p_value jsonb, p_known text[]) returns jsonb
language plpgsql as $$
declare
  v_unknown text;
begin
  if p_value is null or p_value = 'null' then
    return null;
  elsif jsonb_typeof(p_value) <> 'object' then
    perform windlass.refuse(p_field, 'expected an object, got ' || left(p_value::text, 80));
  end if;
  select k into v_unknown from jsonb_object_keys(p_value) k where k <> all (p_known) limit 1;
  if v_unknown is not null then
    perform windlass.refuse(
      case when p_field = 'options' then v_unknown else p_field || '.' || v_unknown end,
      'there is no such option: there is ' || array_to_string(p_known, ', '));
  end if;
  return p_value;
end $$;

create function windlass.retries_said(p_value jsonb) returns text language plpgsql as $$
declare
  v jsonb := windlass.fields('retries', p_value, '{max,backoff_ms,factor,max_backoff_ms,jitter,on}');
  v_bound record;
  v_rule jsonb;
begin
  if v is null then
    return null;
  end if;
  perform windlass.whole('retries.max', v -> 'max', 0, 1000),
          windlass.whole('retries.backoff_ms', v -> 'backoff_ms', 0, 2592000000),
          windlass.whole('retries.max_backoff_ms', v -> 'max_backoff_ms', 0, 2592000000);
  for v_bound in select * from (values ('factor', 1, 100), ('jitter', 0, 1)) b(name, least, most) loop
    if v -> v_bound.name is not null and (jsonb_typeof(v -> v_bound.name) <> 'number'
        or not ((v ->> v_bound.name)::numeric between v_bound.least and v_bound.most)) then
      perform windlass.refuse('retries.' || v_bound.name, format(
        'expected %s to %s, got %s', v_bound.least, v_bound.most, left((v -> v_bound.name)::text, 80)));
    end if;
  end loop;
  if v -> 'on' is not null then
    if jsonb_typeof(v -> 'on') <> 'array' or v -> 'on' = '[]' then
      perform windlass.refuse('retries.on', 'expected an array of kinds (leave it out for the usual ones)');
    end if;
    for v_rule in select * from jsonb_array_elements(v -> 'on') loop
      if jsonb_typeof(v_rule) <> 'string'
         or (v_rule #>> '{}') !~ '^(guest|guest:.+|trap|limit|timeout|component|host-lost)$' then
        perform windlass.refuse('retries.on', left(v_rule::text, 80)
          || ' is nothing that is tried again: guest, guest:CASE, trap, limit, timeout, component or host-lost');
      end if;
    end loop;
  end if;
  -- A field of null is as one that is not there.
  return jsonb_strip_nulls(v)::text;
end $$;

create function windlass.tags_said(p_value jsonb) returns jsonb language plpgsql as $$
declare
  v_tag record;
begin
  if p_value is null or p_value in ('null', '{}') then
    return null;
  elsif jsonb_typeof(p_value) <> 'object' then
    perform windlass.refuse('tags', 'expected an object of texts, got ' || left(p_value::text, 80));
  elsif (select count(*) from jsonb_object_keys(p_value)) > 32 then
    perform windlass.refuse('tags', format(
      'expected at most 32, got %s', (select count(*) from jsonb_object_keys(p_value))));
  end if;
  for v_tag in select * from jsonb_each(p_value) loop
    perform windlass.key_text('tags', to_jsonb(v_tag.key));
    if jsonb_typeof(v_tag.value) <> 'string' then
      perform windlass.refuse('tags', format('the value of `%s` is no text', v_tag.key));
    elsif octet_length(v_tag.value #>> '{}') > 256 then
      perform windlass.refuse('tags', format('the value of `%s` is longer than 256 bytes', v_tag.key));
    end if;
  end loop;
  return p_value;
end $$;

-- When a call may start, in microseconds since 1970.
create function windlass.start_said(p_value jsonb) returns bigint language plpgsql as $$
declare
  v_text text := p_value #>> '{}';
  v_at bigint;
begin
  if p_value is null or p_value = 'null' then
    return null;
  end if;
  begin
    if v_text ~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$' then
      v_at := (extract(epoch from v_text::timestamptz) * 1000000)::bigint;
    end if;
  exception when data_exception then
    v_at := null;
  end;
  if v_at is null then
    perform windlass.refuse('start_at', left(p_value::text, 80) || ' is no moment: write it as "2026-01-31T09:00:00Z"');
  elsif v_at > windlass.now() + 158112000000000 then
    perform windlass.refuse('start_at', 'expected at most 158112000000 ms from now, got ' || v_text);
  end if;
  return v_at;
end $$;

create function windlass.once_said(p_options jsonb) returns jsonb language plpgsql as $$
declare
  v_dedup jsonb := windlass.fields('dedup', p_options -> 'dedup', '{key,on_conflict,period_ms}');
  v_debounce jsonb := windlass.fields('debounce', p_options -> 'debounce', '{key,period_ms,deadline_ms}');
  v_period bigint;
  v_deadline bigint;
begin
  if v_dedup is not null then
    if v_debounce is not null then
      perform windlass.refuse('debounce', 'a deduplication key beside it: leave one of them out');
    elsif windlass.key_text('dedup.key', v_dedup -> 'key') is null then
      perform windlass.refuse('dedup.key', 'is not said: give 1 to 256 bytes');
    elsif v_dedup -> 'on_conflict' not in ('"reject"', '"return"', '"replace"') then
      perform windlass.refuse('dedup.on_conflict',
        'expected reject, return or replace, got ' || left((v_dedup -> 'on_conflict')::text, 80));
    end if;
    v_period := windlass.whole('dedup.period_ms', v_dedup -> 'period_ms', 1, 158112000000);
    return jsonb_build_object('kind', 'dedup', 'name', v_dedup ->> 'key',
      'conflict', coalesce(v_dedup ->> 'on_conflict', 'return'), 'period', v_period * 1000);
  elsif v_debounce is not null then
    if windlass.key_text('debounce.key', v_debounce -> 'key') is null then
      perform windlass.refuse('debounce.key', 'is not said: give 1 to 256 bytes');
    end if;
    v_period := windlass.whole('debounce.period_ms', v_debounce -> 'period_ms', 1, 158112000000);
    v_deadline := windlass.whole('debounce.deadline_ms', v_debounce -> 'deadline_ms', 1, 158112000000);
    if v_period is null then
      perform windlass.refuse('debounce.period_ms', 'is not said: how long to wait after the last call');
    elsif v_deadline < v_period then
      perform windlass.refuse('debounce.deadline_ms', 'it is shorter than the period');
    end if;
    return jsonb_build_object('kind', 'debounce', 'name', v_debounce ->> 'key', 'period', v_period * 1000,
                              'deadline', v_deadline * 1000);
  end if;
  return null;
end $$;

-- What is said of a call, as `call.controls`, and what is a column of its own; what is not said comes
-- from the defaults of its task.
create function windlass.options_said(
  p_options jsonb, p_defaults jsonb,
  out id text, out priority int, out timeout_ms bigint, out controls jsonb
) language plpgsql as $$
declare
  v_at bigint;
  v_delay bigint;
  v_deadline bigint;
  v_once jsonb;
begin
  p_options := windlass.fields('options', p_options, '{id,priority,delay_ms,start_at,partition,dedup,debounce,timeout_ms,deadline_ms,retries,tags,namespace}');
  id := p_options ->> 'id';
  if id !~ '^[A-Za-z0-9._:-]{1,128}$' then
    perform windlass.refuse('id', quote_literal(left(id, 80))
      || ' cannot be one: use 1 to 128 letters, digits, ., _, : and -');
  end if;
  priority := coalesce(windlass.whole('priority', p_options -> 'priority', -2147483648, 2147483647),
                       (p_defaults ->> 'priority')::bigint, 0);
  timeout_ms := coalesce(windlass.whole('timeout_ms', p_options -> 'timeout_ms', 1, 2592000000),
                         (p_defaults ->> 'timeout_ms')::bigint);
  v_deadline := coalesce(windlass.whole('deadline_ms', p_options -> 'deadline_ms', 1, 158112000000),
                         (p_defaults ->> 'deadline_ms')::bigint);
  v_delay := nullif(windlass.whole('delay_ms', p_options -> 'delay_ms', 0, 158112000000), 0);
  v_at := windlass.start_said(p_options -> 'start_at');
  v_once := windlass.once_said(p_options);
  if v_at is not null and p_options ->> 'delay_ms' is not null then
    perform windlass.refuse('start_at', 'a delay beside it: leave one of them out');
  elsif v_delay >= v_deadline then
    perform windlass.refuse('deadline_ms', 'it is over before the delay is');
  elsif v_at >= windlass.now() + v_deadline * 1000 then
    perform windlass.refuse('deadline_ms', 'it is over before the start time is');
  elsif v_once ->> 'conflict' = 'replace' and id is not null then
    perform windlass.refuse('dedup', 'an id beside `replace`: what is replaced keeps its own id, leave one of them out');
  elsif v_once ->> 'kind' = 'debounce' and id is not null then
    perform windlass.refuse('debounce', 'an id beside it: calls that are debounced become one invocation, leave one of them out');
  elsif v_once ->> 'kind' = 'debounce' and (v_delay is not null or v_at is not null) then
    perform windlass.refuse('debounce', 'a delay or start time beside it: the period says when it starts, leave one of them out');
  end if;
  controls := jsonb_strip_nulls(jsonb_build_object(
    'unchecked', true, 'partition', windlass.key_text('partition', p_options -> 'partition'),
    'after', v_delay * 1000, 'at', v_at, 'deadline', v_deadline * 1000, 'once', v_once,
    'retries', coalesce(windlass.retries_said(p_options -> 'retries'),
                        nullif(p_defaults -> 'retries', 'null')::text),
    'tags', windlass.tags_said(p_options -> 'tags')));
end $$;
