-- What lists, forks and sweeps look for. Names and columns are those of the Postgres store.

create index invocations_partition on invocations (partition) where partition is not null;
create index invocations_forked_from on invocations (forked_from) where forked_from is not null;
create index onces_key on onces (key);

-- When a sweep found that the host is no longer alive.
alter table hosts add column ended_at integer;
