-- title: Who withheld or restricted what from whom, when, on whose word, and was it done or only considered?
-- description: One row for each claim in which somebody takes, plans or denies a protective measure, with the actors on both sides, the status and who says so. Views of a measure, and demands for one, are left out.
select c.claim_id,
       (select group_concat(a.name, '; ') from claim_actors m join actors a using (actor_id)
        where m.claim_id = c.claim_id and m.role = 'from') as who,
       (select group_concat(a.name, '; ') from claim_actors m join actors a using (actor_id)
        where m.claim_id = c.claim_id and m.role = 'to') as from_whom,
       c.measure, c.measure_status, c.measure_subject, c.occurred,
       coalesce(s.name, a.description, 'the article itself') as on_whose_word,
       coalesce(c.anonymity, 'author') as anonymity, c.statement
from (
  select claim_id from claims
  where measure is not null and {act}
  order by measure_status = 'taken' desc, measure_status, measure, claim_id limit -1
) chosen
cross join claims c on c.claim_id = chosen.claim_id
left join actors s on s.actor_id = c.speaker_id
left join attributions a on a.claim_id = c.claim_id and a.hop = c.hops
