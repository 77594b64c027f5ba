-- What the nodes of a cluster know of each other. On a single server these tables stay empty. All times in
-- `lease_until` and `until` are the database's own, so that no node's clock matters.

create table nodes (
    id {int} not null primary key,        -- a life of a node: each start, and each return, has a new one
    number {int} not null unique,         -- 1 to 1023, part of the ids of messages made there
    name text not null,
    address text not null,
    version text not null,
    started_at {int} not null,
    lease_until {int} not null
){table};

-- Who is connected where. A row is there before the user's standing is read.
create table sessions (
    app {int} not null,
    user_id text not null,
    session text not null,
    node {int} not null references nodes (id),
    device text not null,
    platform text not null,
    sdk_version text not null,
    address text not null,
    since {int} not null,
    token_issued_at {int} not null,
    closing {bytes},                      -- why it must end, as protobuf; its node has not heard yet
    primary key (app, user_id, session)
){table};
create index sessions_by_node on sessions (node, app, user_id);
create index sessions_closing on sessions (node) where closing is not null;

-- Work that one node at a time does.
create table leases (
    name text not null primary key,
    holder {int} not null,
    until {int} not null,
    done_at {int} not null                -- when the work was last done
){table};

-- Its one row names the cluster.
create table cluster (
    one {int} not null primary key,
    id text not null
){table};
