-- Whoever waits keeps its place in its partition, also in a slot that it was lent: so nobody goes on
-- beyond a partition's limit. Of those who share a slot one has the place of each of their partitions,
-- and the others, of whom one at a time executes, go without (`lane_lent`).

drop index live_lane_taken;
create index live_lane_taken on live (queue_id, partition)
    where partition is not null and (host is not null or payer is not null) and not lane_lent;

-- One of those who share a slot ended, went back to its place in the queue, or pays for itself: the
-- oldest of its partition takes over. Where the payer does, `slots::pass_on` follows.
create trigger live_lane_left after delete on live
when old.payer <> old.key and old.partition is not null and not old.lane_lent
begin
    update live set lane_lent = 0
    where key = (select min(heir.key) from live heir
                 where heir.payer = old.payer and heir.partition = old.partition)
      and not exists (select 1 from live other
                      where other.payer = old.payer and other.partition = old.partition
                        and not other.lane_lent);
end;

create trigger live_lane_given_back after update of payer on live
when (new.payer is null or new.payer = new.key) and old.payer <> old.key and old.partition is not null and not old.lane_lent
begin
    update live set lane_lent = 0
    where key = (select min(heir.key) from live heir
                 where heir.payer = old.payer and heir.partition = old.partition)
      and not exists (select 1 from live other
                      where other.payer = old.payer and other.partition = old.partition
                        and not other.lane_lent);
end;

-- What waits in a slot that it was lent counts from now on.
update live set lane_lent = exists (
    select 1 from live other
    where other.payer = live.payer and other.partition = live.partition and other.key < live.key)
where payer is not null and partition is not null;
