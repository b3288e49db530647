-- title: Every figure with its unit and population
-- description: The numbers that the articles state, and of what or whom.
select claim_id, source_id, figure_qualifier, figure_value, figure_unit, figure_population, occurred, statement
from claims
where figure_value is not null
order by source_id, start
