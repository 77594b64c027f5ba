-- Groups, looked up by how their id begins; what the primary key is on SQLite already.
{postgres} create index groups_by_id on groups (app, id {bytewise});
