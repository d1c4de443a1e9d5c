-- Whether anything of queue ?1 is in its place that is not past its deadline at ?2: without partitions,
-- or with them. Each reads an index of its own.
select
    exists (select 1 from live
            where queue_id = ?1 and state = 'queued' and host is null and due is null
              and partition is null and (deadline is null or deadline > ?2))
    or exists (select 1 from live
               where queue_id = ?1 and state = 'queued' and host is null and due is null
                 and partition is not null and (deadline is null or deadline > ?2))
