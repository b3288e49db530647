-- title: Which statements rest on anonymous sources only?
-- description: Claims whose innermost speaker the text describes without a name, or leaves generic.
select c.claim_id, c.source_id, c.anonymity, coalesce(s.name, a.description) as speaker, c.statement
from claims c
left join attributions a on a.claim_id = c.claim_id and a.hop = c.hops
left join actors s on s.actor_id = c.speaker_id
where c.anonymity in ('described', 'generic')
order by c.source_id, c.start
