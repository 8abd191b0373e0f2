create table book.users (
    id bigint generated always as identity primary key,
    username text not null unique check (username <> ''),
    password_hash text not null,
    role text not null default 'user' check (role in ('user', 'admin'))
);
comment on table book.users is 'One row per person or program that may log in.';
comment on column book.users.id is 'Ascending identity.';
comment on column book.users.username is 'Login name.';
comment on column book.users.password_hash is 'bcrypt hash; readable by no role but the owner.';
comment on column book.users.role is 'user sees its own portfolios, admin sees all and may trigger runs.';

create table book.portfolios (
    id bigint generated always as identity primary key,
    owner_id bigint not null references book.users,
    name text not null check (name <> ''),
    initial_equity numeric(20, 4) not null check (initial_equity between -1e15 and 1e15),
    inception_date date not null,
    equity_balance numeric(20, 4) not null,
    equity_as_of date not null,
    unique (owner_id, name)
);
comment on table book.portfolios is 'One row per portfolio.';
comment on column book.portfolios.id is 'Ascending identity; a user''s default portfolio is its lowest.';
comment on column book.portfolios.owner_id is 'book.users.id of the owner.';
comment on column book.portfolios.name is 'Unique per owner.';
comment on column book.portfolios.initial_equity is 'Net asset value at the close of inception_date, USD.';
comment on column book.portfolios.inception_date is 'Session at whose close initial_equity was the net asset value.';
comment on column book.portfolios.equity_balance is 'Closing equity of equity_as_of, USD; written with rolled equity in one transaction, outside versioning.';
comment on column book.portfolios.equity_as_of is 'Latest rolled session, or inception_date before the first.';

-- The balance starts as what inception says; from the first rolled session on only the pipeline moves it.
create function book.start_equity() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'UPDATE' then
        if old.equity_as_of <> old.inception_date then
            return new;
        end if;
    end if;
    new.equity_balance := new.initial_equity;
    new.equity_as_of := new.inception_date;
    return new;
end $$;
comment on function book.start_equity is 'A new portfolio''s equity balance is its initial equity.';
create trigger start_equity before insert or update of initial_equity, inception_date on book.portfolios for each row execute function book.start_equity();

create table book.positions (
    id bigint generated always as identity primary key,
    portfolio_id bigint not null references book.portfolios,
    symbol text not null check (symbol <> ''),
    asset_class text not null check (asset_class in ('PUBLIC', 'OPTION', 'PRIVATE')),
    position_type text not null check (position_type in ('LONG', 'SHORT', 'LC', 'SC', 'LP', 'SP')),
    quantity numeric not null check (quantity <> 0 and abs(quantity) < 'Infinity'),
    entry_price numeric not null check (entry_price > 0 and entry_price < 'Infinity'),
    entry_date date not null,
    exit_date date,
    exit_price numeric check (exit_price >= 0 and exit_price < 'Infinity'),
    multiplier numeric not null check (multiplier > 0 and multiplier < 'Infinity'),
    underlying text,
    option_type text check (option_type in ('call', 'put')),
    strike numeric check (strike > 0 and strike < 'Infinity'),
    expiry date,
    name text,
    check (exit_date >= entry_date),
    check (exit_price is null or exit_date is not null),
    check (entry_date <= expiry),
    check (exit_date <= expiry),
    check ((asset_class = 'OPTION') = (underlying is not null and option_type is not null and strike is not null and expiry is not null)),
    check (num_nonnulls(underlying, option_type, strike, expiry) in (0, 4)),
    check (abs(quantity * multiplier * entry_price) < 1e11),
    check (position_type = case
        when option_type = 'call' and quantity > 0 then 'LC'
        when option_type = 'call' then 'SC'
        when option_type = 'put' and quantity > 0 then 'LP'
        when option_type = 'put' then 'SP'
        when quantity > 0 then 'LONG'
        else 'SHORT'
    end)
);
create index on book.positions (portfolio_id, id);
comment on table book.positions is 'One row per lot; several lots of one symbol, and identical ones, are legal.';
comment on column book.positions.id is 'Ascending identity, in the order of the file.';
comment on column book.positions.portfolio_id is 'book.portfolios.id.';
comment on column book.positions.symbol is 'Stock or private symbol, or compact OCC option symbol.';
comment on column book.positions.asset_class is 'PUBLIC, OPTION or PRIVATE.';
comment on column book.positions.position_type is 'LONG, SHORT, or LC, SC, LP, SP: long or short call or put.';
comment on column book.positions.quantity is 'Shares or contracts, signed: negative is short.';
comment on column book.positions.entry_price is 'USD per share, or per share of the underlying for an option.';
comment on column book.positions.entry_date is 'Takes effect on the first session on or after it.';
comment on column book.positions.exit_date is 'Takes effect on the first session on or after it; null while held.';
comment on column book.positions.exit_price is 'USD; null: the price of the exit session is used.';
comment on column book.positions.multiplier is 'Units of the priced thing per unit of quantity: 1, or 100 for listed options.';
comment on column book.positions.underlying is 'Symbol of an option''s underlying; null otherwise.';
comment on column book.positions.option_type is 'call or put; null otherwise.';
comment on column book.positions.strike is 'USD; null unless an option.';
comment on column book.positions.expiry is 'Takes effect on the last session on or before it; null unless an option.';
comment on column book.positions.name is 'What the user calls it; null if not given.';

create table book.tags (
    id bigint generated always as identity primary key,
    owner_id bigint not null references book.users,
    name text not null check (name <> ''),
    color text not null default '#808080' check (color ~ '^#[0-9A-Fa-f]{6}$'),
    unique (owner_id, name)
);
comment on table book.tags is 'One row per tag of a user.';
comment on column book.tags.id is 'Ascending identity.';
comment on column book.tags.owner_id is 'book.users.id of the owner.';
comment on column book.tags.name is 'Unique per owner.';
comment on column book.tags.color is 'Colour as #RRGGBB.';

create table book.position_tags (
    position_id bigint not null references book.positions on delete cascade,
    tag_id bigint not null references book.tags on delete cascade,
    primary key (position_id, tag_id)
);
create index on book.position_tags (tag_id);
comment on table book.position_tags is 'One row per position and tag it carries.';
comment on column book.position_tags.position_id is 'book.positions.id.';
comment on column book.position_tags.tag_id is 'book.tags.id.';

create table book.private_marks (
    portfolio_id bigint not null references book.portfolios,
    symbol text not null check (symbol <> ''),
    mark_date date not null,
    price numeric not null check (price >= 0 and price < 'Infinity'),
    primary key (portfolio_id, symbol, mark_date)
);
comment on table book.private_marks is 'One row per portfolio, private symbol and date: the user''s valuation.';
comment on column book.private_marks.portfolio_id is 'book.portfolios.id.';
comment on column book.private_marks.symbol is 'Symbol of a PRIVATE position of the portfolio.';
comment on column book.private_marks.mark_date is 'Valid from this date until the next mark.';
comment on column book.private_marks.price is 'USD per unit.';

create table book.cash_flows (
    portfolio_id bigint not null references book.portfolios,
    flow_date date not null,
    amount numeric(20, 4) not null check (amount <> 0 and abs(amount) < 1e15),
    primary key (portfolio_id, flow_date)
);
comment on table book.cash_flows is 'One row per portfolio and date: the net of deposits and withdrawals.';
comment on column book.cash_flows.portfolio_id is 'book.portfolios.id.';
comment on column book.cash_flows.flow_date is 'Lands at the close of the first session on or after it.';
comment on column book.cash_flows.amount is 'USD; positive is a deposit.';

create table book.uploads (
    id bigint generated always as identity primary key,
    portfolio_id bigint not null references book.portfolios,
    file_name text not null,
    sha256 bytea not null,
    row_count integer not null,
    uploaded_by bigint references book.users,
    uploaded_at timestamptz not null default clock_timestamp()
);
create index on book.uploads (portfolio_id, id);
comment on table book.uploads is 'One row per accepted position file.';
comment on column book.uploads.id is 'Ascending identity.';
comment on column book.uploads.portfolio_id is 'book.portfolios.id it filled.';
comment on column book.uploads.file_name is 'Name of the file as given.';
comment on column book.uploads.sha256 is 'SHA-256 of its bytes and of the options it was imported with.';
comment on column book.uploads.row_count is 'Positions in it.';
comment on column book.uploads.uploaded_by is 'book.users.id; null from the command line.';
comment on column book.uploads.uploaded_at is 'Instant (UTC).';

create table book.run_requests (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('upload', 'daily', 'recalculate', 'why')),
    portfolio_ids bigint[],
    start_session date,
    end_session date,
    requested_by bigint references book.users,
    requested_at timestamptz not null default clock_timestamp(),
    idempotency_key text,
    unique nulls distinct (requested_by, idempotency_key),
    check (start_session <= end_session)
);
comment on table book.run_requests is 'One row per run somebody asked for; insert-only, a sensor makes one run of each.';
comment on column book.run_requests.id is 'Ascending identity; the request id.';
comment on column book.run_requests.kind is 'upload, daily, recalculate or why.';
comment on column book.run_requests.portfolio_ids is 'book.portfolios.id to limit the run to; null for all.';
comment on column book.run_requests.start_session is 'First session; null: the first one missing.';
comment on column book.run_requests.end_session is 'Last session; null: the latest.';
comment on column book.run_requests.requested_by is 'book.users.id; null from the command line.';
comment on column book.run_requests.requested_at is 'Instant (UTC).';
comment on column book.run_requests.idempotency_key is 'Repeating a request with the same key returns the first; null if none.';

call analytics.system_version('book.portfolios');
call analytics.system_version('book.positions');
call analytics.system_version('book.tags');
call analytics.system_version('book.position_tags');
call analytics.system_version('book.private_marks');
call analytics.system_version('book.cash_flows');

-- Updates of the two equity columns alone are the pipeline's and leave no version.
create trigger version before insert or delete or update of owner_id, name, initial_equity, inception_date
on book.portfolios for each row execute function analytics.version_row();
create trigger version before insert or update or delete on book.positions for each row execute function analytics.version_row();
create trigger version before insert or update or delete on book.tags for each row execute function analytics.version_row();
create trigger version before insert or update or delete on book.position_tags for each row execute function analytics.version_row();
create trigger version before insert or update or delete on book.private_marks for each row execute function analytics.version_row();
create trigger version before insert or update or delete on book.cash_flows for each row execute function analytics.version_row();

create function book.login(name text) returns table (id bigint, password_hash text, role text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select u.id, u.password_hash, u.role from book.users u where u.username = name
$$;
comment on function book.login is 'The one way to a password hash, by exact login name.';
