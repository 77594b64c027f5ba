//! The audit trail: looked through, checked, and let go by age.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::signing::hex;
use nuncio_store::audit::Verifier;
pub use nuncio_store::audit::{Break, Broken, Chain, Entry, Filter, Hash, INSTALLATION};

use serde_json::value::RawValue;

use crate::{Core, Error};

/// Entries that are read at once where all are read.
const STRETCH: i64 = 1000;
/// Entries that are looked at for one page.
const LOOKED_AT: i64 = 50_000;
/// By how many places entries may stand in another order than that of their times, since nodes' clocks differ.
const UNORDERED: i64 = 1000;
/// Breaks that are told of one chain.
const BREAKS: usize = 100;
/// How often a chain is followed anew because old entries went while it was followed.
const TRIES: usize = 10;

/// A page of entries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// The entries, the newest first.
    pub entries: Vec<Entry>,
    /// What the next page begins before; `None` on the last one.
    pub next: Option<i64>,
}

/// What was found of a chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// Where it begins and ends.
    pub chain: Chain,
    /// Entries that were followed.
    pub entries: i64,
    /// What is wrong with it, at most 100 places; nothing when all is well.
    pub breaks: Vec<Break>,
}

/// An entry as a line of JSON, its states as they were hashed. `key` is what its chain is known by.
pub fn json_line(app: AppId, key: &str, entry: &Entry) -> Result<String, Error> {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        app: i64,
        app_key: &'a str,
        seq: i64,
        at: i64,
        actor: &'a str,
        actor_name: &'a str,
        address: &'a str,
        request_id: &'a str,
        operation: &'a str,
        user_id: &'a str,
        before: Option<&'a RawValue>,
        after: Option<&'a RawValue>,
        hash: String,
    }
    fn state(text: &str) -> serde_json::Result<Option<&RawValue>> {
        if text.is_empty() { Ok(None) } else { serde_json::from_str(text).map(Some) }
    }
    let corrupt = |error: serde_json::Error| {
        Error::Internal(format!("entry {} of the audit trail: {error}", entry.seq))
    };
    serde_json::to_string(&Line {
        app: app.0,
        app_key: key,
        seq: entry.seq,
        at: entry.at.0,
        actor: &entry.actor,
        actor_name: &entry.actor_name,
        address: &entry.address,
        request_id: &entry.request_id,
        operation: &entry.operation,
        user_id: &entry.user,
        before: state(&entry.before).map_err(corrupt)?,
        after: state(&entry.after).map_err(corrupt)?,
        hash: hex(&entry.hash),
    })
    .map_err(corrupt)
}

impl Core {
    /// Entries of an app's chain, or of [`INSTALLATION`], the newest first; those before the number `before`
    /// where one is given, as [`Found::next`] is. A page can have fewer than `page_size` entries, even none, and
    /// not be the last: only so many entries are looked at for one.
    pub async fn audit(
        &self,
        app: AppId,
        filter: Filter,
        before: Option<i64>,
        page_size: i64,
    ) -> Result<Found, Error> {
        let chain = self.store.audit_chain(app).await?;
        let mut first = chain.anchor + 1;
        let mut end = before.unwrap_or(i64::MAX).min(chain.found + 1);
        if let Some(from) = filter.from {
            first = first.max(self.store.audit_seq_at(app, from).await? - UNORDERED);
        }
        if let Some(to) = filter.to {
            end = end.min(self.store.audit_seq_at(app, to).await? + UNORDERED);
        }
        // What a user has gone through is found by an index; what somebody has done of one kind is not.
        let by_looking = filter.operation.is_some() && filter.user.is_none();
        let stretch = if by_looking { LOOKED_AT } else { i64::MAX };
        let mut entries: Vec<Entry> = Vec::new();
        let mut looked_at = 0;
        while end > first {
            let room = page_size + 1 - i64::try_from(entries.len()).unwrap_or(i64::MAX);
            if room <= 0 || looked_at >= stretch {
                break;
            }
            let start = end.saturating_sub(stretch).max(first);
            let more = self.store.audit(app, filter.clone(), start..end, room).await?;
            // A range that gave all that was asked for may hold more.
            let full = i64::try_from(more.len()).unwrap_or(i64::MAX) >= room;
            looked_at += end - start;
            end = more.last().filter(|_| full).map_or(start, |last| last.seq);
            entries.extend(more);
        }
        let size = usize::try_from(page_size).unwrap_or(0);
        let more = entries.len() > size;
        entries.truncate(size);
        let next = if more { entries.last().map(|entry| entry.seq) } else { Some(end) };
        Ok(Found { entries, next: next.filter(|next| *next > first) })
    }

    /// Some entries of a chain after the one with number `after`, in their order; none: there are no more.
    pub async fn audit_after(&self, app: AppId, after: i64) -> Result<Vec<Entry>, Error> {
        Ok(self.store.audit_after(app, after, STRETCH).await?)
    }

    /// Follows a chain from its beginning to where it ends now, and tells where it breaks.
    ///
    /// What cannot be seen from the database alone: that entries at the end were removed and the head was set
    /// back, or that everything from an entry on was hashed anew. Who has kept an entry's hash elsewhere can
    /// pass it as `kept`.
    pub async fn verify_audit(
        &self,
        app: AppId,
        kept: Option<(i64, Hash)>,
    ) -> Result<Verified, Error> {
        let mut verified = self.follow(app, kept).await?;
        for _ in 1..TRIES {
            // Entries may have aged and gone in the meantime: that looks like a gap, and is none.
            if verified.breaks.is_empty()
                || self.store.audit_chain(app).await?.anchor == verified.chain.anchor
            {
                break;
            }
            verified = self.follow(app, kept).await?;
        }
        Ok(verified)
    }

    async fn follow(&self, app: AppId, kept: Option<(i64, Hash)>) -> Result<Verified, Error> {
        let chain = self.store.audit_chain(app).await?;
        let mut verifier = Verifier::new(chain.clone());
        let (mut entries, mut breaks) = (0, Vec::new());
        let mut not_seen = kept.filter(|(seq, _)| *seq > chain.anchor);
        'all: while verifier.seq() < chain.last {
            let stretch = self.store.audit_after(app, verifier.seq(), STRETCH).await?;
            if stretch.is_empty() {
                break;
            }
            for entry in &stretch {
                if entry.seq > chain.last {
                    break 'all;
                }
                breaks.extend(verifier.follow(entry));
                entries += 1;
                if let Some((seq, hash)) = not_seen
                    && seq == entry.seq
                {
                    not_seen = None;
                    if hash != entry.hash {
                        breaks.push(Break { seq, what: Broken::NotTheKept });
                    }
                }
                if breaks.len() >= BREAKS {
                    return Ok(Verified { chain, entries, breaks });
                }
            }
        }
        breaks.extend(verifier.end());
        if let Some((seq, _)) = not_seen {
            breaks.push(Break { seq, what: Broken::NotTheKept });
        }
        Ok(Verified { chain, entries, breaks })
    }

    /// Lets go of entries that are older than `kept_ms` milliseconds, in all apps; returns how many. A job's step, in
    /// short transactions.
    pub async fn trim_audit(&self, kept_ms: i64) -> Result<i64, Error> {
        let before = self.now().plus_ms(-kept_ms);
        let mut gone = 0;
        for app in self.audited().await? {
            loop {
                let some = self.store.trim_audit(app, before, self.now()).await?;
                gone += some;
                if some == 0 {
                    break;
                }
            }
        }
        Ok(gone)
    }

    /// Whose chains there may be: [`INSTALLATION`]'s and every app's.
    pub async fn audited(&self) -> Result<Vec<AppId>, Error> {
        Ok(self.store.audited().await?)
    }
}
