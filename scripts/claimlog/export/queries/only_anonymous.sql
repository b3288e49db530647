-- title: Which statements rest on anonymous sources only?
-- description: Claims whose innermost speaker the text describes without a name or leaves generic, unless another claim states the same fact, or implies it, on a named authority or in a text's own voice.
select c.claim_id, c.source_id, c.anonymity, coalesce(s.name, a.description) as speaker, c.statement
from claims c
left join attributions a on a.claim_id = c.claim_id and a.hop = c.hops
left join actors s on s.actor_id = c.speaker_id
where c.anonymity in ('described', 'generic')
  and not exists (
    select 1 from corroboration_claims own
    join corroboration_claims other on other.fact_id = own.fact_id
    join claims o on o.claim_id = other.claim_id
    where own.claim_id = c.claim_id
      and (o.anonymity is null or o.anonymity not in ('described', 'generic'))
  )
  and not exists (
    select 1 from links l join claims o on o.claim_id = l.from_claim_id
    where l.relation = 'implies' and l.to_claim_id = c.claim_id
      and (o.anonymity is null or o.anonymity not in ('described', 'generic'))
  )
order by c.source_id, c.start
