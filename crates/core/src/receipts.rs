//! Who has read which message of a group, and telling its sender, a moment later and for all readers of the moment at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_protocol::frames::{Channel, Entry, History, ReadReceipts, entry, server_frame};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, UserId, limits};
use nuncio_store::groups::ReceiptUser;

use crate::friends::at_most;
use crate::messages::{HISTORY, page};
use crate::page_token::Query;
use crate::{Core, Error};

/// How long readers are gathered before a sender is told.
const GATHER: Duration = Duration::from_millis(500);
/// Messages that wait for their senders to be told. What comes on top is not told: a device that shows the message asks.
const MOST: usize = 10_000;

/// Whom to tell, and where they wrote.
type Sender = (AppId, UserId, GroupId);

/// Messages whose senders are to be told that somebody has read them.
#[derive(Default)]
pub(crate) struct Receipts {
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    messages: HashMap<Sender, BTreeSet<MessageId>>,
    /// How many messages these are.
    count: usize,
    /// Whether a task takes care of them.
    at_work: bool,
}

impl Receipts {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a message that was read; returns whether somebody has to begin to take care of them.
    fn note(&self, sender: Sender, id: MessageId) -> bool {
        let mut noted = self.noted();
        if noted.count >= MOST {
            return false;
        }
        if noted.messages.entry(sender).or_default().insert(id) {
            noted.count += 1;
        }
        !std::mem::replace(&mut noted.at_work, true)
    }

    /// All that was noted, or `None` when that is nothing: then the task ends.
    fn take(&self) -> Option<HashMap<Sender, BTreeSet<MessageId>>> {
        let mut noted = self.noted();
        noted.at_work = !noted.messages.is_empty();
        noted.count = 0;
        noted.at_work.then(|| std::mem::take(&mut noted.messages))
    }
}

/// A page of those who have, or have not, read a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceiptUsersPage {
    /// The users, in the list's order.
    pub users: Vec<ReceiptUser>,
    /// How many there are in all.
    pub total: i64,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Core {
    /// Notes that a member has read messages of a group, at most 100; their senders, where they asked, are told half a second
    /// later how many have.
    pub async fn send_group_receipts(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        ids: Vec<MessageId>,
    ) -> Result<(), Error> {
        at_most(limits::LARGE_BATCH, &ids)?;
        let now = self.now();
        let found = self.store.record_group_receipts(app, user, group.clone(), ids, now).await?;
        for recorded in found {
            let sender = (app, recorded.sender, group.clone());
            if self.parts.receipts.note(sender, recorded.id) {
                let core = self.clone();
                tokio::spawn(async move { core.tell_senders().await });
            }
        }
        Ok(())
    }

    /// Tells senders what was noted, in steps, until nothing is. What is lost with this node is asked for again by whoever
    /// shows it.
    async fn tell_senders(&self) {
        loop {
            tokio::time::sleep(GATHER).await;
            let Some(noted) = self.parts.receipts.take() else { return };
            for ((app, user, group), ids) in noted {
                let ids = ids.into_iter().collect();
                let counts = self.store.group_receipts(app, user.clone(), group.clone(), ids).await;
                match counts {
                    Ok(receipts) => {
                        let channel = Some(Channel::group(group.as_str()));
                        let told = entry::Body::ReadReceipts(ReadReceipts { channel, receipts });
                        let entry = Entry { seq: 0, body: Some(told), at: self.now().0 };
                        self.parts.bus.tell(app, &user, server_frame::Body::Entry(entry));
                    }
                    // Who has left the group since is told nothing of it.
                    Err(nuncio_store::StoreError::Refused(_)) => {}
                    Err(error) => tracing::warn!("who has read a message was not told: {error}"),
                }
            }
        }
    }

    /// How many have read some of a member's own messages of a group, at most 100.
    pub async fn group_receipts(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        ids: Vec<MessageId>,
    ) -> Result<ReadReceipts, Error> {
        at_most(limits::LARGE_BATCH, &ids)?;
        let channel = Some(Channel::group(group.as_str()));
        let receipts = self.store.group_receipts(app, user, group, ids).await?;
        Ok(ReadReceipts { channel, receipts })
    }

    /// A page of those who have read a member's own message, the first first, or of those whom it has reached and who have
    /// not, by id.
    pub async fn group_receipt_users(
        &self,
        app: AppId,
        user: UserId,
        (group, id): (GroupId, MessageId),
        read: bool,
        page_token: Option<&str>,
        limit: i64,
    ) -> Result<ReceiptUsersPage, Error> {
        let query = Query::of_group(&format!("receipts of {id}, {read}"), app, &group);
        let after = query.position(page_token)?;
        let (page, total) = if read {
            self.store.group_readers(app, user, group, id, after, limit).await?
        } else {
            self.store.group_nonreaders(app, user, group, id, after, limit).await?
        };
        let page = query.page(page);
        Ok(ReceiptUsersPage { users: page.items, total, next: page.next })
    }

    /// Those among some users who have read a member's own message, or have not: at most 100, in the order asked for.
    pub async fn group_receipts_of(
        &self,
        app: AppId,
        user: UserId,
        (group, id): (GroupId, MessageId),
        read: bool,
        users: Vec<UserId>,
    ) -> Result<Vec<ReceiptUser>, Error> {
        at_most(limits::LARGE_BATCH, &users)?;
        // Whoever can be asked about is in a group whose receipts are kept, so this is all of them.
        let most = i64::try_from(limits::GROUP_MEMBERS).unwrap_or(i64::MAX);
        let all = self.group_receipt_users(app, user, (group, id), read, None, most).await?.users;
        let find = |asked: UserId| all.iter().find(|found| found.user == asked).cloned();
        Ok(users.into_iter().filter_map(find).collect())
    }

    /// Messages of a group that a member has not read and that mention the member or everybody, the oldest first.
    pub async fn unread_mentions(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<History, Error> {
        let limit = page(limit, HISTORY);
        let mut messages = self.store.unread_mentions(app, user, group, after, limit).await?;
        let has_more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        Ok(History { messages, has_more })
    }
}
