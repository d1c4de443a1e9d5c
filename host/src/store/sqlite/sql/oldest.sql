-- When the oldest of those was stored that stand in their place in queue ?1, which has partitions if
-- ?2. Walks from one priority (of one partition) to the next by the index, at most a thousand.
with recursive
    rank (priority, heads) as (
        select min(priority), 1 from live
        where queue_id = ?1 and state = 'queued' and host is null and due is null
          and partition is null and not ?2
        union all
        select (select min(live.priority) from live
                where live.queue_id = ?1 and live.state = 'queued' and live.host is null
                  and live.due is null and live.partition is null
                  and live.priority > rank.priority),
               heads + 1
        from rank
        where rank.priority is not null and heads < 1000
    ),
    lane (key, heads) as (
        select * from (
            select key, 1 from live
            where queue_id = ?1 and state = 'queued' and host is null and due is null
              and partition is not null and ?2
            order by partition, priority, seq limit 1)
        union all
        select coalesce(
                   (select next.key from live next
                    where next.queue_id = ?1 and next.state = 'queued' and next.host is null
                      and next.due is null
                      and next.partition = last.partition and next.priority > last.priority
                    order by next.priority, next.seq limit 1),
                   (select next.key from live next
                    where next.queue_id = ?1 and next.state = 'queued' and next.host is null
                      and next.due is null and next.partition > last.partition
                    order by next.partition, next.priority, next.seq limit 1)),
               heads + 1
        from lane cross join live last on last.key = lane.key
        where heads < 1000
    )
select min(enqueued_at) from invocations
where key in (
    select (select live.key from live
            where live.queue_id = ?1 and live.state = 'queued' and live.host is null
              and live.due is null and live.partition is null and live.priority = rank.priority
            order by live.seq limit 1)
    from rank where rank.priority is not null
    union all
    select key from lane)
