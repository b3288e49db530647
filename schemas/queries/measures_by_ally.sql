-- title: Which ally has taken, announced, considered, denied or ruled out which measure, and by whose account?
-- description: Claims counted by the state or group that takes the measure (by the register of measures), kind of measure and status: on whose account, how many on the taker's own word, of how many measures. Claims that take a measure for granted are left out. Origins that rest on one another, or on one work, count once. The earliest date is that of a claim, or since when its measure is in force.
with recursive told as materialized (
  select coalesce(a.state_id, a.actor_id) as ally_id, c.measure, c.measure_status, c.measure_account,
         c.claim_id, c.measure_id, c.source_id, c.origin_id, coalesce(c.occurred_start, m.since_start) as start
  from claims c
  join measures m on m.measure_id = c.measure_id
  join measure_takers t on t.measure_id = c.measure_id
  join actors a on a.actor_id = t.actor_id
  where c.measure > '' and c.measure_account <> 'presupposed'
), origins as materialized (
  select distinct ally_id, measure, measure_status, origin_id from told where origin_id is not null
), rests_on(origin_id, work_id) as (
  select origin_id, origin_id from origins
  union
  select r.origin_id, l.derived_from_id from rests_on r join source_lineage l on l.source_id = r.work_id
), roots as materialized (
  select origin_id, work_id from rests_on where work_id not in (select source_id from source_lineage)
), bridges as materialized (
  select o.ally_id, o.measure, o.measure_status, x.work_id, y.work_id as other_id
  from origins o join roots x using (origin_id) join roots y using (origin_id) where x.work_id <> y.work_id
), reached(ally_id, measure, measure_status, origin_id, work_id) as (
  select o.ally_id, o.measure, o.measure_status, o.origin_id, r.work_id from origins o join roots r using (origin_id)
  where exists (select 1 from bridges b where b.work_id = r.work_id)
  union
  select r.ally_id, r.measure, r.measure_status, r.origin_id, b.other_id
  from reached r join bridges b using (ally_id, measure, measure_status, work_id)
), independent as (
  select ally_id, measure, measure_status, count(distinct first_id) as origins from (
    select o.ally_id, o.measure, o.measure_status, r.work_id as first_id from origins o join roots r using (origin_id)
    where not exists (select 1 from bridges b where b.work_id = r.work_id)
    union all
    select ally_id, measure, measure_status, min(work_id) as first_id from reached
    group by ally_id, measure, measure_status, origin_id
  ) group by ally_id, measure, measure_status
)
select g.ally_id, s.name as ally, g.measure, g.measure_status, g.accounts, g.claims, g.on_own_word, g.measures,
       g.articles, coalesce(i.origins, 0) as independent_origins, g.earliest, g.measure_ids, g.claim_ids
from (
  select ally_id, measure, measure_status, group_concat(distinct measure_account) as accounts,
         count(distinct claim_id) as claims,
         count(distinct case when measure_account = 'taker' then claim_id end) as on_own_word,
         count(distinct measure_id) as measures, count(distinct source_id) as articles, min(start) as earliest,
         group_concat(distinct measure_id) as measure_ids, group_concat(distinct claim_id) as claim_ids
  from told group by ally_id, measure, measure_status
) g
join actors s on s.actor_id = g.ally_id
left join independent i using (ally_id, measure, measure_status)
order by ally, g.measure, g.measure_status
