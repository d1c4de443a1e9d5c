-- Tokens of queue ?1 that count no more: ?2 [[of_partition, partition, …, …, until], …]
delete from tokens
where (queue_id, of_partition, partition, at) in (
    select old.queue_id, old.of_partition, old.partition, old.at
    from json_each(?2) counted
    cross join tokens old
        on old.queue_id = ?1
        and old.of_partition = counted.value ->> 0
        and old.partition = counted.value ->> 1
        and old.at <= counted.value ->> 4)
