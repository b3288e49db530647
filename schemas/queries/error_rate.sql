-- title: How many claims did readers find wrong?
-- description: By reading, before anything was mended: claims with a definite error in what is coded, and their share of the claims read; claims where only something derived by the build was found wrong; claims with arguable findings only; and definite findings in links and registers.
select reading, title, claims_read, sum(coded) as claims_with_errors,
       round(100.0 * sum(coded) / claims_read, 2) as percent, sum(derived and not coded) as claims_derived_wrong,
       sum(arguable and not coded and not derived) as claims_arguable, sum(elsewhere) as errors_elsewhere
from (
  select r.reading_id as reading, r.title, r.claims_read, min(r.recorded_at) as recorded_at,
         min(f.finding_id) as first_finding,
         c.claim_id is not null
           and max(f.weight = 'definite' and f.variable not in ('credibility', 'independent_origins', 'origin_id'))
           as coded,
         c.claim_id is not null
           and max(f.weight = 'definite' and f.variable in ('credibility', 'independent_origins', 'origin_id'))
           as derived,
         c.claim_id is not null and max(f.weight = 'arguable') as arguable,
         case when c.claim_id is null then sum(f.weight = 'definite') else 0 end as elsewhere
  from readings r
  left join findings f on f.reading_id = r.reading_id
  left join (select distinct claim_id from claim_versions) c
    on c.claim_id = f.target_id and f.second_id is null
  group by r.reading_id, c.claim_id
) found
group by reading
order by min(recorded_at), min(first_finding)
