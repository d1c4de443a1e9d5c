-- The store, first version. Names and columns are those of the Postgres store. Times are
-- microseconds since 1970, UTC.

-- The bytes of components, once each however many names and versions share them.
create table component_bytes (
    digest text primary key,
    bytes  blob not null
) strict;

create table components (
    namespace   text not null,
    name        text not null,
    version     text not null,
    digest      text not null references component_bytes (digest),
    size        integer not null,
    uploaded_at integer not null,
    wit         text not null,
    skipped     text not null,
    primary key (namespace, name, version)
) strict;

create table functions (
    id        integer primary key,
    namespace text not null,
    component text not null,
    version   text not null,
    digest    text not null,
    interface text,
    name      text not null,
    signature text not null,
    docs      text,
    foreign key (namespace, component, version) references components (namespace, name, version)
) strict;
create index functions_component on functions (namespace, component, version);

create table component_grants (
    namespace text not null,
    name      text not null,
    grants    text not null,
    primary key (namespace, name)
) strict;

-- One row: grows with every upload and every change of grants.
create table catalogue (
    one      integer primary key check (one = 1),
    revision integer not null
) strict;
insert into catalogue (one, revision) values (1, 0);

create table queues (
    id         integer primary key,
    namespace  text not null,
    name       text not null,
    settings   text not null,
    created_at integer not null,
    unique (namespace, name)
) strict;

-- One row an incarnation; a host that was declared dead registers as another.
create table hosts (
    number     integer primary key autoincrement,
    name       text not null,
    address    text not null,
    version    text not null,
    queues     text,
    lease_ms   integer not null,
    beat       integer not null default 0,
    state      text not null default 'alive' check (state in ('alive', 'dead', 'left')),
    started_at integer not null
) strict;

-- Insert-only. The key is also the sequence number of a call that is not scheduled, so it must
-- never be given twice: autoincrement.
create table invocations (
    key         integer primary key autoincrement,
    namespace   text not null,
    id          text not null,
    queue_id    integer not null references queues (id),
    function_id integer not null references functions (id),
    task        text not null,
    arguments   blob not null,
    priority    integer not null,
    timeout_ms  integer,
    enqueued_at integer not null,
    unique (namespace, id)
) strict;
create index invocations_queue on invocations (queue_id);

-- The narrow, hot rows: one for each invocation that has not ended. A reserved invocation is
-- `queued` with a host.
create table live (
    key        integer primary key references invocations (key),
    queue_id   integer not null,
    priority   integer not null,
    seq        integer not null,
    state      text not null check (state in ('scheduled', 'queued', 'running', 'waiting')),
    host       integer,
    fence      integer not null default 0,
    attempt    integer not null default 0,
    deaths     integer not null default 0,
    suspect    integer not null default 0,
    started_at integer,
    progress   text,
    check (state <> 'running' or (host is not null and attempt > 0 and started_at is not null)),
    check (state in ('queued', 'running') or host is null)
) strict;
create index live_claim on live (queue_id, priority, seq) where state = 'queued' and host is null;
create index live_host on live (host) where host is not null;
create index live_idle on live (queue_id, state) where state in ('scheduled', 'waiting');

-- Insert-only.
create table outcomes (
    key         integer primary key references invocations (key),
    queue_id    integer not null,
    state       text not null check (state in ('succeeded', 'failed', 'cancelled')),
    kind        text,
    body        text not null,
    attempt     integer not null,
    fence       integer not null,
    host        integer not null,
    started_at  integer,
    finished_at integer not null,
    check ((state = 'succeeded') = (kind is null))
) strict;

create table logs (
    key     integer not null,
    part    integer not null,
    attempt integer not null,
    text    text not null,
    primary key (key, part)
) strict, without rowid;

-- Attempts that ended without an outcome.
create table attempts (
    key        integer not null,
    attempt    integer not null,
    host       integer not null,
    started_at integer,
    ended_at   integer not null,
    reason     text not null
) strict;
create index attempts_key on attempts (key);

-- How many of a queue's slots each host holds, and how many it would like to hold.
create table slots (
    queue_id integer not null references queues (id),
    host     integer not null references hosts (number),
    slots    integer not null,
    wanted   integer not null,
    primary key (queue_id, host)
) strict, without rowid;
create index slots_host on slots (host);

-- How many of a queue's invocations ended, and how, by the host that recorded it.
create table tallies (
    queue_id  integer not null references queues (id),
    host      integer not null,
    succeeded integer not null default 0,
    failed    integer not null default 0,
    cancelled integer not null default 0,
    primary key (queue_id, host)
) strict, without rowid;
