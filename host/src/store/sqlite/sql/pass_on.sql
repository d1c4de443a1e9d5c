-- The slot of ?1 is that of ?2, who may execute in it, from now on: first for all others in it.
update live set payer = ?2 where payer = ?1 and key not in (?1, ?2)
