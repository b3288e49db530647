-- title: Which facts are stated more than once, and by how many independent origins?
-- description: Groups of claims that state the same fact; unknown ancestry adds no origin.
select f.fact_id, f.claims, f.articles, f.independent_origins, f.unknown_origins, f.statement,
       group_concat(m.claim_id, ' ') as claim_ids
from corroboration f join corroboration_claims m on m.fact_id = f.fact_id
group by f.fact_id
order by f.articles desc, f.fact_id
