-- title: Who says what: speakers and how far they are identified
-- description: Claims counted by innermost speaker and anonymity; the article's own voice last.
select c.speaker_id, coalesce(s.name, 'the article itself') as speaker, coalesce(c.anonymity, 'author') as anonymity,
       count(*) as claims, count(distinct c.source_id) as articles
from claims c left join actors s on s.actor_id = c.speaker_id
group by c.speaker_id, c.anonymity
order by c.speaker_id is null, claims desc, speaker
