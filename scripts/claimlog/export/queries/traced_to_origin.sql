-- title: Which claims of a text trace back to which origin?
-- description: For each text the works that its claims ultimately come from, by attribution and lineage. Two texts with one origin are one source for what both take from it.
select g.source_id, s.title as article, g.origin_id, coalesce(o.publisher, 'unknown') as origin,
       o.title as origin_title, g.claims, g.claim_ids
from (
  select origin_id, source_id, count(*) as claims, group_concat(claim_id, ' ') as claim_ids
  from claims group by origin_id, source_id
) g
join sources s on s.source_id = g.source_id
left join sources o on o.source_id = g.origin_id
order by g.source_id, g.claims desc, g.origin_id
