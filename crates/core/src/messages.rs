//! Messages: send, recall, edit, read, and what can be read back.

use std::collections::HashSet;

use nuncio_protocol::frames::{
    self, ChannelStates, ChannelType, Entry, History, SyncPage, entry, server_frame,
};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::push::PushOptions;
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ChannelId, ClientMessageId, GroupId, Refusal, Timestamp, UserId, limits};
use nuncio_store::channels::HistoryFrom;
use nuncio_store::edits::Edit;
use nuncio_store::messages::{By, Draft, Recaller, Sent};
use nuncio_store::retention::Walked;
use nuncio_store::{ChannelKey, StoreError};
use tokio::time::Instant;

use crate::asking::Question;
use crate::{Core, Error};

/// Entries of one sync page when the client names no number, and at most.
const SYNC: (u32, u32) = (100, 500);
/// Messages of one history page when the client names no number, and at most.
pub(crate) const HISTORY: (u32, u32) = (20, 100);
/// Channels of one page when the client names no number, and at most.
const CHANNELS: (u32, u32) = (50, 100);

/// A message on its way from a client or an app server.
#[derive(Clone, Debug)]
pub struct Send {
    /// The app.
    pub app: AppId,
    /// The sending user.
    pub sender: UserId,
    /// Who sends, which decides what is checked.
    pub by: By,
    /// What makes a second try recognisable.
    pub client_id: Option<ClientMessageId>,
    /// The type's name.
    pub r#type: MessageType,
    /// The content.
    pub content: Content,
    /// Whether it raises the unread count.
    pub counted: bool,
    /// Whether its sender wants to be told when it is read.
    pub needs_receipt: bool,
    /// How it is pushed to who is away, where its sender has said so.
    pub push: Option<PushOptions>,
    /// Whether it is kept; else only devices connected now get it, and it has no place in any inbox.
    pub stored: bool,
}

impl Send {
    pub(crate) fn draft(&self, asked: bool) -> Draft {
        Draft {
            app: self.app,
            sender: self.sender.clone(),
            by: self.by.clone(),
            client_id: self.client_id.clone(),
            r#type: self.r#type.clone(),
            content: self.content.clone(),
            counted: self.counted,
            needs_receipt: self.needs_receipt,
            push: self.push.clone(),
            asked,
        }
    }

    /// A message that is not stored, as one of its sides sees it.
    pub(crate) fn transient(
        &self,
        id: MessageId,
        key: &ChannelKey,
        side: &UserId,
    ) -> server_frame::Body {
        let message = frames::Message {
            id: id.to_string(),
            channel: Some(key.seen_by(side)),
            sender_id: self.sender.as_str().to_owned(),
            r#type: self.r#type.as_str().to_owned(),
            content: self.content.as_str().to_owned(),
            sent_at: id.sent_at().0,
            client_message_id: self
                .client_id
                .as_ref()
                .map_or_else(String::new, |id| id.as_str().to_owned()),
            ..frames::Message::default()
        };
        let body = Some(entry::Body::Message(message));
        server_frame::Body::Entry(Entry { seq: 0, body, at: id.sent_at().0 })
    }
}

impl Core {
    /// Sends a direct message. Returns after the commit; the same client message id again gets the
    /// first answer. Where the app's server wants to see messages before, it is asked.
    pub async fn send(&self, mut send: Send, to: UserId) -> Result<Sent, Error> {
        let sender = match send.by {
            By::Client { .. } => (send.app, send.sender.clone()),
            By::Server { .. } => return Ok(self.submit(&send, &to, false).await?),
        };
        let since = Instant::now();
        let turn = self.parts.asking.wait(&sender).await;
        match self.submit(&send, &to, false).await {
            Err(StoreError::NotAsked) => {}
            outcome => return Ok(outcome?),
        }
        let _turn = self.parts.asking.take(turn, &sender).await;
        let question = Question {
            app: send.app,
            sender: &send.sender,
            channel: frames::Channel::direct(to.as_str()),
            to: &[],
            r#type: send.r#type.as_str(),
            content: &send.content,
            edits: None,
            since,
        };
        send.content = self.ask(&question).await?;
        Ok(self.submit(&send, &to, true).await?)
    }

    /// Stores a message, or tells it to whoever is connected.
    async fn submit(&self, send: &Send, to: &UserId, asked: bool) -> Result<Sent, StoreError> {
        if send.stored {
            return self.store.append(send.draft(asked), to.clone(), self.now()).await;
        }
        let id = self.store.check_send(send.draft(asked), to.clone(), self.now()).await?;
        let key = ChannelKey::direct(&send.sender, to);
        self.parts.bus.tell(send.app, to, send.transient(id, &key, to));
        Ok(Sent { id, seq: 0 })
    }

    /// Sends a message to each of several users, or to none of them.
    pub async fn send_to_many(
        &self,
        send: Send,
        to: Vec<UserId>,
    ) -> Result<Vec<(UserId, MessageId)>, Error> {
        let mut seen = HashSet::new();
        if let Some(twice) = to.iter().find(|user| !seen.insert(*user)) {
            let sentence = format!("`toUserIds` names `{twice}` twice");
            return Err(Refusal::BadParameter(sentence).into());
        }
        if send.stored {
            return Ok(self.store.append_to_many(send.draft(false), to, self.now()).await?);
        }
        let mut ids = Vec::with_capacity(to.len());
        for user in &to {
            let id = self.store.check_send(send.draft(false), user.clone(), self.now()).await?;
            ids.push((user.clone(), id));
        }
        for (user, id) in &ids {
            let key = ChannelKey::direct(&send.sender, user);
            self.parts.bus.tell(send.app, user, send.transient(*id, &key, user));
        }
        Ok(ids)
    }

    /// Takes a message's content back; both sides are told.
    pub async fn recall(
        &self,
        app: AppId,
        by: Recaller,
        peer: UserId,
        id: MessageId,
        extra: String,
    ) -> Result<(), Error> {
        Ok(self.store.recall(app, by, peer, id, extra, self.now()).await?)
    }

    /// Gives a message another content; both sides are told. Answers the message as it is then.
    pub async fn edit(&self, mut edit: Edit) -> Result<frames::Message, Error> {
        let sender = (edit.app, edit.sender.clone());
        let since = Instant::now();
        let turn = match edit.by {
            By::Client { .. } => self.parts.asking.wait(&sender).await,
            By::Server { .. } => None,
        };
        match self.store.edit(edit.clone(), self.now()).await {
            Err(StoreError::NotAsked) => {}
            outcome => return Ok(outcome?),
        }
        let _turn = self.parts.asking.take(turn, &sender).await;
        let question = Question {
            app: edit.app,
            sender: &edit.sender,
            channel: frames::Channel::direct(edit.peer.as_str()),
            to: &[],
            r#type: "",
            content: &edit.content,
            edits: Some(edit.id),
            since,
        };
        edit.content = self.ask(&question).await?;
        edit.asked = true;
        Ok(self.store.edit(edit, self.now()).await?)
    }

    /// Inbox entries after a cursor, for a connected device.
    pub async fn sync(
        &self,
        app: AppId,
        user: UserId,
        after: u64,
        limit: u32,
    ) -> Result<SyncPage, Error> {
        Ok(self.store.sync(app, user, after, page(limit, SYNC), Some(self.now())).await?)
    }

    /// The number of the last entry of a user's inbox, for a connected device.
    pub async fn inbox_head(&self, app: AppId, user: &UserId) -> Result<u64, Error> {
        Ok(self.store.inbox_head(app, user.clone(), Some(self.now())).await?)
    }

    /// A stretch of a direct channel's history, as the user sees it.
    pub async fn history(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        from: HistoryFrom,
        ascending: bool,
        limit: u32,
    ) -> Result<History, Error> {
        let limit = page(limit, HISTORY);
        let mut messages = self.store.history(app, user, peer, from, ascending, limit).await?;
        let has_more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        Ok(History { messages, has_more })
    }

    /// Messages of a direct channel sent from `oldest` to `newest`, newest first. Both users must be
    /// registered.
    pub async fn history_between(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        oldest: Timestamp,
        newest: Timestamp,
        limit: i64,
    ) -> Result<Vec<frames::Message>, Error> {
        Ok(self.store.history_between(app, user, peer, oldest, newest, limit).await?)
    }

    /// A user's channel list, the latest first, or just the channels asked for.
    pub async fn channels(
        &self,
        app: AppId,
        user: UserId,
        request: frames::GetChannels,
    ) -> Result<ChannelStates, Error> {
        let total = self.store.total_unread(app, user.clone()).await?;
        let total_unread_count = u32::try_from(total).unwrap_or(u32::MAX);
        if !request.channels.is_empty() {
            if request.channels.len() > limits::LARGE_BATCH {
                return Err(Refusal::TooManyIds { limit: limits::LARGE_BATCH }.into());
            }
            let asked =
                request.channels.iter().filter_map(|channel| channel_id(channel).transpose());
            let asked = asked.collect::<Result<Vec<_>, _>>()?;
            let channels = self.store.channels_of(app, user, asked).await?;
            return Ok(ChannelStates { channels, has_more: false, total_unread_count });
        }
        let wants = |kind: ChannelType| {
            request.types.is_empty() || request.types.contains(&i32::from(kind))
        };
        let only = match (wants(ChannelType::Direct), wants(ChannelType::Group)) {
            (true, true) => None,
            (true, false) => Some(ChannelType::Direct),
            (false, true) => Some(ChannelType::Group),
            (false, false) => {
                return Ok(ChannelStates { total_unread_count, ..ChannelStates::default() });
            }
        };
        let before = (request.before != 0).then_some(Timestamp(request.before));
        let limit = page(request.limit, CHANNELS);
        let mut channels = self.store.channels(app, user, before, only, limit).await?;
        let has_more = channels.len() > limit as usize;
        channels.truncate(limit as usize);
        Ok(ChannelStates { channels, has_more, total_unread_count })
    }

    /// Marks a direct channel read up to a message, or wholly.
    pub async fn mark_read(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        up_to: Option<MessageId>,
    ) -> Result<(), Error> {
        Ok(self.store.mark_read(app, user, peer, up_to, self.now()).await?)
    }

    /// Tells the other side that the user is writing, if a message would be let through. Whether it was is
    /// not told: the other side's lists are its own affair.
    pub async fn typing(&self, send: Send, to: UserId) -> Result<(), Error> {
        match self.store.check_send(send.draft(true), to.clone(), self.now()).await {
            Ok(_) => {}
            Err(StoreError::Refused(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let typing = frames::Typing {
            channel: Some(frames::Channel::direct(send.sender.as_str())),
            user_id: send.sender.as_str().to_owned(),
            r#type: send.r#type.as_str().to_owned(),
        };
        self.parts.bus.tell(send.app, &to, server_frame::Body::Typing(typing));
        Ok(())
    }

    /// Lets go of inbox entries and messages that are past their time, in all apps. Returns how many rows
    /// went. Takes as long as it takes, in short transactions.
    pub async fn trim(&self) -> Result<u64, Error> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let mut deleted = 0;
        for app in self.store.apps().await? {
            let before = |days: i64| self.now().plus_ms(-days.saturating_mul(DAY_MS));
            let history = app.settings.history_days;
            let inbox = app.settings.inbox_days.min(history);
            let (store, app) = (&self.store, app.id);
            let (inbox, history) = (before(inbox), before(history));
            deleted += walk(|after| store.trim_inboxes(app, after, inbox)).await?;
            deleted += walk(|after| store.trim_group_entries(app, after, inbox)).await?;
            deleted += walk(|after| store.trim_messages(app, after, history)).await?;
            deleted += self.store.trim_figures(app, self.now()).await?;
        }
        Ok(deleted)
    }
}

/// Takes steps until there is nothing more to walk over; returns how many rows went.
async fn walk<F>(step: impl Fn(String) -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<Walked, StoreError>>,
{
    let (mut after, mut deleted) = (Some(String::new()), 0);
    while let Some(key) = after {
        let walked = step(key).await?;
        (after, deleted) = (walked.next, deleted + walked.deleted);
    }
    Ok(deleted)
}

pub(crate) fn page(asked: u32, (usual, most): (u32, u32)) -> u32 {
    if asked == 0 { usual } else { asked.min(most) }
}

/// The channel that a client means; nothing, when it is of a kind that there is not.
fn channel_id(channel: &frames::Channel) -> Result<Option<ChannelId>, Refusal> {
    let bad = |error| Refusal::BadParameter(format!("the channel's id {error}"));
    let id = channel.id.as_str();
    Ok(match channel.r#type() {
        ChannelType::Direct => Some(ChannelId::Direct(UserId::try_from(id).map_err(bad)?)),
        ChannelType::Group => Some(ChannelId::Group(GroupId::try_from(id).map_err(bad)?)),
        _ => None,
    })
}
