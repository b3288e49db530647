-- title: How far do independent coders agree?
-- description: Krippendorff's alpha with its interval for every variable and pass over all sources: over all passages, and over those that at least one coder filled, which the aim is held against from 20 of them on. Names that coders give of their own (the same measure, the same speaker) are compared by the pairs that each joins, as F1. The coders are language models that follow the codebook, not people.
select r.pass, r.codebook_version, r.variable, r.units, r.percent_agreement, r.alpha, r.alpha_low,
       r.alpha_high, r.units_filled, r.alpha_filled, r.alpha_filled_low, r.alpha_filled_high, r.f1, r.f1_low,
       r.f1_high, r.target,
       case when r.target is null then ''
            when r.f1 is null and r.units_filled < 20 then 'too few'
            when coalesce(r.f1, r.alpha_filled) >= r.target then 'reached' else 'missed' end as aim
from reliability r
where r.scope = 'all'
order by r.pass, r.target is null, r.variable
