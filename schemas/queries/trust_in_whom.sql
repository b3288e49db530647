-- title: Whose trust in whom is said to fall, rise, last or be lost, by whom, and for which reason?
-- description: Claims about trust with who holds it and in whom it is held, how it changes, the voice that says so, and the reasons that the article gives. Nobody as holder means that the text names none.
select c.claim_id, c.trust_sign, c.trust_course,
       (select group_concat(a.name, '; ') from json_each(c.trust_holder) h join actors a on a.actor_id = h.value)
         as holder,
       (select group_concat(a.name, '; ') from json_each(c.trust_object) o join actors a on a.actor_id = o.value)
         as object,
       coalesce(s.name, h.description, 'the article itself') as on_whose_word, c.side, c.office, c.statement,
       (select group_concat(r.statement, ' ') from links l join claims r on r.claim_id = l.from_claim_id
        where l.to_claim_id = c.claim_id and l.relation = 'reason_for') as reasons
from claims c
left join actors s on s.actor_id = c.speaker_id
left join attributions h on h.claim_id = c.claim_id and h.hop = c.hops
where c.trust_sign is not null and coalesce(:course, '') in ('', c.trust_course)
order by c.trust_sign, c.trust_course = 'unstated', c.trust_course, c.claim_id
