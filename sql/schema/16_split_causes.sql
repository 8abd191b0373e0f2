-- A split is a cause in the ledger, too, as it is in waterfalls.
comment on column analytics.restatements.causes is 'What had changed since the run before read its inputs: code, terms, flows, positions, multipliers, marks, overrides, splits, prices; rows where nothing had, and the stored rows were put right.';
