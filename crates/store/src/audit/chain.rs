//! The chain: each entry's hash covers the one before, so that an entry that was changed, removed, added or
//! moved shows.
//!
//! An app's head says which entry is the last. Old entries are let go from the front; the anchor keeps the
//! hash of the last that went, for the oldest that is left to hang on.

use std::collections::BTreeMap;

use nuncio_protocol::Timestamp;
use nuncio_protocol::ids::AppId;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Act, Entry, Noted, note};
use crate::engine::{Insertion, Store, Tx, Value, params};
use crate::error::StoreError;

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;
/// SHA-256.
pub type Hash = [u8; HASH_BYTES];
/// What the first entry of a chain hangs on.
const NONE: Hash = [0; HASH_BYTES];
/// Begins what is hashed, so that another form can follow some day.
const FORM: &str = "nuncio audit 1";
/// Entries that one step lets go.
const STEP: i64 = 1000;

pub(super) fn read_hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        StoreError::corrupt("audit", format!("a hash of {} bytes", bytes.len()))
    })
}

/// SHA-256 over the previous entry's hash and the entry's members as texts, each after its length in bytes as
/// eight bytes, the highest first.
fn hash(previous: &Hash, app: AppId, entry: &Entry) -> Hash {
    let mut sha = Sha256::new();
    sha.update(previous);
    let (app, seq, at) = (app.0.to_string(), entry.seq.to_string(), entry.at.0.to_string());
    for member in [
        FORM,
        &app,
        &seq,
        &at,
        &entry.actor,
        &entry.actor_name,
        &entry.address,
        &entry.request_id,
        &entry.operation,
        &entry.user,
        &entry.before,
        &entry.after,
    ] {
        sha.update((member.len() as u64).to_be_bytes());
        sha.update(member.as_bytes());
    }
    sha.finalize().into()
}

impl Noted {
    fn into_entry(self, seq: i64) -> Entry {
        Entry {
            seq,
            at: self.at,
            actor: self.origin.actor.kind().to_owned(),
            actor_name: self.origin.actor.name().to_owned(),
            address: self.origin.address.map_or_else(String::new, |address| address.to_string()),
            request_id: self.origin.request_id.clone().unwrap_or_default(),
            operation: self.operation.to_owned(),
            user: self.user.map_or_else(String::new, String::from),
            before: self.before,
            after: self.after,
            hash: NONE,
        }
    }
}

const COLUMNS: usize = 12;

static INSERT: Insertion<COLUMNS> = Insertion::new(
    "insert into audit (app, seq, at, actor, actor_name, address, request_id, operation, user_id,
                        state_before, state_after, hash) values",
);

/// Writes what a batch has noted to the ends of the chains. The last thing that a transaction does: chains are
/// held, in the order of their apps, from here to the commit.
pub(crate) async fn append(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let mut chains = BTreeMap::<AppId, Vec<Noted>>::new();
    for noted in std::mem::take(&mut tx.noted) {
        chains.entry(noted.app).or_default().push(noted);
    }
    for (app, noted) in chains {
        let (mut seq, mut previous) = take_head(tx, app, noted.len()).await?;
        let mut entries = Vec::with_capacity(noted.len());
        for noted in noted {
            seq += 1;
            let mut entry = noted.into_entry(seq);
            entry.hash = hash(&previous, app, &entry);
            previous = entry.hash;
            entries.push(entry);
        }
        let rows: Vec<_> = entries.iter().map(|entry| values(app, entry)).collect();
        INSERT.run(tx, &rows).await?;
        tx.execute(
            "update audit_heads set hash = ?2 where app = ?1",
            params![app, previous.as_slice()],
        )
        .await?;
    }
    Ok(())
}

/// Takes `count` numbers, and with them the chain; returns the last number and hash before them.
async fn take_head(tx: &Tx<'_>, app: AppId, count: usize) -> Result<(i64, Hash), StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let take = async || {
        let row = tx
            .opt(
                "update audit_heads set seq = seq + ?2 where app = ?1 returning seq - ?2, hash",
                params![app, count],
                |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)),
            )
            .await?;
        row.map(|(seq, hash)| Ok::<_, StoreError>((seq, read_hash(hash)?))).transpose()
    };
    if let Some(head) = take().await? {
        return Ok(head);
    }
    tx.execute(
        "insert into audit_heads (app, seq, hash) values (?1, 0, ?2) on conflict (app) do nothing",
        params![app, NONE.as_slice()],
    )
    .await?;
    take().await?.ok_or_else(|| StoreError::Database("a chain has no head".to_owned()))
}

fn values(app: AppId, entry: &Entry) -> [Value<'_>; COLUMNS] {
    let text = Value::Text;
    [
        Value::from(app),
        Value::from(entry.seq),
        Value::from(entry.at),
        text(&entry.actor),
        text(&entry.actor_name),
        text(&entry.address),
        text(&entry.request_id),
        text(&entry.operation),
        text(&entry.user),
        text(&entry.before),
        text(&entry.after),
        Value::Bytes(&entry.hash),
    ]
}

/// Where a chain begins and ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain {
    /// Whose it is.
    pub app: AppId,
    /// The last entry's number, by its head; 0 when there is no head.
    pub last: i64,
    /// The last entry's hash, by its head.
    pub hash: Hash,
    /// The last number that is in the database.
    pub found: i64,
    /// The number of the last entry that was let go; 0 for none.
    pub anchor: i64,
    /// Its hash.
    pub anchor_hash: Hash,
}

/// What is wrong with a chain at one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Break {
    /// The number of the entry at which it shows.
    pub seq: i64,
    /// What is wrong.
    pub what: Broken,
}

/// What can be wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Broken {
    /// Entries from this number to [`Break::seq`] are missing.
    Missing {
        /// The first of them.
        from: i64,
    },
    /// The entry does not say what was hashed, or does not hang on the one before.
    Changed,
    /// The head names another last hash than the last entry has.
    Head,
    /// There are entries past the head's.
    PastHead,
    /// It is not there, or not the one whose hash was kept elsewhere.
    NotTheKept,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seq = self.seq;
        match self.what {
            Broken::Missing { from } if from == seq => write!(f, "entry {seq} is missing"),
            Broken::Missing { from } => write!(f, "entries {from} to {seq} are missing"),
            Broken::Changed => write!(
                f,
                "entry {seq} is not what was written, or does not follow the one before it"
            ),
            Broken::Head => write!(f, "the chain's head names another hash than entry {seq} has"),
            Broken::NotTheKept => write!(f, "entry {seq} is not the one whose hash was kept"),
            Broken::PastHead => write!(f, "there are entries past the chain's head, up to {seq}"),
        }
    }
}

/// Follows a chain from its beginning to its end, entry by entry.
#[derive(Clone, Debug)]
pub struct Verifier {
    chain: Chain,
    seq: i64,
    hash: Hash,
}

impl Verifier {
    /// At the beginning of a chain.
    #[must_use]
    pub fn new(chain: Chain) -> Self {
        Self { seq: chain.anchor, hash: chain.anchor_hash, chain }
    }

    /// The number of the entry that was followed last.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Follows the entry that the database has next; tells what is wrong between the one before and it. An
    /// entry after a gap is taken at its word, so that what follows it can be checked.
    pub fn follow(&mut self, entry: &Entry) -> Option<Break> {
        let gap = entry.seq != self.seq + 1;
        let what = if gap {
            Some(Break { seq: entry.seq - 1, what: Broken::Missing { from: self.seq + 1 } })
        } else if hash(&self.hash, self.chain.app, entry) == entry.hash {
            None
        } else {
            Some(Break { seq: entry.seq, what: Broken::Changed })
        };
        (self.seq, self.hash) = (entry.seq, entry.hash);
        what
    }

    /// At the end: whether it is the one that the head names.
    #[must_use]
    pub fn end(&self) -> Option<Break> {
        let Chain { last, hash, found, .. } = &self.chain;
        if self.seq < *last {
            return Some(Break { seq: *last, what: Broken::Missing { from: self.seq + 1 } });
        }
        if found > last {
            return Some(Break { seq: *found, what: Broken::PastHead });
        }
        (self.hash != *hash).then_some(Break { seq: self.seq, what: Broken::Head })
    }
}

impl Store {
    /// The chain of an app, or of [`super::INSTALLATION`], as far as it reaches now. Without any entry it is
    /// empty.
    pub async fn audit_chain(&self, app: AppId) -> Result<Chain, StoreError> {
        self.read(async move |tx| {
            // One statement, so that all of it is of one moment.
            let (last, head, anchor, anchor_hash, found) = tx
                .one(
                    "select coalesce(h.seq, 0), h.hash, coalesce(a.seq, 0), a.hash,
                            coalesce((select seq from audit where app = ?1
                                      order by seq desc limit 1), 0)
                     from (select cast(?1 as bigint) as app) c
                     left join audit_heads h on h.app = c.app
                     left join audit_anchors a on a.app = c.app",
                    params![app],
                    |row| {
                        Ok((
                            row.get::<i64>(0)?,
                            row.get::<Option<Vec<u8>>>(1)?,
                            row.get::<i64>(2)?,
                            row.get::<Option<Vec<u8>>>(3)?,
                            row.get::<i64>(4)?,
                        ))
                    },
                )
                .await?;
            let hash = |bytes: Option<Vec<u8>>| bytes.map_or(Ok(NONE), read_hash);
            let (hash, anchor_hash) = (hash(head)?, hash(anchor_hash)?);
            Ok(Chain { app, last, hash, found, anchor, anchor_hash })
        })
        .await
    }

    /// Whose chains there may be: [`super::INSTALLATION`]'s, every app's, and whatever has a head.
    pub async fn audited(&self) -> Result<Vec<AppId>, StoreError> {
        self.read(async |tx| {
            tx.all(
                "select app from audit_heads union select id from apps union select 0 order by 1",
                &[],
                |row| row.get(0),
            )
            .await
        })
        .await
    }

    /// Lets go of some entries of a chain that were made before `before`, from its beginning, and notes that.
    /// Returns how many; none: there are no more.
    pub async fn trim_audit(
        &self,
        app: AppId,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let oldest = tx
                .all(
                    "select seq, at, hash from audit where app = ?1 order by seq limit ?2",
                    params![app, STEP],
                    |row| {
                        Ok((row.get::<i64>(0)?, row.get::<Timestamp>(1)?, row.get::<Vec<u8>>(2)?))
                    },
                )
                .await?;
            let aged: Vec<_> = oldest.iter().take_while(|(_, at, _)| *at < before).collect();
            let Some((last, _, hash)) = aged.last() else { return Ok(0) };
            tx.execute("delete from audit where app = ?1 and seq <= ?2", params![app, *last])
                .await?;
            tx.execute(
                "insert into audit_anchors (app, seq, hash) values (?1, ?2, ?3)
                 on conflict (app) do update set seq = excluded.seq, hash = excluded.hash",
                params![app, *last, hash.as_slice()],
            )
            .await?;
            note(tx, Act::on_app("audit.trim", app, now), &json!({ "upTo": last }));
            Ok(i64::try_from(aged.len()).unwrap_or(i64::MAX))
        })
        .await
    }
}
