//! The nodes of a cluster: who lives, by leases that must be renewed.
//!
//! A lease is counted by the database's clock. Once it has run out it cannot be renewed: that life of the node
//! is over, its sessions are swept away by whoever comes first, and the node comes back under a new id.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};

use crate::connections;
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;

/// Numbers that nodes can have: what message ids have room for, without that of a single server.
const NUMBERS: i64 = 1023;
/// Sessions that one step of a sweep takes.
const SWEPT: i64 = 500;

/// A life of a node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(pub i64);

/// What a node says of itself.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// The id of this life, any random number.
    pub id: NodeId,
    /// What operators call it.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// The program's version.
    pub version: String,
}

/// What a node is told that has joined.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Joined {
    /// Names the cluster, the same for all its nodes.
    pub cluster: String,
    /// Its number, unique among living nodes.
    pub number: u16,
    /// The database's time.
    pub clock: Timestamp,
}

/// A node, as operators see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Its present life.
    pub id: NodeId,
    /// Its number.
    pub number: i64,
    /// What operators call it.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// The program's version.
    pub version: String,
    /// When this life began.
    pub since: Timestamp,
    /// Whether its lease runs.
    pub alive: bool,
    /// Client connections that are logged in there.
    pub sessions: i64,
}

/// What a step of a sweep has found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Users who are connected nowhere any more.
    pub offline: Vec<(AppId, UserId)>,
    /// Whether there may be more to sweep.
    pub more: bool,
}

impl Store {
    /// Begins a life of a node, with a lease of `lease_ms`.
    pub async fn join_cluster(
        &self,
        node: NewNode,
        lease_ms: i64,
        now: Timestamp,
    ) -> Result<Joined, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let clock = tx.clock(now).await?;
            let taken: Vec<i64> =
                tx.all("select number from nodes order by number", &[], |row| row.get(0)).await?;
            let number = (1..=NUMBERS).find(|number| taken.binary_search(number).is_err());
            let number =
                number.ok_or_else(|| StoreError::Unavailable("the cluster is full".to_owned()))?;
            tx.execute(
                "insert into nodes (id, number, name, address, version, started_at, lease_until)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    node.id.0,
                    number,
                    &node.name,
                    &node.address,
                    &node.version,
                    clock,
                    clock.plus_ms(lease_ms)
                ],
            )
            .await?;
            tx.execute(
                "insert into cluster (one, id) values (1, ?1) on conflict (one) do nothing",
                params![&format!("{:016x}", node.id.0)],
            )
            .await?;
            let cluster = tx.one("select id from cluster", &[], |row| row.get(0)).await?;
            let number = u16::try_from(number).map_err(|e| StoreError::corrupt("number", e))?;
            Ok(Joined { cluster, number, clock })
        })
        .await
    }

    /// Renews a node's lease, and says what time it is. `None`: it had run out, this life is over.
    pub async fn renew_node(
        &self,
        node: NodeId,
        lease_ms: i64,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let clock = tx.clock(now).await?;
            let renewed = tx
                .execute(
                    "update nodes set lease_until = ?2 where id = ?1 and lease_until > ?3",
                    params![node.0, clock.plus_ms(lease_ms), clock],
                )
                .await?;
            Ok((renewed > 0).then_some(clock))
        })
        .await
    }

    /// Ends a node's life. Its sessions, if there are any left, are for the others to sweep.
    pub async fn end_node(&self, node: NodeId) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute("update nodes set lease_until = 0 where id = ?1", params![node.0]).await?;
            remove_if_empty(tx, node).await
        })
        .await
    }

    /// All nodes, those whose life has ended and that nobody has swept yet among them.
    pub async fn nodes(&self, now: Timestamp) -> Result<Vec<Node>, StoreError> {
        self.read(async move |tx| {
            let clock = tx.clock(now).await?;
            tx.all(
                "select n.id, n.number, n.name, n.address, n.version, n.started_at, n.lease_until,
                        (select count(*) from sessions s where s.node = n.id)
                 from nodes n order by n.number",
                &[],
                |row| {
                    Ok(Node {
                        id: NodeId(row.get(0)?),
                        number: row.get(1)?,
                        name: row.get(2)?,
                        address: row.get(3)?,
                        version: row.get(4)?,
                        since: row.get(5)?,
                        alive: row.get::<Timestamp>(6)? > clock,
                        sessions: row.get(7)?,
                    })
                },
            )
            .await
        })
        .await
    }

    /// The nodes whose lease runs, and those whose lease has run out.
    pub async fn living_and_dead(
        &self,
        clock: Timestamp,
    ) -> Result<(Vec<NodeId>, Vec<NodeId>), StoreError> {
        self.read(async move |tx| {
            let all: Vec<(i64, i64)> = tx
                .all("select id, lease_until from nodes", &[], |row| Ok((row.get(0)?, row.get(1)?)))
                .await?;
            let (living, dead): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(_, until)| *until > clock.0);
            let ids =
                |nodes: Vec<(i64, i64)>| nodes.into_iter().map(|(id, _)| NodeId(id)).collect();
            Ok((ids(living), ids(dead)))
        })
        .await
    }

    /// Takes some of a dead node's sessions away, tells app servers of the end of its devices, and takes at last
    /// the node itself away. Several nodes may do so at once: each session, and so each user, falls to one of them.
    pub async fn sweep(&self, dead: NodeId, now: Timestamp) -> Result<Swept, StoreError> {
        let told = self.told_by(dead).await?;
        let locks = told.iter().map(|device| (device.app, device.user.clone())).collect();
        self.write(locks, async move |tx| {
            let clock = tx.clock(now).await?;
            // Locks the row: sweepers follow each other.
            let locked = tx
                .execute(
                    "update nodes set lease_until = lease_until where id = ?1 and lease_until <= ?2",
                    params![dead.0, clock],
                )
                .await?;
            if locked == 0 {
                return Ok(Swept::default());
            }
            let mut gone: Vec<(AppId, UserId)> = tx
                .all(
                    "delete from sessions where (app, user_id, session) in (
                         select app, user_id, session from sessions
                         where node = ?1 order by app, user_id limit ?2)
                     returning app, user_id",
                    params![dead.0, SWEPT],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .await?;
            // Where some were told of, others may be; and of those that were, somebody else may have told the end.
            let more = i64::try_from(gone.len()).unwrap_or(SWEPT) == SWEPT || !told.is_empty();
            connections::end_all(tx, &told, clock).await?;
            gone.sort();
            gone.dedup();
            let mut offline = Vec::new();
            for (app, user) in gone {
                if !is_anywhere(tx, app, &user).await? {
                    offline.push((app, user));
                }
            }
            if !more {
                remove_if_empty(tx, dead).await?;
            }
            Ok(Swept { offline, more })
        })
        .await
    }
}

async fn remove_if_empty(tx: &Tx<'_>, node: NodeId) -> Result<(), StoreError> {
    tx.execute(
        "delete from nodes
         where id = ?1 and not exists (select 1 from sessions where node = ?1)
           and not exists (select 1 from webhook_sessions where life = ?1)",
        params![node.0],
    )
    .await?;
    Ok(())
}

/// Whether a user has a session anywhere, be its node alive or not.
async fn is_anywhere(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<bool, StoreError> {
    tx.exists("select 1 from sessions where app = ?1 and user_id = ?2 limit 1", params![app, user])
        .await
}
