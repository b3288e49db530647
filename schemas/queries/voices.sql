-- title: Whose voices are heard: American or allied, serving or former, named or not?
-- description: Claims by the side and the office of their innermost speaker, as the article presents it, with how many of them stand under a name.
select side, office, count(*) as claims, count(distinct source_id) as articles,
       sum(anonymity in ('named', 'institution', 'on_record_unnamed')) as identified,
       sum(anonymity in ('described', 'generic')) as anonymous
from claims
where side is not null
group by side, office
order by side = 'none', side, claims desc, office
