//! Messages: send, sync, history, recall, edit, read, channels, typing.

use nuncio_core::messages::Send;
use nuncio_protocol::frames::{
    EditMessage, Failure, GetChannels, GetHistory, MarkRead, MessageEdited, MessageSent,
    PushConfig, RecallMessage, SendMessage, SendTyping, Sync, server_frame,
};
use nuncio_protocol::push::PushOptions;
use nuncio_protocol::values::{Content, MessageType, ValueError};
use nuncio_protocol::{
    ChannelId, ClientMessageId, Code, MessageId, Refusal, Timestamp, UserId, limits,
};
use nuncio_store::channels::HistoryFrom;
use nuncio_store::edits::Edit;
use nuncio_store::groups::GroupEdit;
use nuncio_store::messages::{By, Recaller};

use super::push;
use super::{Context, Handled, No, bad_parameter, channel_id, done, peer, users};

/// Characters of what accompanies a recall.
const RECALL_EXTRA_CHARS: usize = 1024;

/// A message as its client wants it sent, or what is wrong with it.
pub(crate) struct Outgoing(Result<Checked, Failure>);

struct Checked {
    to: ChannelId,
    client_id: ClientMessageId,
    r#type: MessageType,
    content: Content,
    counted: bool,
    needs_receipt: bool,
    push: Option<PushOptions>,
    stored: bool,
    /// Members of the group whom it is for; empty for all.
    only: Vec<UserId>,
}

impl Outgoing {
    /// Checks a message as far as that can be done without the store.
    pub(crate) fn read(message: SendMessage) -> Self {
        Self(Checked::read(message).map_err(|no| match no {
            No::Told(failure) => failure,
            No::Error(error) => error.to_failure(),
        }))
    }

    /// What the client calls the message, if it will have an entry in the sender's own inbox.
    pub(crate) fn own_entry(&self) -> Option<ClientMessageId> {
        self.0.as_ref().ok().filter(|message| message.stored).map(|m| m.client_id.clone())
    }
}

impl Checked {
    fn read(message: SendMessage) -> Result<Self, No> {
        let to = channel_id(message.channel.as_ref())?;
        let only = users("to_user_ids", &message.to_user_ids, limits::GROUP_DIRECTED_USERS)?;
        if !only.is_empty() && matches!(to, ChannelId::Direct(_)) {
            return Err(bad_parameter("to_user_ids", "is for messages to groups").into());
        }
        let client_id = ClientMessageId::try_from(message.client_message_id)
            .map_err(|error| bad_parameter("client_message_id", error))?;
        Ok(Self {
            to,
            client_id,
            content: content(message.content)?,
            r#type: message_type(message.r#type)?,
            counted: !message.uncounted,
            needs_receipt: message.needs_receipt,
            push: push_options(message.push)?,
            stored: !message.transient,
            only,
        })
    }
}

fn push_options(config: Option<PushConfig>) -> Result<Option<PushOptions>, Refusal> {
    let options = PushOptions::new(config.unwrap_or_default());
    options.map_err(|(name, error)| bad_parameter(&format!("push.{name}"), error))
}

fn message_type(name: String) -> Result<MessageType, Refusal> {
    MessageType::try_from(name).map_err(|error| bad_parameter("type", error))
}

fn content(text: String) -> Result<Content, No> {
    Content::try_from(text).map_err(|error| match error {
        ValueError::TooLong { .. } => {
            No::Told(Failure::new(Code::ContentTooLarge, format!("`content` {error}")))
        }
        error => bad_parameter("content", error).into(),
    })
}

/// This connection's user as a sender.
fn me_as_client(ctx: &Context) -> By {
    By::Client {
        token_issued_at: ctx.session.token_issued_at,
        secret_version: ctx.session.secret_version,
    }
}

/// A message of this connection's user.
fn by_me(ctx: &Context, r#type: MessageType, content: Content) -> Send {
    Send {
        app: ctx.app(),
        sender: ctx.me(),
        by: me_as_client(ctx),
        client_id: None,
        r#type,
        content,
        counted: true,
        needs_receipt: false,
        push: None,
        stored: true,
    }
}

pub(super) async fn send(ctx: &Context, message: Outgoing) -> Result<MessageSent, No> {
    let Outgoing(checked) = message;
    let message = checked.map_err(No::Told)?;
    let draft = Send {
        client_id: Some(message.client_id),
        counted: message.counted,
        needs_receipt: message.needs_receipt,
        push: message.push,
        stored: message.stored,
        ..by_me(ctx, message.r#type, message.content)
    };
    let sent = match message.to {
        ChannelId::Direct(peer) => ctx.core().send(draft, peer).await?,
        ChannelId::Group(group) => ctx.core().send_to_group(draft, group, message.only).await?,
    };
    Ok(MessageSent { message_id: sent.id.to_string(), sent_at: sent.id.sent_at().0, seq: sent.seq })
}

pub(super) async fn sync(ctx: &Context, request: Sync) -> Handled {
    let page = ctx.core().sync(ctx.app(), ctx.me(), request.after, request.limit).await?;
    push::held(ctx, request.after.min(page.head)).await;
    Ok(server_frame::Body::SyncPage(page))
}

pub(super) async fn history(ctx: &Context, request: GetHistory) -> Handled {
    let channel = channel_id(request.channel.as_ref())?;
    let from = match (request.from_message_id.as_str(), request.from_time) {
        ("", 0) => HistoryFrom::End,
        ("", time) => HistoryFrom::Time(Timestamp(time)),
        (id, _) => HistoryFrom::Message(message_id(id)?),
    };
    let (ascending, limit) = (request.ascending, request.limit);
    let (core, app, me) = (ctx.core(), ctx.app(), ctx.me());
    let history = match channel {
        ChannelId::Direct(peer) => core.history(app, me, peer, from, ascending, limit).await?,
        ChannelId::Group(group) => {
            core.group_history(app, me, group, from, ascending, limit).await?
        }
    };
    Ok(server_frame::Body::History(history))
}

pub(super) async fn recall(ctx: &Context, request: RecallMessage) -> Handled {
    let bad = |sentence: String| No::Told(Failure::new(Code::BadRecall, sentence));
    let channel =
        channel_id(request.channel.as_ref()).map_err(|refusal| bad(refusal.to_string()))?;
    let id = message_id(&request.message_id)?;
    if request.extra.chars().count() > RECALL_EXTRA_CHARS {
        return Err(bad(format!("`extra` has more than {RECALL_EXTRA_CHARS} characters")));
    }
    let by = Recaller::User(ctx.me());
    let (core, app) = (ctx.core(), ctx.app());
    match channel {
        ChannelId::Direct(peer) => core.recall(app, by, peer, id, request.extra).await?,
        ChannelId::Group(group) => {
            core.recall_in_group(app, by, group, id, request.extra).await?;
        }
    }
    Ok(done())
}

pub(super) async fn edit(ctx: &Context, request: EditMessage) -> Handled {
    let (app, sender, by) = (ctx.app(), ctx.me(), me_as_client(ctx));
    let id = message_id(&request.message_id)?;
    let channel = channel_id(request.channel.as_ref())?;
    let content = content(request.content)?;
    let message = match channel {
        ChannelId::Direct(peer) => {
            let edit = Edit { app, sender, by, peer, id, content, asked: false };
            ctx.core().edit(edit).await?
        }
        ChannelId::Group(group) => {
            let edit = GroupEdit { app, sender, by, group, id, content, asked: false };
            ctx.core().edit_in_group(edit).await?
        }
    };
    Ok(server_frame::Body::MessageEdited(MessageEdited { message: Some(message) }))
}

pub(super) async fn mark_read(ctx: &Context, request: MarkRead) -> Handled {
    let channel = channel_id(request.channel.as_ref())?;
    let up_to = match request.message_id.as_str() {
        "" => None,
        id => Some(message_id(id)?),
    };
    let (core, app, me) = (ctx.core(), ctx.app(), ctx.me());
    match channel {
        ChannelId::Direct(peer) => core.mark_read(app, me, peer, up_to).await?,
        ChannelId::Group(group) => core.mark_group_read(app, me, group, up_to).await?,
    }
    Ok(done())
}

pub(super) async fn channels(ctx: &Context, request: GetChannels) -> Handled {
    let channels = ctx.core().channels(ctx.app(), ctx.me(), request).await?;
    Ok(server_frame::Body::ChannelStates(channels))
}

pub(super) async fn typing(ctx: &Context, request: SendTyping) -> Handled {
    let peer = peer(request.channel.as_ref())?;
    let r#type = message_type(request.r#type)?;
    let nothing = Content::try_from("{}").map_err(|error| bad_parameter("content", error))?;
    ctx.core().typing(by_me(ctx, r#type, nothing), peer).await?;
    Ok(done())
}

/// An id that no message can have is that of no message.
pub(super) fn message_id(id: &str) -> Result<MessageId, Refusal> {
    id.parse().map_err(|_| Refusal::MessageNotFound(id.chars().take(64).collect()))
}
