-- title: What is disputed, by whom?
-- description: Pairs of claims of which one disputes or qualifies the other, with the basis.
select l.link_id, l.relation, f.claim_id as disputing_claim, f.statement as disputing,
       coalesce(fs.name, fa.description, 'the text itself') as disputed_by, t.claim_id as disputed_claim,
       t.statement as disputed, coalesce(ts.name, ta.description, 'the text itself') as stated_by, l.basis
from links l
join claims f on f.claim_id = l.from_claim_id
join claims t on t.claim_id = l.to_claim_id
left join actors fs on fs.actor_id = f.speaker_id
left join attributions fa on fa.claim_id = f.claim_id and fa.hop = f.hops
left join attributions ta on ta.claim_id = t.claim_id and ta.hop = t.hops
left join actors ts on ts.actor_id = t.speaker_id
where l.relation in ('disputes', 'qualifies')
order by l.relation, l.link_id
