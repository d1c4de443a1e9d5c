-- What belongs to invocation `i`.
join queues q on q.id = i.queue_id
join functions f on f.id = i.function_id
left join live l on l.key = i.key
left join outcomes o on o.key = i.key
left join invocations parent on parent.key = i.parent
left join invocations origin on origin.key = i.forked_from
left join invocations before on before.key = i.retry_of
