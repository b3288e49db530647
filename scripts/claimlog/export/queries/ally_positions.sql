-- title: What does each ally do, hold or say towards the United States, in order of time?
-- description: Claims whose dyad runs from an ally (a state, its people and offices, or a group of allies) to the United States or its government; dated ones in order. Give a state, as gbr, to see one.
select s.name as ally, a.name as actor, c.occurred, c.content, c.modality, c.topic, c.sharing_effect,
       c.measure, c.measure_status, c.claim_id, c.source_id, c.statement
from claim_actors f
join claims c on c.claim_id = f.claim_id
join actors a on a.actor_id = f.actor_id
join actors s on s.actor_id = coalesce(a.state_id, a.actor_id)
where f.role = 'from' and coalesce(a.state_id, '') <> 'usa'
  and exists (
    select 1 from claim_actors t join actors u on u.actor_id = t.actor_id
    where t.claim_id = c.claim_id and t.role = 'to' and u.state_id = 'usa'
  )
  and (coalesce(:ally, '') = '' or s.actor_id = :ally)
order by ally, c.occurred_start is null, c.occurred_start, c.claim_id, actor
