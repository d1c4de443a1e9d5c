-- Puts another call into invocation ?1; when it ends at the latest. A parent's deadline holds on.
update invocations set
    function_id = ?2,
    task = ?3,
    arguments = ?4,
    priority = ?5,
    timeout_ms = ?6,
    workflow = ?7,
    partition = ?8,
    start_at = ?9,
    deadline = (
        select min(deadline) from (
            select ?10 as deadline
            union all
            select above.deadline from invocations above where above.key = invocations.parent)),
    retries = ?11,
    tags = ?12,
    retry_of = ?13
where key = ?1
returning deadline
