-- title: What does each actor do, hold or say towards the United States, in order of time?
-- description: Claims whose dyad runs from one actor to the United States or its government, dated ones in order.
select a.name as actor, c.occurred, c.content, c.modality, c.topic, c.sharing_effect, c.claim_id, c.statement
from claim_actors f
join claims c on c.claim_id = f.claim_id
join actors a on a.actor_id = f.actor_id
where f.role = 'from'
  and exists (
    select 1 from claim_actors t join actors u on u.actor_id = t.actor_id
    where t.claim_id = c.claim_id and t.role = 'to' and (t.actor_id = 'usa' or u.part_of = 'usa')
  )
  and a.actor_id <> 'usa' and coalesce(a.part_of, '') <> 'usa'
order by actor, c.occurred_start is null, c.occurred_start, c.claim_id
