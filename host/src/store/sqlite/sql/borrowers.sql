-- The descendants that may start at ?3 in a slot that waiting workflows of queue ?1 lend, which has no
-- partitions: for each slot in which nobody executes the first in its place; at most ?2. Those that
-- were ready to go on have done so by now. If the queue is ordered (?4), a retry that backs off holds
-- back whatever stands behind it.
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
firsts (key, payer, turn, priority, seq) as (
    select first.key, offers.payer,
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
        order by next.priority, next.seq
        limit 1)
)
select key, payer, false as lane_lent, null as partition
from firsts
where turn = 1
  and not (?4 and exists (select 1 from live held
                          where held.backoff is not null and held.backoff > ?3
                            and held.queue_id = ?1 and held.host is null
                            and (held.priority, held.seq) < (firsts.priority, firsts.seq)))
order by priority, seq
limit ?2
