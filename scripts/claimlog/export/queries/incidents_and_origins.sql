-- title: Which incidents are reported, by how many claims, texts and independent origins?
-- description: Every incident with the claims about it and the works that these go back to. Origins that rest on one another count once; claims of unknown origin add none.
select i.incident_id, i.title, i.incident_type, i.occurred, i.claims, i.articles, i.independent_origins,
       i.unknown_origins, group_concat(distinct c.source_id) as source_ids,
       group_concat(distinct c.origin_id) as origin_ids
from incidents i left join claims c on c.incident_id = i.incident_id
group by i.incident_id
order by i.occurred_end is null, coalesce(i.occurred_start, i.occurred_end), i.incident_id
