-- What an app's users and server did, in steps of time: a row for each minute of the last day and for each hour of
-- the last month, from each node. Steps in which nothing happened have none.
create table figures (
    app {int} not null,
    step {int} not null,                  -- the step's length in milliseconds
    at {int} not null,                    -- the step's beginning
    node {int} not null,
    tally text not null,                  -- JSON, see figures.rs
    primary key (app, step, at, node)
){table};
