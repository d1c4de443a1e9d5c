-- Times are microseconds since 1970, so that both stores and every host read the same number.
-- Everything is in the schema `windlass`, which is first in the search path of our connections.

create function windlass.now() returns bigint language sql volatile
as $$ select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

-- Components -----------------------------------------------------------------------------------

create table component_bytes (
  digest text primary key,
  bytes bytea not null
);
alter table component_bytes alter column bytes set storage external;

create table components (
  namespace text not null,
  name text not null,
  version text not null,
  digest text not null references component_bytes,
  size bigint not null,
  uploaded_at bigint not null,
  wit text not null,
  skipped text not null,
  primary key (namespace, name, version)
);

create table functions (
  id bigint generated always as identity primary key,
  namespace text not null,
  component text not null,
  version text not null,
  digest text not null,
  interface text,
  name text not null,
  signature text not null,
  docs text,
  foreign key (namespace, component, version) references components
);
create index functions_component on functions (namespace, component, version);

create table component_grants (
  namespace text not null,
  name text not null,
  grants text not null,
  primary key (namespace, name)
);

-- One row: grows with every upload and every change of grants.
create table catalogue (
  one boolean primary key default true check (one),
  revision bigint not null
);
insert into catalogue (revision) values (0);

-- Queues ---------------------------------------------------------------------------------------

create table queues (
  id bigint generated always as identity primary key,
  namespace text not null,
  name text not null,
  settings text not null,
  -- What a claim reads, taken out of the settings.
  concurrency int check (concurrency > 0),
  ordered boolean not null default false,
  paused boolean not null default false,
  timeout_ms bigint,
  created_at bigint not null,
  unique (namespace, name)
);

create table hosts (
  number bigint generated always as identity primary key,
  name text not null,
  address text not null,
  version text not null,
  queues text,
  lease_ms bigint not null,
  beat bigint not null default 0,
  state text not null default 'alive' check (state in ('alive', 'dead', 'left')),
  started_at bigint not null
);
create index hosts_alive on hosts (number) where state = 'alive';

-- Slots of a queue's concurrency, granted to hosts; written under the lock of the queue's row.
create table slots (
  queue_id bigint not null references queues,
  host bigint not null,
  slots int not null check (slots >= 0),
  wanted int not null,
  primary key (queue_id, host)
);

-- Ended invocations, counted by the host that recorded them so that hosts do not queue for a row.
create table tallies (
  queue_id bigint not null references queues,
  host bigint not null,
  succeeded bigint not null default 0,
  failed bigint not null default 0,
  cancelled bigint not null default 0,
  primary key (queue_id, host)
) with (fillfactor = 50);

-- Invocations ----------------------------------------------------------------------------------

-- Written once. The key is also the sequence number of the place: one sequence, cache 1, so that a
-- call enqueued after another returned stands behind it.
create table invocations (
  key bigint generated always as identity primary key,
  namespace text not null,
  id text not null,
  queue_id bigint not null,
  function_id bigint not null,
  task text not null,
  arguments bytea not null,
  priority int not null,
  timeout_ms bigint,
  enqueued_at bigint not null,
  unique (namespace, id)
) with (toast_tuple_target = 8160);
create index invocations_queue on invocations (queue_id, key);

-- The hot row of an invocation that has not ended: narrow, deleted at the end. A row that is
-- `queued` with a host is reserved: to the outside it is still in its place.
create table live (
  key bigint primary key,
  queue_id bigint not null,
  priority int not null,
  seq bigint,
  state text not null default 'queued',
  host bigint,
  fence bigint not null default 0,
  attempt int not null default 0,
  deaths int not null default 0,
  suspect boolean not null default false,
  started_at bigint,
  progress text,
  constraint live_state check (case state
    when 'scheduled' then host is null and seq is null
    when 'queued' then seq is not null
    when 'running' then host is not null and attempt > 0 and seq is not null
    when 'waiting' then host is null and attempt > 0
    else false end)
);
-- Leads with the queue: another queue's backlog must not be walked.
create index live_claim on live (queue_id, priority, seq) where state = 'queued' and host is null;
create index live_host on live (host) where host is not null;
create index live_queue on live (queue_id, state) where state <> 'queued';

create table outcomes (
  key bigint primary key,
  queue_id bigint not null,
  state text not null check (state in ('succeeded', 'failed', 'cancelled')),
  kind text,
  body bytea not null,
  attempt int not null,
  fence bigint not null,
  host bigint,
  started_at bigint,
  finished_at bigint not null,
  constraint outcomes_kind check ((state = 'succeeded') = (kind is null))
) with (toast_tuple_target = 8160);

create table logs (
  key bigint not null,
  part bigint generated always as identity,
  attempt int not null,
  text text not null,
  primary key (key, part)
);

-- Attempts that ended without an outcome.
create table attempts (
  key bigint not null,
  part bigint generated always as identity,
  attempt int not null,
  host bigint not null,
  started_at bigint,
  ended_at bigint not null,
  reason text not null,
  primary key (key, part)
);

-- Hot tables are small and churn: vacuum them early.
alter table live set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
