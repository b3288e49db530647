-- title: Why: what does an article give as the reason, the condition or the evidence for what?
-- description: Pairs of claims of one article that a word of the text joins. Give a topic, as sharing or trust, to see what is explained about it; a measure, to see why it is taken or weighed.
select l.relation, t.claim_id, t.statement, t.topic, t.measure_id, t.measure_status, f.claim_id as reason_id,
       f.statement as reason, coalesce(s.name, a.description, 'the article itself') as reason_by, l.basis
from links l
join claims f on f.claim_id = l.from_claim_id
join claims t on t.claim_id = l.to_claim_id
left join actors s on s.actor_id = f.speaker_id
left join attributions a on a.claim_id = f.claim_id and a.hop = f.hops
where l.relation in ('reason_for', 'condition_for', 'confirms')
  and coalesce(:topic, '') in ('', t.topic)
  and coalesce(:measure_id, '') in ('', t.measure_id)
order by l.relation <> 'reason_for', l.relation, t.claim_id, f.claim_id
