-- Compiled code that hosts share. A file belongs to one host, so here that is the host and those that
-- get the file after it; the statements are the same as those for several.

create table compiled (
    digest        text    not null references component_bytes (digest) on delete cascade,
    -- For which kind of program, by which compiler, with which settings.
    code          text    not null,
    -- None while a host is about to compile it.
    sealed        blob,
    size          integer not null default 0,
    -- Until then no other host should compile it.
    claimed_until integer not null,
    -- When it was last stored or fetched, to the hour.
    used_at       integer not null,
    primary key (digest, code)
) strict;
