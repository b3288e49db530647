-- title: Which ally has taken, announced, considered, denied or ruled out which measure, and by whose account?
-- description: Claims counted by measure, status and the state (or group) that its actors belong to, with the accounts on which the status rests. Acts only, taken, planned or denied: a view of a measure, or a demand for one, does not count for whoever holds or makes it.
select g.ally_id, s.name as ally, g.measure, g.measure_status, g.accounts, g.claims, g.articles, g.independent_origins,
       g.earliest, g.claim_ids
from (
  select coalesce(a.state_id, a.actor_id) as ally_id, c.measure, c.measure_status,
         count(distinct c.claim_id) as claims, count(distinct c.source_id) as articles,
         count(distinct c.origin_id) as independent_origins, min(c.occurred_start) as earliest,
         group_concat(distinct c.measure_account) as accounts,
         group_concat(distinct c.claim_id) as claim_ids
  from claims c
  cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from'
  join actors a on a.actor_id = m.actor_id
  where c.measure is not null and {act}
  group by ally_id, c.measure, c.measure_status
) g
join actors s on s.actor_id = g.ally_id
order by ally, g.measure, g.measure_status
