-- title: Who says what: speakers and how far they are identified
-- description: Claims counted by innermost speaker and anonymity; the text's own voice last.
select g.speaker_id, coalesce(s.name, 'the text itself') as speaker, coalesce(g.anonymity, 'author') as anonymity,
       g.claims, g.articles
from (
  select speaker_id, anonymity, count(*) as claims, count(distinct source_id) as articles
  from claims group by speaker_id, anonymity
) g
left join actors s on s.actor_id = g.speaker_id
order by g.speaker_id is null, g.claims desc, speaker
