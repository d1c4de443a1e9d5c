-- As `borrowers`, of a queue with partitions. One in whose partition somebody who shares the slot has a
-- place takes no other (`lane_lent`). Another one may start if the whole queue has slots (?5), and
-- a slot of its own partition is free where those are limited (?6). Where the starts of a partition are
-- limited (?8), those since ?7 count. If the queue is ordered (?4), a retry that backs off holds back
-- what stands behind it in its partition.
with recursive lenders (key) as (
    select min(lender) from live
    where queue_id = ?1 and lender is not null and state = 'queued' and host is null
    union all
    select (select min(next.lender) from live next
            where next.queue_id = ?1 and next.lender > lenders.key
              and next.lender is not null and next.state = 'queued' and next.host is null)
    from lenders
    where lenders.key is not null
),
offers (lender, payer) as (
    select waiting.key, waiting.payer
    from lenders
    cross join live waiting on waiting.key = lenders.key
    where waiting.state = 'waiting'
      and not exists (select 1 from live member
                      where member.payer = waiting.payer and member.host is not null)
),
firsts (key, payer, lane_lent, partition, turn, priority, seq) as (
    select first.key, offers.payer,
           exists (select 1 from live member
                   where member.payer = offers.payer and member.partition = first.partition),
           first.partition,
           row_number() over (partition by offers.payer order by first.priority, first.seq),
           first.priority, first.seq
    from offers
    cross join live first on first.key = (
        select next.key from live next
        where next.queue_id = ?1 and next.lender = offers.lender
          and next.lender is not null and next.state = 'queued' and next.host is null
          and next.due is null
          and (next.deadline is null or next.deadline > ?3)
          and (next.backoff is null or next.backoff <= ?3)
          and (exists (select 1 from live member
                       where member.payer = offers.payer and member.partition = next.partition)
               or ?5 and (?6 is null
                          or (select count(*) from live taken
                              where taken.queue_id = ?1 and taken.partition = next.partition
                                and taken.partition is not null
                                and (taken.host is not null or taken.payer is not null)
                                and not taken.lane_lent) < ?6))
          and (?8 is null
               or (select coalesce(sum(token.n), 0) from tokens token
                   where token.queue_id = ?1 and token.of_partition = 1
                     and token.partition = next.partition and token.at > ?7) < ?8)
          and not (?4 and exists (select 1 from live held
                                  where held.backoff is not null and held.backoff > ?3
                                    and held.queue_id = ?1 and held.host is null
                                    and held.partition = next.partition
                                    and (held.priority, held.seq) < (next.priority, next.seq)))
        order by next.priority, next.seq
        limit 1)
)
select key, payer, lane_lent, partition
from firsts
where turn = 1
order by priority, seq
limit ?2
