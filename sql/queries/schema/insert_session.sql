insert into market.sessions (session, session_index, closes_at) values (:session, :index, :closes_at)
