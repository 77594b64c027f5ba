//! Messages to groups: send, recall, edit, read, and what can be read back.

use nuncio_protocol::frames::{self, History};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Timestamp, UserId};
use nuncio_store::ChannelKey;
use nuncio_store::channels::HistoryFrom;
use nuncio_store::groups::GroupEdit;
use nuncio_store::messages::{By, Recaller, Sent};

use crate::messages::{HISTORY, Send, page};
use crate::{Core, Error};

impl Core {
    /// Sends a message to a group: every member gets it, all in one order. Returns after the commit; the same client
    /// message id again gets the first answer. The app's server is not asked about it.
    pub async fn send_to_group(&self, send: Send, group: GroupId) -> Result<Sent, Error> {
        let one = self.send_to_groups(send, vec![group]).await?.pop();
        one.map(|(_, one)| one).ok_or_else(|| Error::Internal("nothing was sent".to_owned()))
    }

    /// Sends a message to each of some groups, or to none of them.
    pub async fn send_to_groups(
        &self,
        send: Send,
        groups: Vec<GroupId>,
    ) -> Result<Vec<(GroupId, Sent)>, Error> {
        // The app's server is asked about direct messages only.
        let draft = send.draft(true);
        if send.stored {
            let appended = self.store.append_to_groups(draft, groups.clone(), self.now()).await?;
            return Ok(groups.into_iter().zip(appended).collect());
        }
        let mut reached = Vec::with_capacity(groups.len());
        for group in groups {
            let now = self.now();
            let found = self.store.check_send_to_group(draft.clone(), group.clone(), now).await?;
            reached.push((group, found));
        }
        let echo = matches!(send.by, By::Server { echo_to_sender: true, .. });
        let mut all = Vec::with_capacity(reached.len());
        for (group, (id, members)) in reached {
            let key = ChannelKey::group(&group);
            let others = members.iter().filter(|user| echo || **user != send.sender);
            for user in others {
                self.parts.bus.tell(send.app, user, send.transient(id, &key, user));
            }
            all.push((group, Sent { id, seq: 0 }));
        }
        Ok(all)
    }

    /// Takes a message's content back; all members are told.
    pub async fn recall_in_group(
        &self,
        app: AppId,
        by: Recaller,
        group: GroupId,
        id: MessageId,
        extra: String,
    ) -> Result<(), Error> {
        Ok(self.store.recall_in_group(app, by, group, id, extra, self.now()).await?)
    }

    /// Gives a message another content; all members are told. Answers the message as it is then.
    pub async fn edit_in_group(&self, edit: GroupEdit) -> Result<frames::Message, Error> {
        Ok(self.store.edit_in_group(edit, self.now()).await?)
    }

    /// A stretch of a group's history, from when the user joined it on.
    pub async fn group_history(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        from: HistoryFrom,
        ascending: bool,
        limit: u32,
    ) -> Result<History, Error> {
        let limit = page(limit, HISTORY);
        let found = self.store.group_history(app, user, group, from, ascending, limit);
        let mut messages = found.await?;
        let has_more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        Ok(History { messages, has_more })
    }

    /// Messages of a group sent from `oldest` to `newest`, as far as they are the user's to see; newest first.
    pub async fn group_history_between(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        oldest: Timestamp,
        newest: Timestamp,
        limit: i64,
    ) -> Result<Vec<frames::Message>, Error> {
        Ok(self.store.group_history_between(app, user, group, oldest, newest, limit).await?)
    }

    /// Marks a group read up to a message, or wholly, for one user; the others are not told.
    pub async fn mark_group_read(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        up_to: Option<MessageId>,
    ) -> Result<(), Error> {
        Ok(self.store.mark_group_read(app, user, group, up_to, self.now()).await?)
    }
}
