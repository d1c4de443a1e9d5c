-- Workflows: which invocations are, whose children the others are, what they left, and for what
-- they wait.

alter table functions add column workflow boolean not null default false;
alter table components add column bindings text not null default '[]';

alter table invocations
  add column workflow boolean not null default false,
  -- The workflow that enqueued it.
  add column parent bigint,
  add column depth int not null default 0,
  -- The invocation from whose journal it began.
  add column forked_from bigint;
create index invocations_parent on invocations (parent, key) where parent is not null;

-- Who pays for the slot of an invocation that executes or waits: nobody (null) where it is counted
-- in its host's slots; itself where it waits or has waited, and keeps its slot; another one whose
-- slot it was lent. Of all that have one payer at most one has a host: the slot is theirs in turn.
alter table live
  add column workflow boolean not null default false,
  add column parent bigint,
  -- Whether it goes on when its parent is cancelled.
  add column detached boolean not null default false,
  -- The nearest ancestor on the same queue, which may lend it its slot while it waits.
  add column lender bigint,
  add column payer bigint,
  -- Why somebody wishes its end.
  add column cancel text;
create index live_parent on live (parent) where parent is not null;
create index live_lender on live (lender, priority, seq)
  where lender is not null and state = 'queued' and host is null;
create index live_payer on live (payer, host) where payer is not null;
create index live_holders on live (queue_id) where payer = key;
create index live_workflow on live (key) where workflow;

-- One row for each invocation that may wait, from its first child or message to its end: whoever
-- completes what it may wait for locks this row, and not the hot one.
create table waits (
  key bigint primary key,
  queue_id bigint not null,
  waiting boolean not null default false,
  ready boolean not null default false,
  all_of boolean not null default false,
  awaited bigint[] not null default '{}',
  -- Whether others' children are among those awaited: polling finds that they have ended.
  strangers boolean not null default false,
  messages text[] not null default '{}',
  at bigint,
  constraint waits_ready check (waiting or not ready)
);
create index waits_ready on waits (queue_id, key) where ready;
create index waits_at on waits (at) where at is not null and waiting and not ready;
create index waits_strangers on waits (key) where strangers and waiting and not ready;

create table journal (
  key bigint not null,
  first int not null,
  count int not null check (count > 0),
  body bytea not null,
  recorded_at bigint not null,
  primary key (key, first)
) with (toast_tuple_target = 8160);

-- Taken means deleted.
create table messages (
  key bigint not null,
  number bigint generated always as identity,
  name text not null,
  value bytea not null,
  sent_at bigint not null,
  primary key (key, number)
);

create table published (
  key bigint not null,
  name text not null,
  value bytea not null,
  revision bigint not null,
  published_at bigint not null,
  primary key (key, name)
);

alter table waits set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- What left `live`, as whoever it concerns needs it.
create type gone as (
  key bigint, queue_id bigint, parent bigint, payer bigint, lender bigint, workflow boolean
);
