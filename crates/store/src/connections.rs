//! What app servers are told of their users' devices: each that came, and once that it went.
//!
//! A device that was told of has a row here until its end is told. In a cluster the row names the life of the node
//! that holds the device, by a key that this life cannot end before: so whoever sweeps a dead node away tells of
//! its devices' end, and a node that is dead without knowing tells of none that came.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};

use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::events::{self, Event, Status};
use crate::nodes::NodeId;
use crate::outbox::wants;

/// Devices whose end one step tells.
const STEP: i64 = 500;

/// A device that was told of.
pub(crate) struct Told {
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    session: String,
}

impl Store {
    /// Whether an app's server wants to hear of connections.
    pub async fn wants_connections(&self, app: AppId) -> Result<bool, StoreError> {
        self.read(async move |tx| wants(tx, app, Event::ConnectionStatus).await).await
    }

    /// Writes down that a device came or went, for an app whose server wants to hear of it.
    pub async fn connection_changed(
        &self,
        app: AppId,
        user: UserId,
        session: String,
        status: Status,
        address: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (node, life) = (self.node(), self.life());
        self.write(vec![(app, user.clone())], async move |tx| {
            let told = Told { app, user: user.clone(), session: session.clone() };
            // So nothing is told twice, and no end without its beginning.
            let first = match status {
                Status::Online => begin(tx, &told, node, life).await?,
                Status::Offline | Status::LoggedOut => end(tx, &told).await?,
            };
            if !first {
                return Ok(());
            }
            events::connection_status(tx, app, &user, &session, status, &address, now).await
        })
        .await
    }

    /// Tells of the end of some devices that an earlier run of this server has told of and that cannot be
    /// connected any more; returns how many. None: there are no more. Those of a cluster's nodes end by
    /// [`Store::sweep`].
    pub async fn end_lost_connections(&self, now: Timestamp) -> Result<usize, StoreError> {
        let node = self.node();
        let lost = self
            .read(async move |tx| {
                tx.all(
                    "select app, user_id, session from webhook_sessions
                     where node = ?1 and life is null limit ?2",
                    params![node, STEP],
                    |row| Ok(Told { app: row.get(0)?, user: row.get(1)?, session: row.get(2)? }),
                )
                .await
            })
            .await?;
        let count = lost.len();
        let ends = lost.into_iter().map(|Told { app, user, session }| {
            self.connection_changed(app, user, session, Status::Offline, String::new(), now)
        });
        futures_util::future::try_join_all(ends).await?;
        Ok(count)
    }

    /// Some of the devices that a life of a node has told of.
    pub(crate) async fn told_by(&self, life: NodeId) -> Result<Vec<Told>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select app, user_id, session from webhook_sessions where life = ?1
                 order by app, user_id limit ?2",
                params![life.0, STEP],
                |row| Ok(Told { app: row.get(0)?, user: row.get(1)?, session: row.get(2)? }),
            )
            .await
        })
        .await
    }
}

/// Whether there is something to tell: not when it was told, and not in a life that is over.
async fn begin(tx: &Tx<'_>, told: &Told, node: i64, life: Option<i64>) -> Result<bool, StoreError> {
    let Told { app, user, session } = told;
    let rows = match life {
        None => {
            tx.execute(
                "insert into webhook_sessions (app, user_id, session, node) values (?1, ?2, ?3, ?4)
                 on conflict (app, user_id, session) do nothing",
                params![*app, user, session, node],
            )
            .await?
        }
        Some(life) => {
            tx.execute(
                "insert into webhook_sessions (app, user_id, session, node, life)
                 select cast(?1 as bigint), cast(?2 as text), cast(?3 as text), cast(?4 as bigint), id
                 from nodes where id = ?5
                 on conflict (app, user_id, session) do nothing",
                params![*app, user, session, node, life],
            )
            .await?
        }
    };
    Ok(rows > 0)
}

async fn end(tx: &Tx<'_>, told: &Told) -> Result<bool, StoreError> {
    let Told { app, user, session } = told;
    let rows = tx
        .execute(
            "delete from webhook_sessions where app = ?1 and user_id = ?2 and session = ?3",
            params![*app, user, session],
        )
        .await?;
    Ok(rows > 0)
}

/// Tells of the end of devices, as far as nobody else has.
pub(crate) async fn end_all(
    tx: &mut Tx<'_>,
    told: &[Told],
    now: Timestamp,
) -> Result<(), StoreError> {
    for device in told {
        if end(tx, device).await? {
            let Told { app, user, session } = device;
            events::connection_status(tx, *app, user, session, Status::Offline, "", now).await?;
        }
    }
    Ok(())
}
