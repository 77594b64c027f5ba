//! Messages to groups: send, recall, edit, read, and what can be read back.

use nuncio_protocol::frames::{self, Channel, Entry, History, entry, server_frame};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Timestamp, UserId};
use nuncio_store::channels::HistoryFrom;
use nuncio_store::groups::GroupEdit;
use nuncio_store::messages::{By, Recaller, Sent};
use nuncio_store::{ChannelKey, StoreError};
use tokio::time::Instant;

use crate::asking::Question;
use crate::messages::{HISTORY, Send, page};
use crate::{Core, Error};

impl Core {
    /// Sends a message to a group: every member gets it, or `to` alone where it names members, all in one order. Returns
    /// after the commit; the same client message id again gets the first answer. Where the app's server wants to see
    /// messages to groups before, it is asked.
    pub async fn send_to_group(
        &self,
        mut send: Send,
        group: GroupId,
        to: Vec<UserId>,
    ) -> Result<Sent, Error> {
        let sender = (send.app, send.sender.clone());
        let since = Instant::now();
        let turn = match send.by {
            By::Client { .. } => self.parts.asking.wait(&sender).await,
            By::Server { .. } => None,
        };
        match self.submit_to_group(&send, &group, &to, false).await {
            Err(StoreError::NotAsked) => {}
            outcome => return Ok(outcome?),
        }
        let _turn = self.parts.asking.take(turn, &sender).await;
        let question = Question {
            app: send.app,
            sender: &send.sender,
            channel: Channel::group(group.as_str()),
            to: &to,
            r#type: send.r#type.as_str(),
            content: &send.content,
            edits: None,
            since,
        };
        send.content = self.ask(&question).await?;
        Ok(self.submit_to_group(&send, &group, &to, true).await?)
    }

    /// Stores a message to a group, or tells it to whoever is connected.
    async fn submit_to_group(
        &self,
        send: &Send,
        group: &GroupId,
        to: &[UserId],
        asked: bool,
    ) -> Result<Sent, StoreError> {
        let (draft, now) = (send.draft(asked), self.now());
        if send.stored {
            let groups = vec![group.clone()];
            let all = self.store.append_to_groups(draft, groups, to.to_vec(), now).await?;
            let one = all.into_iter().next();
            return one.ok_or_else(|| StoreError::Database("nothing was sent".to_owned()));
        }
        let found = self.store.check_send_to_group(draft, group.clone(), to.to_vec(), now).await?;
        Ok(self.tell_group(send, group, to, found))
    }

    /// Tells a message that is not stored to those members who are connected.
    fn tell_group(
        &self,
        send: &Send,
        group: &GroupId,
        to: &[UserId],
        (id, members): (MessageId, Vec<UserId>),
    ) -> Sent {
        let key = ChannelKey::group(group);
        let echo = matches!(send.by, By::Server { echo_to_sender: true, .. });
        for user in members.iter().filter(|user| echo || **user != send.sender) {
            let mut body = send.transient(id, &key, user);
            if let server_frame::Body::Entry(Entry {
                body: Some(entry::Body::Message(message)),
                ..
            }) = &mut body
            {
                message.to_user_ids = to.iter().map(UserId::to_string).collect();
            }
            self.parts.bus.tell(send.app, user, body);
        }
        Sent { id, seq: 0 }
    }

    /// Sends an app server's message to each of some groups, or to none of them; where `to` names members, there is one
    /// group, and they get it alone.
    pub async fn send_to_groups(
        &self,
        send: Send,
        groups: Vec<GroupId>,
        to: Vec<UserId>,
    ) -> Result<Vec<(GroupId, Sent)>, Error> {
        let draft = send.draft(true);
        if send.stored {
            let appended = self.store.append_to_groups(draft, groups.clone(), to, self.now());
            return Ok(groups.into_iter().zip(appended.await?).collect());
        }
        let mut reached = Vec::with_capacity(groups.len());
        for group in groups {
            let (draft, now) = (draft.clone(), self.now());
            let found = self.store.check_send_to_group(draft, group.clone(), to.clone(), now);
            reached.push((group, found.await?));
        }
        let told = reached.into_iter().map(|(group, found)| {
            let told = self.tell_group(&send, &group, &to, found);
            (group, told)
        });
        Ok(told.collect())
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

    /// Gives a message another content; all whom it is for are told. Answers the message as it is then.
    pub async fn edit_in_group(&self, mut edit: GroupEdit) -> Result<frames::Message, Error> {
        let sender = (edit.app, edit.sender.clone());
        let since = Instant::now();
        let turn = match edit.by {
            By::Client { .. } => self.parts.asking.wait(&sender).await,
            By::Server { .. } => None,
        };
        match self.store.edit_in_group(edit.clone(), self.now()).await {
            Err(StoreError::NotAsked) => {}
            outcome => return Ok(outcome?),
        }
        let _turn = self.parts.asking.take(turn, &sender).await;
        let question = Question {
            app: edit.app,
            sender: &edit.sender,
            channel: Channel::group(edit.group.as_str()),
            to: &[],
            r#type: "",
            content: &edit.content,
            edits: Some(edit.id),
            since,
        };
        edit.content = self.ask(&question).await?;
        edit.asked = true;
        Ok(self.store.edit_in_group(edit, self.now()).await?)
    }

    /// A stretch of a group's history, as far as it is the user's to see.
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
