-- Whether anything of queue ?1 is in its place, be it without partitions or with them: each reads an
-- index of its own.
select
    exists (select 1 from live
            where queue_id = ?1 and state = 'queued' and host is null and due is null
              and partition is null)
    or exists (select 1 from live
               where queue_id = ?1 and state = 'queued' and host is null and due is null
                 and partition is not null)
