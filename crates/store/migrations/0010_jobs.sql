-- What operators ask for and a job does: imports of users. The work goes on where the row
-- says, whichever node does it.
create table jobs (
    app {int} not null,
    id text not null,
    kind text not null,                   -- import
    about text not null,                  -- the file's name
    state text not null,                  -- see jobs.rs
    progress text not null,               -- JSON, of the kind's own
    operator text not null,               -- who asked for it, from where, in which request
    address text not null,
    request_id text not null,
    created_at {int} not null,
    finished_at {int} not null default 0,
    lease text not null default '',       -- who works on it
    lease_until {int} not null default 0,
    primary key (app, id)
){table};
create index jobs_open on jobs (lease_until) where state in ('checking', 'running');
create index jobs_by_age on jobs (created_at);

-- What a job is given and what it gives, in pieces.
create table job_parts (
    app {int} not null,
    job text not null,
    kind text not null,                   -- input, checked, done
    no {int} not null,                    -- from 0, without gaps
    data {bytes} not null,
    primary key (app, job, kind, no)
){table};
