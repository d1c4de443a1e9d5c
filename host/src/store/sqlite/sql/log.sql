-- ?1 the parts, ?2 their texts one after the other. Two parts of one invocation may come together:
-- their places in the batch keep them apart and in order.
insert into logs (key, part, attempt, text)
select
    part.value ->> 0,
    coalesce((select max(earlier.part) from logs earlier where earlier.key = part.value ->> 0), 0)
        + 1 + part.key,
    part.value ->> 1,
    cast(substr(?2, part.value ->> 2, part.value ->> 3) as text)
from json_each(?1) part
