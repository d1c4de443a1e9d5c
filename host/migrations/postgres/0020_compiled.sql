-- Compiled code that the hosts of a fleet share: what one has compiled the others fetch. To the store
-- it is bytes with a seal that only hosts can check.

create table compiled (
  digest text not null references component_bytes on delete cascade,
  -- For which kind of program, by which compiler, with which settings.
  code text not null,
  -- None while a host is about to compile it.
  size bigint,
  -- Until then no other host should compile it.
  claimed_until bigint not null,
  -- When it was last stored or fetched, to the hour.
  used_at bigint not null,
  primary key (digest, code)
);

-- In pieces: a host waits for tens of megabytes, and these pass through both ends without ever being
-- copied whole.
create table compiled_pieces (
  digest text not null,
  code text not null,
  piece int not null,
  bytes bytea not null,
  primary key (digest, code, piece),
  foreign key (digest, code) references compiled on delete cascade
);
-- It hardly shrinks.
alter table compiled_pieces alter column bytes set storage external;
