-- Limits of queues, options of calls, schedules, counts. Names and columns are those of the Postgres
-- store, with its comments; a queue's limits are read from its settings.

create table turns (
    queue_id integer primary key references queues (id),
    last     text not null
) strict;

create table tokens (
    queue_id     integer not null references queues (id),
    of_partition integer not null,
    partition    text not null,
    at           integer not null,
    n            integer not null,
    primary key (queue_id, of_partition, partition, at)
) strict, without rowid;

alter table invocations add column partition text;
alter table invocations add column start_at integer;
alter table invocations add column deadline integer;
alter table invocations add column retries text;
alter table invocations add column tags text;
alter table invocations add column retry_of integer;
alter table invocations add column unchecked integer not null default 0;
create index invocations_function on invocations (function_id);
create index invocations_retry_of on invocations (retry_of) where retry_of is not null;

create table tags (
    namespace text not null,
    name      text not null,
    value     text not null,
    key       integer not null,
    primary key (namespace, name, value, key)
) strict, without rowid;
create index tags_key on tags (key);

create table onces (
    queue_id integer not null references queues (id),
    kind     text not null check (kind in ('dedup', 'debounce')),
    name     text not null,
    key      integer not null,
    until    integer,
    born     integer not null,
    primary key (queue_id, kind, name)
) strict, without rowid;

-- What is scheduled has its key as `seq` until it is due.
alter table live add column partition text;
alter table live add column due integer;
alter table live add column backoff integer;
alter table live add column deadline integer;
alter table live add column retried integer not null default 0;
alter table live add column token integer;
alter table live add column lane_token integer;
alter table live add column lane_lent integer not null default 0;

drop index live_claim;
create index live_claim on live (queue_id, priority, seq)
    where state = 'queued' and host is null and due is null and partition is null;
create index live_lane on live (queue_id, partition, priority, seq)
    where state = 'queued' and host is null and due is null and partition is not null;
create index live_lane_taken on live (queue_id, partition)
    where partition is not null and (host is not null or payer = key) and not lane_lent;
create index live_due on live (due) where due is not null;
create index live_deadline on live (deadline) where deadline is not null;
create index live_backoff on live (backoff) where backoff is not null;

create index outcomes_ended on outcomes (queue_id, state, key);
create index outcomes_kind on outcomes (queue_id, kind, key) where kind is not null;

create table arrivals (
    queue_id  integer primary key references queues (id),
    scheduled integer not null default 0,
    live      integer not null default 0
) strict;
insert into arrivals (queue_id, live)
    select q.id, (select count(*) from live l where l.queue_id = q.id)
               + (select coalesce(sum(t.succeeded + t.failed + t.cancelled), 0)
                  from tallies t where t.queue_id = q.id)
    from queues q;

alter table attempts add column kind text;
alter table hosts add column troubles text not null default '[]';

create table component_defaults (
    namespace text not null,
    name      text not null,
    defaults  text not null,
    primary key (namespace, name)
) strict;

create table schedules (
    namespace  text not null,
    name       text not null,
    cron       text not null,
    timezone   text not null,
    queue      text not null,
    task       text not null,
    arguments  blob not null,
    options    text not null,
    missed     text not null check (missed in ('skip', 'backfill')),
    overlap    text not null check (overlap in ('queue', 'skip', 'replace')),
    paused     integer not null default 0,
    next_at    integer,
    revision   integer not null default 1,
    last_at    integer,
    last_key   integer,
    last_id    text,
    last_error text,
    created_at integer not null,
    primary key (namespace, name)
) strict, without rowid;
create index schedules_next on schedules (next_at) where next_at is not null and not paused;
