-- title: Attribution chains of more than one hop
-- description: Claims that a text takes from somebody who took them from somebody else, outermost first.
select c.claim_id, c.source_id,
       (select group_concat(said, ' → ') from (
          select coalesce(s.name, a.description) || ' (' || a.verb || ', ' || a.anonymity || ')' as said
          from attributions a left join actors s on s.actor_id = a.actor_id
          where a.claim_id = c.claim_id order by a.hop
        )) as chain,
       c.statement
from claims c
where c.hops > 1
order by c.source_id, c.start
