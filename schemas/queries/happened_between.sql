-- title: What do the texts say happened between two dates?
-- description: Claims whose event time (EDTF) can fall between two dates, both included; a month or an interval counts if it overlaps.
select claim_id, source_id, occurred, occurred_basis, content, statement
from claims
where (occurred_start is not null or occurred_end is not null)
  and coalesce(occurred_start, '0001-01-01') <= coalesce(nullif(:until, ''), '9999-12-31')
  and coalesce(occurred_end, '9999-12-31') >= coalesce(nullif(:since, ''), '0001-01-01')
order by occurred_start, claim_id
