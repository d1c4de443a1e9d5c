-- Workflows: which invocations are, whose children the others are, what they left, and for what
-- they wait.

alter table functions add column workflow integer not null default 0;
alter table components add column bindings text not null default '[]';

alter table invocations add column workflow integer not null default 0;
-- The workflow that enqueued it.
alter table invocations add column parent integer;
alter table invocations add column depth integer not null default 0;
-- The invocation from whose journal it began.
alter table invocations add column forked_from integer;
create index invocations_parent on invocations (parent, key) where parent is not null;

alter table live add column workflow integer not null default 0;
alter table live add column parent integer;
-- Whether it goes on when its parent is cancelled.
alter table live add column detached integer not null default 0;
-- The nearest ancestor on the same queue, which may lend it its slot while it waits.
alter table live add column lender integer;
-- Who pays for the slot of an invocation that executes or waits: nobody (null) where it is counted
-- in its host's slots; itself where it waits or has waited, and keeps its slot; another one whose
-- slot it was lent. Of all that have one payer at most one has a host: the slot is theirs in turn.
alter table live add column payer integer;
-- Why somebody wishes its end.
alter table live add column cancel text;
create index live_parent on live (parent) where parent is not null;
create index live_lender on live (lender) where lender is not null;
create index live_borrowers on live (queue_id, lender, priority, seq)
    where lender is not null and state = 'queued' and host is null;
create index live_payer on live (payer, host) where payer is not null;
create index live_holders on live (queue_id) where payer = key;
create index live_workflow on live (key) where workflow;

-- One row for each invocation that has waited, until its end.
create table waits (
    key       integer primary key,
    queue_id  integer not null,
    waiting   integer not null,
    ready     integer not null,
    all_of    integer not null,
    -- Keys, as an array of JSON.
    awaited   text not null,
    -- Of a wait for all: the greatest awaited key that has not ended, when that was last looked for.
    blocker   integer,
    -- Names, as an array of JSON.
    messages  text not null,
    at        integer,
    check (waiting or not ready)
) strict;
create index waits_ready on waits (queue_id, key) where ready;
create index waits_at on waits (at) where at is not null and waiting and not ready;

create table journal (
    key         integer not null,
    first       integer not null,
    count       integer not null check (count > 0),
    body        blob not null,
    recorded_at integer not null,
    primary key (key, first)
) strict, without rowid;

-- Taken means deleted. A number is never given twice: autoincrement.
create table messages (
    number  integer primary key autoincrement,
    key     integer not null,
    name    text not null,
    value   blob not null,
    sent_at integer not null
) strict;
create index messages_key on messages (key, name);

create table published (
    key          integer not null,
    name         text not null,
    value        blob not null,
    revision     integer not null,
    published_at integer not null,
    primary key (key, name)
) strict, without rowid;
