-- Compiled code that the hosts of a fleet share: what one has compiled the others fetch. To the store
-- it is bytes with a seal that only hosts can check.

create table compiled (
  digest text not null references component_bytes on delete cascade,
  -- For which kind of program, by which compiler, with which settings.
  code text not null,
  -- None while a host is about to compile it.
  sealed bytea,
  size bigint not null default 0,
  -- Until then no other host should compile it.
  claimed_until bigint not null,
  -- When it was last stored or fetched, to the hour.
  used_at bigint not null,
  primary key (digest, code)
);
-- It hardly shrinks, and it is read whole by a host that waits for it.
alter table compiled alter column sealed set storage external;
