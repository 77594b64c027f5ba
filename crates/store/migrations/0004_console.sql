-- "bytewise" orders a text byte by byte; a line that begins with "postgres" in braces is for PostgreSQL alone.

-- Operators: who works with the console. A link is a one-time link to set a password; of secrets that
-- somebody else holds (links, sessions, recovery codes) only hashes are kept.

create table operators (
    id {int} not null primary key,
    name text not null unique,
    password text not null default '',    -- Argon2id, a PHC string; empty until one is set
    second_factor {bytes},                -- the sealed TOTP secret in force
    second_factor_next {bytes},           -- the one that is being set up
    second_factor_step {int} not null default 0, -- codes of this step and before were used
    recovery text not null default '[]',  -- JSON array: hashes of the recovery codes left
    link {bytes},                         -- hash of the link that is out
    link_expires_at {int} not null default 0,
    created_at {int} not null,
    last_seen_at {int} not null default 0
){table};
create unique index operators_by_link on operators (link) where link is not null;

create table operator_grants (
    operator {int} not null,
    app {int} not null,                   -- 0: all apps
    role text not null,                   -- viewer, support, developer, owner
    primary key (operator, app)
){table};
create index operator_grants_by_app on operator_grants (app);

create table operator_sessions (
    id {bytes} not null primary key,      -- hash of the token in the cookie
    operator {int} not null,
    created_at {int} not null,
    used_at {int} not null,
    confirmed_at {int} not null,          -- when the password was last asked for
    address text not null,
    agent text not null
){table};
create index operator_sessions_by_operator on operator_sessions (operator, created_at);
create index operator_sessions_by_age on operator_sessions (used_at);

-- Users, looked up by how their id or their name begins.
{postgres} create collation if not exists "binary" from "C";
create index users_by_name on users (app, lower(name) {bytewise}, id);
{postgres} create index users_by_id on users (app, id {bytewise});
