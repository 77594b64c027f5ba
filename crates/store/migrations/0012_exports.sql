-- Exports of one user's data are jobs of the kind `export`; their `about` is the user's id.

-- A user's deliveries, to be exported, or to lose their texts with the user.
create index webhook_deliveries_by_user on webhook_deliveries (app, user_id, webhook, id);

-- Which life of a cluster's node a device is connected to; null on a single server. The key holds a node that
-- ends until everything of it was swept away.
alter table webhook_sessions add column life {int} references nodes (id);
create index webhook_sessions_by_life on webhook_sessions (life) where life is not null;
