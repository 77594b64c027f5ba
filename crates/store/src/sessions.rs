//! The directory of a cluster's client connections: who is connected where.
//!
//! A session enters in one transaction that holds the user's row: the row of the directory is written and the
//! user's standing read together. A ban takes the same row. So of a login and a ban that overlap, one sees
//! the other, whichever nodes they are on.

use std::collections::HashMap;
use std::sync::LazyLock;

use nuncio_protocol::frames::{Failure, ProtobufMessage as _};
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::{Timestamp, UserId};

use crate::engine::{Store, Tx, Value, params};
use crate::error::StoreError;
use crate::nodes::NodeId;
use crate::tokens::{Admission, standing};
use crate::users;

/// Users whose nodes one statement looks up.
const ROUTED: usize = 32;

/// The nodes of some users of app `?1`.
static ROUTES: LazyLock<String> = LazyLock::new(|| {
    let users: Vec<_> = (2..ROUTED + 2).map(|place| format!("?{place}")).collect();
    let users = users.join(", ");
    format!("select distinct user_id, node from sessions where app = ?1 and user_id in ({users})")
});

/// A connection that wants to log in.
#[derive(Clone, Debug)]
pub struct Entering {
    /// The app.
    pub app: AppId,
    /// Who it is.
    pub user: UserId,
    /// Names the connection.
    pub session: String,
    /// The node that holds it.
    pub node: NodeId,
    /// The device.
    pub device: DeviceId,
    /// What it runs on, as it says itself.
    pub platform: String,
    /// The SDK's version, as it says itself.
    pub sdk_version: String,
    /// Where it came from; empty when that is not known.
    pub address: String,
    /// When the login's token was issued.
    pub token_issued_at: Timestamp,
    /// The version of the App Secret that the token was made under.
    pub secret_version: i64,
}

/// A connection that has logged in.
#[derive(Clone, Debug)]
pub struct Entered {
    /// What the client is told.
    pub admission: Admission,
    /// Whether the user was connected nowhere.
    pub came_online: bool,
    /// The user's other connections, the oldest first.
    pub others: Vec<Other>,
}

/// Another connection of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Other {
    /// Names it.
    pub session: String,
    /// Its device.
    pub device: String,
}

/// A connection in the directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Located {
    /// Names it.
    pub session: String,
    /// The node that holds it.
    pub node: NodeId,
    /// What operators call that node.
    pub node_name: String,
    /// The device.
    pub device: String,
    /// What it runs on, as it says itself.
    pub platform: String,
    /// The SDK's version, as it says itself.
    pub sdk_version: String,
    /// Where it came from.
    pub address: String,
    /// When it logged in.
    pub since: Timestamp,
}

/// A connection that must be closed, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered {
    /// The app.
    pub app: AppId,
    /// Whose it is.
    pub user: UserId,
    /// Names it.
    pub session: String,
    /// What its client is told.
    pub why: Failure,
}

impl Store {
    /// Logs a connection in: its row of the directory, and the user's standing, in one transaction.
    ///
    /// Refused as [`Store::admit`] refuses. Fails when the node's life is over.
    pub async fn enter(
        &self,
        entering: Entering,
        now: Timestamp,
        clock: Timestamp,
    ) -> Result<Entered, StoreError> {
        self.catch_up(entering.app, entering.user.clone(), Some(now)).await?;
        let locks = users::locks(entering.app, std::slice::from_ref(&entering.user));
        self.write(locks, async move |tx| {
            let Entering { app, user, session, node, .. } = &entering;
            let (issued_at, version) = (entering.token_issued_at, entering.secret_version);
            let admission = standing(tx, *app, user, issued_at, version, now).await?;
            let others: Vec<Other> = tx
                .all(
                    "select s.session, s.device from sessions s join nodes n on n.id = s.node
                     where s.app = ?1 and s.user_id = ?2 and n.lease_until > ?3 order by s.since",
                    params![*app, user, clock],
                    |row| Ok(Other { session: row.get(0)?, device: row.get(1)? }),
                )
                .await?;
            tx.execute(
                "insert into sessions (app, user_id, session, node, device, platform, sdk_version,
                                       address, since, token_issued_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    *app,
                    user,
                    session,
                    node.0,
                    entering.device.as_str(),
                    &entering.platform,
                    &entering.sdk_version,
                    &entering.address,
                    clock,
                    issued_at
                ],
            )
            .await?;
            Ok(Entered { admission, came_online: others.is_empty(), others })
        })
        .await
    }

    /// A connection has ended. Returns whether it was its user's last.
    pub async fn leave(
        &self,
        app: AppId,
        user: UserId,
        session: String,
        clock: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(users::locks(app, std::slice::from_ref(&user)), async move |tx| {
            let deleted = tx
                .execute(
                    "delete from sessions where app = ?1 and user_id = ?2 and session = ?3",
                    params![app, &user, &session],
                )
                .await?;
            Ok(deleted > 0 && located(tx, app, &user, clock).await?.is_empty())
        })
        .await
    }

    /// Where a user is connected, the oldest connection first.
    pub async fn locate(
        &self,
        app: AppId,
        user: UserId,
        clock: Timestamp,
    ) -> Result<Vec<Located>, StoreError> {
        self.read(async move |tx| located(tx, app, &user, clock).await).await
    }

    /// The same for who does not know the database's time.
    pub async fn whereabouts(
        &self,
        app: AppId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Located>, StoreError> {
        self.read(async move |tx| {
            let clock = tx.clock(now).await?;
            located(tx, app, &user, clock).await
        })
        .await
    }

    /// The nodes that hold connections of some users, each user's in no order.
    pub async fn routes(
        &self,
        mut users: Vec<(AppId, UserId)>,
    ) -> Result<HashMap<(AppId, UserId), Vec<NodeId>>, StoreError> {
        users.sort_unstable();
        users.dedup();
        self.read(async move |tx| {
            let mut routes = HashMap::<_, Vec<_>>::with_capacity(users.len());
            let of_each_app = users.chunk_by(|one, next| one.0 == next.0);
            for some in of_each_app.flat_map(|of_app| of_app.chunks(ROUTED)) {
                let app = some[0].0;
                let mut values = vec![Value::from(app)];
                // The statement has as many places each time; the last user takes those that are left.
                let last = some.last().into_iter().cycle();
                values.extend(
                    some.iter().chain(last).take(ROUTED).map(|(_, user)| Value::from(user)),
                );
                let found = tx.all(&ROUTES, &values, |row| {
                    Ok((row.get::<UserId>(0)?, row.get(1).map(NodeId)?))
                });
                for (user, node) in found.await? {
                    routes.entry((app, user)).or_default().push(node);
                }
            }
            Ok(routes)
        })
        .await
    }

    /// How many users of an app are connected.
    pub async fn online(&self, app: AppId, clock: Timestamp) -> Result<usize, StoreError> {
        self.read(async move |tx| {
            tx.count(
                "select count(distinct s.user_id) from sessions s join nodes n on n.id = s.node
                 where s.app = ?1 and n.lease_until > ?2",
                params![app, clock],
            )
            .await
        })
        .await
    }

    /// Orders connections of users to end, those only that logged in with a token issued before a moment. The
    /// order stands until they have ended, whether their nodes hear of it or look for it. Returns the nodes.
    pub async fn order_close(
        &self,
        app: AppId,
        users: Vec<UserId>,
        tokens_before: Timestamp,
        why: Failure,
    ) -> Result<Vec<NodeId>, StoreError> {
        let why = why.encode_to_vec();
        self.write(users::locks(app, &users), async move |tx| {
            let mut nodes = Vec::new();
            for user in &users {
                let found: Vec<i64> = tx
                    .all(
                        "update sessions set closing = ?3
                         where app = ?1 and user_id = ?2 and token_issued_at < ?4 returning node",
                        params![app, user, why.as_slice(), tokens_before],
                        |row| row.get(0),
                    )
                    .await?;
                nodes.extend(found.into_iter().map(NodeId));
            }
            nodes.sort();
            nodes.dedup();
            Ok(nodes)
        })
        .await
    }

    /// Connections of a node that were ordered to end and are there still.
    pub async fn ordered_to_close(&self, node: NodeId) -> Result<Vec<Ordered>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select app, user_id, session, closing from sessions
                 where node = ?1 and closing is not null limit 1000",
                params![node.0],
                |row| {
                    let why: Vec<u8> = row.get(3)?;
                    Ok(Ordered {
                        app: row.get(0)?,
                        user: row.get(1)?,
                        session: row.get(2)?,
                        why: Failure::decode(why.as_slice())
                            .map_err(|e| StoreError::corrupt("closing", e))?,
                    })
                },
            )
            .await
        })
        .await
    }
}

async fn located(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    clock: Timestamp,
) -> Result<Vec<Located>, StoreError> {
    tx.all(
        "select s.session, s.node, n.name, s.device, s.platform, s.sdk_version, s.address, s.since
         from sessions s join nodes n on n.id = s.node
         where s.app = ?1 and s.user_id = ?2 and n.lease_until > ?3 order by s.since, s.session",
        params![app, user, clock],
        |row| {
            Ok(Located {
                session: row.get(0)?,
                node: NodeId(row.get(1)?),
                node_name: row.get(2)?,
                device: row.get(3)?,
                platform: row.get(4)?,
                sdk_version: row.get(5)?,
                address: row.get(6)?,
                since: row.get(7)?,
            })
        },
    )
    .await
}
