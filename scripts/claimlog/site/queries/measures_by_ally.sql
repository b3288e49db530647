-- title: Which ally has taken, announced, considered, denied or ruled out which measure?
-- description: Claims counted by actor, measure and status.
select a.actor_id, a.name as actor, c.measure, c.measure_status, count(*) as claims,
       min(c.occurred_start) as earliest, group_concat(c.claim_id, ' ') as claim_ids
from claims c
join claim_actors m on m.claim_id = c.claim_id and m.role = 'from'
join actors a on a.actor_id = m.actor_id
where c.measure is not null
group by a.actor_id, c.measure, c.measure_status
order by actor, c.measure, c.measure_status
