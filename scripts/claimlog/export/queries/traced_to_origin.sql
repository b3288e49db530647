-- title: Which claims of an article trace back to which origin?
-- description: For each article the works that its claims ultimately come from, by attribution and lineage. Two articles with one origin are one source for what both take from it.
select c.source_id, s.title as article, c.origin_id, coalesce(o.publisher, 'unknown') as origin,
       o.title as origin_title, count(*) as claims, group_concat(c.claim_id, ' ') as claim_ids
from (select * from claims order by claim_id) c
join sources s on s.source_id = c.source_id
left join sources o on o.source_id = c.origin_id
group by c.source_id, c.origin_id
order by c.source_id, claims desc, c.origin_id
