-- Everything that host ?1 holds goes back to its place. If it died (?2), what was executing counts a
-- death, and all of it is suspect: what was reserved may have been executing, its start not yet marked.
update live set
    deaths = deaths + (?2 and state = 'running'),
    suspect = suspect or ?2,
    state = 'queued',
    host = null,
    fence = fence + 1,
    started_at = null,
    progress = null,
    payer = null,
    lane_lent = 0,
    token = null,
    lane_token = null
where host = ?1
returning queue_id
