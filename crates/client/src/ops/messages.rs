//! Messages and channels: send, read back, recall, edit, mark read.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use nuncio_protocol::frames::{
    Channel, ChannelSettings, ChannelStates, ChannelType, ChannelTypeLevel, GetChannels, History,
    Message, PushConfig, SendMessage,
};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ClientMessageId, GroupId, Mentions, UserId, limits};
use tokio::sync::oneshot;

use super::ask;
use crate::builder::random_id;
use crate::client::Client;
use crate::db;
use crate::error::{Cause, ClientError, LocalCode};
use crate::outbox::{Queued, Sent};
use crate::shared::lock;

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewMessage {
    channel: Channel,
    client_message_id: Option<ClientMessageId>,
    r#type: String,
    content: String,
    transient: bool,
    uncounted: bool,
    needs_receipt: bool,
    push: Option<PushConfig>,
    to_user_ids: Vec<String>,
}

impl NewMessage {
    /// A text to a user.
    #[must_use]
    pub fn text(to: &UserId, text: &str) -> Self {
        let content = serde_json::json!({ "content": text }).to_string();
        Self::raw(Channel::direct(to.as_str()), "RC:TxtMsg".into(), content)
    }

    /// A text to a group, which mentions these users.
    #[must_use]
    pub fn group_text(to: &GroupId, text: &str, mentions: &Mentions) -> Self {
        let mut content = serde_json::json!({ "content": text });
        match mentions {
            Mentions::Nobody => {}
            Mentions::Everybody => content["mentionedInfo"] = serde_json::json!({ "type": 1 }),
            Mentions::Users(users) => {
                let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
                content["mentionedInfo"] = serde_json::json!({ "type": 2, "userIdList": ids });
            }
        }
        Self::raw(Channel::group(to.as_str()), "RC:TxtMsg".into(), content.to_string())
    }

    /// Any content that is JSON text, under a type's name.
    #[must_use]
    pub fn custom(channel: Channel, kind: &MessageType, content: &Content) -> Self {
        Self::raw(channel, kind.as_str().to_owned(), content.as_str().to_owned())
    }

    fn raw(channel: Channel, kind: String, content: String) -> Self {
        Self {
            channel,
            client_message_id: None,
            r#type: kind,
            content,
            transient: false,
            uncounted: false,
            needs_receipt: false,
            push: None,
            to_user_ids: Vec::new(),
        }
    }

    /// Gives the message an id of the app's own; it must be new. By default a random one.
    #[must_use]
    pub fn client_message_id(mut self, id: ClientMessageId) -> Self {
        self.client_message_id = Some(id);
        self
    }

    /// Is delivered only to devices that are connected now, and stored nowhere. It is not queued either.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Does not raise the unread count.
    #[must_use]
    pub fn uncounted(mut self) -> Self {
        self.uncounted = true;
        self
    }

    /// To a group: is for these members alone, at most 200; nobody else but the user gets it or reads it in the history.
    #[must_use]
    pub fn to_members(mut self, users: &[UserId]) -> Self {
        self.to_user_ids = users.iter().map(UserId::to_string).collect();
        self
    }

    /// Asks to be told when it is read; in groups of more than 500 members nobody is.
    #[must_use]
    pub fn needs_receipt(mut self) -> Self {
        self.needs_receipt = true;
        self
    }

    /// Says how it is pushed to who is away.
    #[must_use]
    pub fn push(mut self, config: PushConfig) -> Self {
        self.push = Some(config);
        self
    }

    fn into_frame(self) -> Result<SendMessage, ClientError> {
        if self.content.len() > limits::CONTENT_BYTES {
            let (bytes, limit) = (self.content.len(), limits::CONTENT_BYTES);
            return Err(ClientError::ContentTooLarge { bytes, limit });
        }
        let id = self.client_message_id.map_or_else(random_id, String::from);
        Ok(SendMessage {
            channel: Some(self.channel),
            client_message_id: id,
            r#type: self.r#type,
            content: self.content,
            transient: self.transient,
            uncounted: self.uncounted,
            needs_receipt: self.needs_receipt,
            push: self.push,
            to_user_ids: self.to_user_ids,
        })
    }
}

/// A message in the queue. Await it for the outcome; dropping it does not take the message back.
#[derive(Debug)]
pub struct SendHandle {
    client_message_id: String,
    outcome: oneshot::Receiver<Result<Sent, ClientError>>,
}

impl SendHandle {
    /// The message's id until it is accepted.
    #[must_use]
    pub fn client_message_id(&self) -> &str {
        &self.client_message_id
    }
}

impl Future for SendHandle {
    type Output = Result<Sent, ClientError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome).poll(cx).map(|outcome| {
            outcome.unwrap_or_else(|_| {
                let cause = Cause::local(LocalCode::Closed, "the message was taken back");
                Err(ClientError::Closed(cause.into()))
            })
        })
    }
}

/// Where to begin reading a channel's history; the place itself is left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum HistoryFrom {
    /// The newest message, or the oldest when reading upwards.
    #[default]
    End,
    /// A message.
    Message(String),
    /// A time: Unix time in milliseconds.
    Time(i64),
}

impl Client {
    /// Sends a message and waits until the server has accepted or refused it, however long the connection
    /// is away: see [`Client::queue`]. A transient message is tried once, and only while connected.
    pub async fn send(&self, message: NewMessage) -> Result<Sent, ClientError> {
        if message.transient {
            return self.send_transient(message).await;
        }
        self.queue(message).await?.await
    }

    async fn send_transient(&self, message: NewMessage) -> Result<Sent, ClientError> {
        let frame = message.into_frame()?;
        let client_message_id = frame.client_message_id.clone();
        let body = nuncio_protocol::frames::client_frame::Body::SendMessage(frame);
        match self.shared().request(body).await? {
            nuncio_protocol::frames::server_frame::Body::MessageSent(sent) => {
                Ok(Sent { client_message_id, message_id: sent.message_id, sent_at: sent.sent_at })
            }
            _ => Err(ClientError::UnexpectedAnswer("SendMessage")),
        }
    }

    /// Queues a message; returns once it is in the local database.
    ///
    /// It is sent as soon as there is a connection, and again under the same id until the server has
    /// accepted or refused it, so that it arrives once. The messages of a channel are accepted in the order
    /// in which they were queued. With a database in a file the queue outlives the app; the outcome of what
    /// an earlier run had queued is told by [`Event::QueuedMessageSent`](crate::Event::QueuedMessageSent)
    /// and [`Event::QueuedMessageFailed`](crate::Event::QueuedMessageFailed).
    ///
    /// Errors: [`ClientError::QueueFull`], [`ClientError::ContentTooLarge`], [`ClientError::Store`].
    pub async fn queue(&self, message: NewMessage) -> Result<SendHandle, ClientError> {
        let shared = self.shared();
        if message.transient {
            return Err(ClientError::BadArgument("a transient message cannot be queued".into()));
        }
        let frame = message.into_frame()?;
        lock(&shared.outbox).reserve()?;
        let kept = frame.clone();
        let place = shared.db.run(move |db| db::queue_send(db, &kept)).await;
        let mut outbox = lock(&shared.outbox);
        outbox.release();
        let (answer, outcome) = oneshot::channel();
        let handle = SendHandle { client_message_id: frame.client_message_id.clone(), outcome };
        outbox.push(Queued::new(place?, frame, Some(answer)));
        drop(outbox);
        shared.outbox_changed.notify_one();
        Ok(handle)
    }

    /// Messages that wait for an outcome.
    #[must_use]
    pub fn queued_messages(&self) -> usize {
        lock(&self.shared().outbox).len()
    }

    /// Takes a queued message back; `false` when it has an outcome already. If it was being sent, it may
    /// have arrived all the same.
    pub async fn cancel(&self, client_message_id: &str) -> Result<bool, ClientError> {
        let id = client_message_id.to_owned();
        let gone = self.shared().db.run(move |db| db::drop_send(db, &id)).await?;
        lock(&self.shared().outbox).take(client_message_id);
        Ok(gone)
    }

    /// Messages of a channel before (or, `ascending`, after) a place, in the order asked for: `limit` 1 to
    /// 100, 0 for 20.
    pub async fn get_history(
        &self,
        channel: &Channel,
        from: HistoryFrom,
        ascending: bool,
        limit: u32,
    ) -> Result<History, ClientError> {
        let (from_message_id, from_time) = match from {
            HistoryFrom::End => (String::new(), 0),
            HistoryFrom::Message(id) => (id, 0),
            HistoryFrom::Time(at) => (String::new(), at),
        };
        let channel = Some(channel.clone());
        ask!(self, GetHistory { channel, from_message_id, from_time, ascending, limit } => History)
    }

    /// Takes a message of one's own back for everybody. `extra` is told to the others.
    pub async fn recall_message(
        &self,
        channel: &Channel,
        message_id: &str,
        extra: &str,
    ) -> Result<(), ClientError> {
        let (message_id, extra) = (message_id.to_owned(), extra.to_owned());
        ask!(self, RecallMessage { channel: Some(channel.clone()), message_id, extra } => Done)
            .map(drop)
    }

    /// Gives a message of one's own another content, and answers the message as it is then. The types that
    /// can be edited are texts, answers that quote, and the app's own.
    pub async fn edit_message(
        &self,
        channel: &Channel,
        message_id: &str,
        content: &Content,
    ) -> Result<Message, ClientError> {
        let (message_id, content) = (message_id.to_owned(), content.as_str().to_owned());
        let channel = Some(channel.clone());
        ask!(self, EditMessage { channel, message_id, content } => MessageEdited)?
            .message
            .ok_or(ClientError::UnexpectedAnswer("EditMessage"))
    }

    /// Marks a channel read up to a message, or up to the newest.
    pub async fn mark_read(
        &self,
        channel: &Channel,
        message_id: Option<&str>,
    ) -> Result<(), ClientError> {
        let message_id = message_id.unwrap_or_default().to_owned();
        ask!(self, MarkRead { channel: Some(channel.clone()), message_id } => Done).map(drop)
    }

    /// Sets something for a channel on all of the user's devices; what is not given stays. The level says which
    /// messages notify; a channel is off the list until a message after the removed one, and an empty id puts it back.
    pub async fn set_channel_settings(
        &self,
        channel: &Channel,
        pinned: Option<bool>,
        level: Option<i32>,
        removed_message_id: Option<&str>,
    ) -> Result<(), ClientError> {
        let removed_message_id = removed_message_id.map(str::to_owned);
        let channel = Some(channel.clone());
        ask!(self, SetChannelSettings { channel, pinned, level, removed_message_id } => Done)
            .map(drop)
    }

    /// What the user has set for channels, all of it.
    pub async fn get_channel_settings(&self) -> Result<Vec<ChannelSettings>, ClientError> {
        let (mut all, mut after) = (Vec::<ChannelSettings>::new(), None);
        loop {
            let page = ask!(self, GetChannelSettings { after, limit: 0 } => ChannelSettings)?;
            all.extend(page.settings);
            after = all.last().and_then(|last| last.channel.clone());
            if !page.has_more || after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Sets, on all of the user's devices, which messages notify in all channels of a type, direct ones or groups, that
    /// have no level of their own. The level as in `set_channel_settings`: -1, 0, 1, 2, 4 or 5.
    pub async fn set_channel_type_level(
        &self,
        r#type: ChannelType,
        level: i32,
    ) -> Result<(), ClientError> {
        ask!(self, SetChannelTypeLevel { r#type: r#type.into(), level } => Done).map(drop)
    }

    /// What the user has set for types of channels.
    pub async fn get_channel_type_levels(&self) -> Result<Vec<ChannelTypeLevel>, ClientError> {
        Ok(ask!(self, GetChannelTypeLevels {} => ChannelTypeLevels)?.levels)
    }

    /// The user's channels as the server has them, the most recently active first: those active before the
    /// time `before` (0 for the newest), at most `limit` (1 to 100, 0 for 50).
    pub async fn get_channels(
        &self,
        before: i64,
        limit: u32,
        types: &[ChannelType],
    ) -> Result<ChannelStates, ClientError> {
        let types = types.iter().map(|t| (*t).into()).collect();
        self.channels(GetChannels { before, limit, types, channels: Vec::new() }).await
    }

    /// Given channels as the server has them.
    pub async fn get_channels_by_id(
        &self,
        channels: &[Channel],
    ) -> Result<ChannelStates, ClientError> {
        self.channels(GetChannels { channels: channels.to_vec(), ..GetChannels::default() }).await
    }

    pub(crate) async fn channels(&self, get: GetChannels) -> Result<ChannelStates, ClientError> {
        let GetChannels { before, limit, types, channels } = get;
        ask!(self, GetChannels { before, limit, types, channels } => ChannelStates)
    }

    /// Tells the other side that the user is writing a message of a type, such as `RC:TxtMsg`.
    pub async fn send_typing(
        &self,
        channel: &Channel,
        kind: &MessageType,
    ) -> Result<(), ClientError> {
        let r#type = kind.as_str().to_owned();
        ask!(self, SendTyping { channel: Some(channel.clone()), r#type } => Done).map(drop)
    }

    /// Logs the user out on this device, and disconnects.
    pub async fn logout(&self) -> Result<(), ClientError> {
        let answer = ask!(self, Logout {} => Done);
        self.disconnect().await;
        match answer {
            // The server may close before its answer has been read.
            Ok(_) | Err(ClientError::ConnectionLost) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
