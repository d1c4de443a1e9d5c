-- The workflows of queue ?1 that are ready to go on, at most ?2. Where slots count (?3), only one a
-- slot, and only where nobody executes in it. Their places in partitions they have kept.
select key
from (
    select
        live.key, live.priority, live.seq,
        row_number() over (partition by live.payer order by live.priority, live.seq) as turn
    from waits
    cross join live on live.key = waits.key
    where waits.queue_id = ?1 and waits.ready and live.state = 'waiting'
      and (not ?3 or not exists (select 1 from live other
                                 where other.payer = live.payer and other.host is not null))
)
where not ?3 or turn = 1
order by priority, seq
limit ?2
