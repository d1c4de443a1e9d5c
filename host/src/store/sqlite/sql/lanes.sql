-- Keys of partitions of queue ?1 that have something queued, from ?2 on and up to ?3 (or the last), at
-- most ?4: how many of the partition execute or keep its slots (if it has a limit: ?6), how many starts
-- count against its rate since ?7 (if it has one) and the oldest of them, and the first that may be
-- claimed at ?5; one whose retry backs off is the first only if the queue is ordered (?8).
with recursive walk (partition, place) as (
    select min(partition), 1 from live
    where queue_id = ?1 and state = 'queued' and host is null and due is null
      and partition is not null and partition >= ?2
    union all
    select (select min(next.partition) from live next
            where next.queue_id = ?1 and next.state = 'queued' and next.host is null
              and next.due is null and next.partition is not null
              and next.partition > walk.partition),
           walk.place + 1
    from walk
    where walk.partition is not null and walk.place < ?4
      and (?3 is null or walk.partition < ?3)
)
select
    walk.partition,
    iif(?6, (select count(*) from live taken
             where taken.queue_id = ?1 and taken.partition = walk.partition
               and taken.partition is not null
               and (taken.host is not null or taken.payer is not null)
               and not taken.lane_lent), 0) as taken,
    iif(?7 is null, 0,
        (select coalesce(sum(token.n), 0) from tokens token
         where token.queue_id = ?1 and token.of_partition = 1
           and token.partition = walk.partition and token.at > ?7)) as counted,
    iif(?7 is null, null,
        (select min(token.at) from tokens token
         where token.queue_id = ?1 and token.of_partition = 1
           and token.partition = walk.partition and token.at > ?7 and token.n > 0)) as oldest,
    head.key as head,
    head.backoff
from walk
left join live head on head.key = (
    select first.key from live first
    where first.queue_id = ?1 and first.partition = walk.partition
      and first.state = 'queued' and first.host is null and first.due is null
      and first.partition is not null
      and (first.deadline is null or first.deadline > ?5)
      and (?8 or first.backoff is null or first.backoff <= ?5)
    order by first.priority, first.seq
    limit 1)
where walk.partition is not null and (?3 is null or walk.partition <= ?3)
