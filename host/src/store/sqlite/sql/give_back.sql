-- ?1 [[key, attempt], …]
update live set
    state = 'queued',
    host = null,
    fence = fence + 1,
    attempt = back.attempt,
    started_at = null,
    progress = null,
    payer = null,
    lane_lent = 0,
    token = null,
    lane_token = null
from (select value ->> 0 as key, value ->> 1 as attempt from json_each(?1)) back
where live.key = back.key
