-- title: Which incidents are reported, by how many claims and articles?
-- description: Every incident with the number of claims about it, of articles, and its dates as the texts give them.
select i.incident_id, i.title, i.incident_type, i.occurred, count(c.claim_id) as claims,
       count(distinct c.source_id) as articles, group_concat(distinct c.source_id) as source_ids
from incidents i left join claims c on c.incident_id = i.incident_id
group by i.incident_id
order by i.occurred_start, i.incident_id
