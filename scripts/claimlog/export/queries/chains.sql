-- title: Attribution chains of more than one hop
-- description: Claims that an article takes from somebody who took them from somebody else, outermost first.
select a.claim_id, c.source_id, group_concat(coalesce(s.name, a.description) || ' (' || a.verb || ', ' || a.anonymity || ')', ' → ') as chain,
       c.statement
from (select * from attributions order by claim_id, hop) a
join claims c on c.claim_id = a.claim_id
left join actors s on s.actor_id = a.actor_id
where c.hops > 1
group by a.claim_id
order by c.source_id, c.start
