-- The slot of ?1 is that of ?2, who may execute in it, from now on. With it goes that of the partition.
update live set
    payer = ?2,
    lane_lent = key <> ?2
        and coalesce(partition = (select heir.partition from live heir where heir.key = ?2), false)
where payer = ?1 and key <> ?1
