-- What the manifest says of every slice that was computed.
select s.asset, s.session, coalesce(s.portfolio_id, 0), s.run_id, s.commit_id, encode(s.input_hash, 'hex'), encode(s.output_digest, 'hex')
from analytics.slices s
where s.asset <> 'prices'
