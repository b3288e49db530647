-- title: How many claims did readers find wrong?
-- description: By reading, before anything was mended: claims with a definite error and their share of the claims read, claims with arguable findings only, and definite findings in links and registers.
select r.reading_id as reading, r.title, r.claims_read,
       count(distinct case when f.weight = 'definite' and c.claim_id is not null then c.claim_id end) as claims_with_errors,
       round(100.0 * count(distinct case when f.weight = 'definite' and c.claim_id is not null then c.claim_id end) / r.claims_read, 2)
         as percent,
       count(distinct c.claim_id) - count(distinct case when f.weight = 'definite' and c.claim_id is not null then c.claim_id end)
         as claims_arguable,
       sum(f.weight = 'definite' and c.claim_id is null) as errors_elsewhere
from readings r
left join findings f on f.reading_id = r.reading_id
left join (select distinct claim_id from claim_versions) c on c.claim_id = f.target_id and f.second_id is null
group by r.reading_id
order by min(r.recorded_at), min(f.finding_id)
