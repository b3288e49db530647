-- title: What was amended or retracted, and why?
-- description: Every amendment and retraction in the log, newest first.
select seq, recorded_at, recorded_by, stream, action, entity_id, version, reason, batch
from events
where action in ('amend', 'retract')
order by seq desc
