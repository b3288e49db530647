-- title: Who restricted what towards whom, since when, by whose account, was it done or only weighed, why, and under which condition?
-- description: One row for each claim that says how far a registered measure has come: who takes it and towards whom, its status and on whose account that rests, the reasons that the article gives for it, and the independent origins of the claim with all that state or imply it. Claims that take a measure for granted (its worth, its effects) are left out.
select c.claim_id,
       (select group_concat(a.name, '; ') from measure_takers t join actors a using (actor_id)
        where t.measure_id = c.measure_id) as who,
       (select group_concat(a.name, '; ') from measure_partners p join actors a using (actor_id)
        where p.measure_id = c.measure_id) as from_whom,
       c.measure, c.measure_status, c.measure_account, c.measure_subject, c.occurred, m.since, m.until,
       m.condition,
       (select group_concat(r.statement, ' ') from links l join claims r on r.claim_id = l.from_claim_id
        where l.to_claim_id = c.claim_id and l.relation = 'reason_for') as reasons,
       coalesce(s.name, a.description, 'the article itself') as on_whose_word,
       coalesce(c.anonymity, 'author') as anonymity, c.side, c.office, c.independent_origins, c.measure_id,
       c.statement
from (
  select claim_id from claims
  where measure_id is not null and measure_account <> 'presupposed'
  order by measure_status = 'taken' desc, measure_status, measure, claim_id limit -1
) chosen
cross join claims c on c.claim_id = chosen.claim_id
join measures m on m.measure_id = c.measure_id
left join actors s on s.actor_id = c.speaker_id
left join attributions a on a.claim_id = c.claim_id and a.hop = c.hops
