-- Limits of queues, options of calls, schedules, counts. What they mean stands in the pages of the
-- reference; what may write which column, here.

alter table queues
  -- Taken out of the settings, as `concurrency` is. Periods in microseconds.
  add column rate_limit int,
  add column rate_period bigint,
  add column partitioned boolean not null default false,
  add column lane_concurrency int,
  add column lane_rate_limit int,
  add column lane_rate_period bigint;

-- Of a queue with partitions: the key that a claim served last. Written under the queue's lock.
create table turns (
  queue_id bigint primary key references queues,
  last text collate "C" not null
);

-- Starts that count against a rate limit: so many at that moment (rounded up to a thousandth of the
-- period), of a partition or of the whole queue. Written under the queue's lock.
create table tokens (
  queue_id bigint not null references queues,
  partition text collate "C" not null,
  -- Whether it counts against the limit of the partition, or of the queue (`partition` is '' then).
  of_partition boolean not null,
  at bigint not null,
  n int not null,
  primary key (queue_id, of_partition, partition, at)
);

-- Options of a call ------------------------------------------------------------------------------

alter table invocations
  add column partition text collate "C",
  -- As it was enqueued; while it lives, `live.due` says when.
  add column start_at bigint,
  add column deadline bigint,
  add column retries text,
  add column tags text,
  add column retry_of bigint,
  -- Its arguments came by SQL and were not checked.
  add column unchecked boolean not null default false;
create index invocations_function on invocations (function_id, key);
create index invocations_retry_of on invocations (retry_of, key) where retry_of is not null;

create table tags (
  namespace text not null,
  name text not null,
  value text not null,
  key bigint not null,
  primary key (namespace, name, value, key)
);
create index tags_key on tags (key);

-- Who has a deduplication ('dedup') or debouncing ('debounce') key of a queue: as long as it lives,
-- and until then. `born` is when the first call of a debounced invocation came.
create table onces (
  queue_id bigint not null references queues,
  kind text not null check (kind in ('dedup', 'debounce')),
  name text not null,
  key bigint not null,
  until bigint,
  born bigint not null,
  primary key (queue_id, kind, name)
);

alter table live
  -- Not null exactly where its queue has partitions.
  add column partition text collate "C",
  -- Out of the way until then: scheduled (without a place), or a retry on a queue that is not
  -- ordered.
  add column due bigint,
  -- In its place, holding back what follows, until then: a retry on an ordered queue.
  add column backoff bigint,
  add column deadline bigint,
  add column retried int not null default 0,
  -- When its start was counted against rate limits, as in `tokens.at` of the queue and of its
  -- partition; null where it was not, or once it has started.
  add column token bigint,
  add column lane_token bigint,
  -- Whether it counts in no partition's concurrency, because the one that lends it its slot does.
  add column lane_lent boolean not null default false;

alter table live drop constraint live_state;
alter table live add constraint live_state check (case state
    when 'scheduled' then host is null and seq is null and due is not null
    when 'queued' then seq is not null
    when 'running' then host is not null and attempt > 0 and seq is not null and due is null and backoff is null
    when 'waiting' then host is null and attempt > 0
    else false end);

drop index live_claim;
create index live_claim on live (queue_id, priority, seq)
  where state = 'queued' and host is null and due is null and partition is null;
create index live_lane on live (queue_id, partition, priority, seq)
  where state = 'queued' and host is null and due is null and partition is not null;
-- Who counts in a partition.
create index live_lane_taken on live (queue_id, partition)
  where partition is not null and (host is not null or payer = key) and not lane_lent;
create index live_due on live (due) where due is not null;
create index live_deadline on live (deadline) where deadline is not null;
create index live_backoff on live (backoff) where backoff is not null;

-- Keeping and counting ---------------------------------------------------------------------------

-- Lists by state, and what is deleted.
create index outcomes_ended on outcomes (queue_id, state, key);
create index outcomes_kind on outcomes (queue_id, kind, key) where kind is not null;

-- How many came, less how many were deleted before they ended, by who counted so that writers do not
-- queue for a row: `scheduled` counts those that are scheduled now, `live` all others that were ever
-- in `live`. Queued now are the sum of `live`, less those that ended (`tallies`), less those that run
-- or wait. Writers that are no hosts insert rows with a number of their own, which are folded now and
-- then.
create table arrivals (
  queue_id bigint not null references queues,
  writer bigint not null,
  part bigint not null default 0,
  scheduled bigint not null default 0,
  live bigint not null default 0,
  primary key (queue_id, writer, part)
) with (fillfactor = 50);
insert into arrivals (queue_id, writer, live)
  select q.id, 0,
         (select count(*) from live l where l.queue_id = q.id)
           + (select coalesce(sum(t.succeeded + t.failed + t.cancelled), 0) from tallies t where t.queue_id = q.id)
    from queues q;

alter table attempts add column kind text;
alter table hosts add column troubles text not null default '[]';
alter table hosts add column rests boolean not null default false;

-- What a component's manifest says about its tasks.
create table component_defaults (
  namespace text not null,
  name text not null,
  defaults text not null,
  primary key (namespace, name)
);
-- Whether it is the version that a name without a version means.
alter table components add column current boolean not null default false;

create table schedules (
  namespace text not null,
  name text not null,
  cron text not null,
  timezone text not null,
  queue text not null,
  task text not null,
  arguments bytea not null,
  options text not null,
  missed text not null check (missed in ('skip', 'backfill')),
  overlap text not null check (overlap in ('queue', 'skip', 'replace')),
  paused boolean not null default false,
  next_at bigint,
  revision bigint not null default 1,
  last_at bigint,
  last_key bigint,
  last_id text,
  last_error text,
  created_at bigint not null,
  primary key (namespace, name)
);
create index schedules_next on schedules (next_at) where next_at is not null and not paused;

alter table tokens set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
