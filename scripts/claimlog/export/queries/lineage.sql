-- title: Where each text comes from
-- description: Lineage edges with their evidence: two texts that go back to one report are one origin.
select s.source_id, s.title, s.publisher, l.relation, l.certainty, u.source_id as derived_from_id,
       u.title as derived_from, u.publisher as derived_from_publisher, l.evidence
from source_lineage l
join sources s on s.source_id = l.source_id
join sources u on u.source_id = l.derived_from_id
order by s.source_id, l.relation, l.derived_from_id
