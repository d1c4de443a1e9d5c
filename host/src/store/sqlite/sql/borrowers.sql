-- The descendants that may start in a slot that waiting workflows of queue ?1 lend: for each slot in
-- which nobody executes the first in its place; at most ?2. Those that were ready to go on have done so
-- by now.
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
        select key from live
        where queue_id = ?1 and lender = offers.lender
          and lender is not null and state = 'queued' and host is null
        order by priority, seq
        limit 1)
)
select key, payer from firsts where turn = 1 order by priority, seq limit ?2
