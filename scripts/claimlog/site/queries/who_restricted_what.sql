-- title: Who withheld or restricted what from whom, when, on whose word, and was it done or only considered?
-- description: One row for each claim about a protective measure, with the actor, the other side, the status and who says so.
select m.claim_id, af.name as actor, at.name as towards, c.measure, c.measure_status, c.measure_subject,
       c.occurred, coalesce(s.name, a.description, 'the article itself') as on_whose_word,
       coalesce(c.anonymity, 'author') as anonymity, c.statement
from claims c
join claim_actors m on m.claim_id = c.claim_id and m.role = 'from'
join actors af on af.actor_id = m.actor_id
left join claim_actors t on t.claim_id = c.claim_id and t.role = 'to'
left join actors at on at.actor_id = t.actor_id
left join actors s on s.actor_id = c.speaker_id
left join attributions a on a.claim_id = c.claim_id and a.hop = c.hops
where c.measure is not null
order by c.measure_status = 'taken' desc, c.measure_status, actor, c.claim_id
