-- ?1 [[key, attempt, due, backoff], …]
update live set
    state = 'queued',
    host = null,
    fence = fence + 1,
    attempt = back.attempt,
    retried = retried + 1,
    deaths = 0,
    suspect = 0,
    due = back.due,
    backoff = back.backoff,
    started_at = null,
    progress = null,
    payer = null,
    lane_lent = 0,
    token = null,
    lane_token = null
from (select
          value ->> 0 as key, value ->> 1 as attempt, value ->> 2 as due, value ->> 3 as backoff
      from json_each(?1)) back
where live.key = back.key
