insert into analytics.slices
    (asset, session, portfolio_id, run_id, input_hash, code_version, output_digest, row_count, checked_at, commit_id)
select %(asset)s, s.session, nullif(s.portfolio_id, 0), %(run_id)s, s.input_hash, %(code_version)s, s.output_digest, s.row_count,
    clock_timestamp(), %(commit)s
from {rows} s
