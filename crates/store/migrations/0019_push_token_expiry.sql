-- A registration ends with the access token of the login that made it.
alter table push_devices add column token_expires_at {int} not null default 0; -- 0: never
