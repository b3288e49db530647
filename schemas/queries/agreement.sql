-- title: How far do independent coders agree?
-- description: Krippendorff's alpha with its interval for every variable and pass over all sources. The coders are language models that follow the codebook, not people.
select r.pass, r.codebook_version, r.variable, r.units, r.percent_agreement, r.alpha, r.alpha_low,
       r.alpha_high, r.target,
       case when r.target is null then '' when r.alpha >= r.target then 'reached' else 'missed' end as aim
from reliability r
where r.scope = 'all'
order by r.pass, r.target is null, r.variable
