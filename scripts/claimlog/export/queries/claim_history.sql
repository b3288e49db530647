-- title: The whole history of one claim
-- description: Every version of a claim, with who changed it, when and why; tombstones included.
select claim_id, version, action, reason, recorded_at, recorded_by, batch, valid_from_seq, valid_to_seq, statement, event_id
from claim_versions
where claim_id = :claim_id
order by version
