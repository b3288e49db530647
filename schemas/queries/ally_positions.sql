-- title: What does each ally do, hold or say towards the United States, in order of time?
-- description: Claims whose dyad runs from an ally (a state, its people and offices, or a group of allies) to the United States or its government; dated ones in order. Give a state, as gbr, to see one.
select s.name as ally, a.name as actor, c.occurred, c.content, c.modality, c.topic, c.sharing_effect,
       c.measure, c.measure_status, c.claim_id, c.source_id, c.statement
from (
  select distinct t.claim_id
  from actors u cross join claim_actors t on t.actor_id = u.actor_id and t.role = 'to'
  where u.state_id = 'usa'
) towards
cross join claim_actors f on f.claim_id = towards.claim_id and f.role = 'from'
join actors a on a.actor_id = f.actor_id and coalesce(a.state_id, '') <> 'usa'
join actors s on s.actor_id = coalesce(a.state_id, a.actor_id)
join claims c on c.claim_id = f.claim_id
where coalesce(:ally, '') = '' or s.actor_id = :ally
order by ally, c.occurred_start is null, c.occurred_start, c.claim_id, actor
