//! Messages: what they are made of, and what becomes of them once they are sent. Whether one may be sent is
//! decided in `appends`.

use nuncio_protocol::frames::{self, MessageRecalled, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::push::PushOptions;
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ClientMessageId, Refusal, Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Insertion, Row, Store, params};
use crate::error::StoreError;
use crate::inbox;
use crate::keys::ChannelKey;
use crate::push;

/// The content was taken back by its sender or an app server.
pub(crate) const RECALLED: i64 = 1;
/// Raises the recipient's unread count.
pub(crate) const COUNTED: i64 = 2;
/// Its sender asked to be told when it is read.
pub(crate) const NEEDS_RECEIPT: i64 = 4;

/// It is the server's notice of a change of its group.
pub(crate) const NOTICE: i64 = 8;

/// A message, as a row.
pub(crate) static ADD: Insertion<8> = Insertion::new(
    "insert into messages (app, channel, id, sender, client_id, type, content, flags) values",
);

/// Who sends, which decides what is checked.
#[derive(Clone, Debug)]
pub enum By {
    /// The user, over a connection that logged in with this token.
    Client {
        /// When the token was issued.
        token_issued_at: Timestamp,
        /// The version of the App Secret that it was made under.
        secret_version: i64,
    },
    /// An app server in the user's name. Skips the sender's standing and, unless `verify_blocklist`, the
    /// recipient's lists and the friends-only setting.
    Server {
        /// Whether the recipient's blocklist shall be asked all the same.
        verify_blocklist: bool,
        /// Whether the sender's own devices get the message too.
        echo_to_sender: bool,
    },
}

impl By {
    /// Whether the sender's own devices get the message too.
    pub(crate) fn echoes(&self) -> bool {
        matches!(self, Self::Client { .. } | Self::Server { echo_to_sender: true, .. })
    }
}

/// A message on its way in.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The app.
    pub app: AppId,
    /// The sending user.
    pub sender: UserId,
    /// Who sends.
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
    /// How it is pushed, where its sender has said so.
    pub push: Option<PushOptions>,
    /// Whether the app's server was asked about it already, where it wants to be.
    pub asked: bool,
}

impl Draft {
    /// What `messages.flags` holds.
    pub(crate) fn flags(&self) -> i64 {
        (if self.counted { COUNTED } else { 0 })
            | (if self.needs_receipt { NEEDS_RECEIPT } else { 0 })
    }
}

/// Users as `messages.directed` and `messages.mentioned` hold them: each between two spaces, of which a user's id has none.
pub(crate) fn spaced<'a>(users: impl IntoIterator<Item = &'a UserId>) -> String {
    users.into_iter().fold(" ".to_owned(), |text, user| text + user.as_str() + " ")
}

/// The condition that a message of table `m` is for the user whom this parameter names.
macro_rules! is_for {
    ($user:literal) => {
        concat!(
            "(m.directed is null or m.sender = ",
            $user,
            " or replace(m.directed, ' ' || ",
            $user,
            " || ' ', '') <> m.directed)"
        )
    };
}
pub(crate) use is_for;

/// What the sender is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The message's id; its time is the time of sending.
    pub id: MessageId,
    /// Its place in the sender's own inbox; 0 when it has none there, or was sent before.
    pub seq: u64,
}

/// Who recalls a message.
#[derive(Clone, Debug)]
pub enum Recaller {
    /// A user, who must have sent it.
    User(UserId),
    /// An app server, in a user's name; `admin` may recall what others sent.
    Server {
        /// The user in whose name.
        user: UserId,
        /// Whether others' messages may be recalled.
        admin: bool,
    },
}

impl Store {
    /// Takes a message's content back, and tells both sides. Again: nothing happens.
    pub async fn recall(
        &self,
        app: AppId,
        by: Recaller,
        peer: UserId,
        id: MessageId,
        extra: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (Recaller::User(user) | Recaller::Server { user, .. }) = by.clone();
        let locks = vec![(app, user.clone()), (app, peer.clone())];
        self.write(locks, async move |tx| {
            let (operator, may_recall_others) = match &by {
                Recaller::User(user) => (user.as_str(), false),
                Recaller::Server { admin, .. } => ("", *admin),
            };
            tx.filed(app, &[&user, &peer])?;
            let key = ChannelKey::direct(&user, &peer);
            let found = tx
                .opt(
                    "select sender, flags from messages where app = ?1 and channel = ?2 and id = ?3",
                    params![app, key.as_str(), id],
                    |row| Ok((row.get::<UserId>(0)?, row.get::<i64>(1)?)),
                )
                .await?;
            let (sender, flags) = found.ok_or_else(|| Refusal::MessageNotFound(id.to_string()))?;
            if sender != user && !may_recall_others {
                return Err(Refusal::NotYourMessage.into());
            }
            if flags & RECALLED != 0 {
                return Ok(());
            }
            tx.execute(
                "update messages set flags = ?4, content = '' where app = ?1 and channel = ?2 and id = ?3",
                params![app, key.as_str(), id, flags | RECALLED],
            )
            .await?;
            push::forget_options(tx, app, id).await?;
            let what = json!({ "messageId": id.to_string(), "with": peer.as_str() });
            audit::note(tx, Act::on_user("message.recall", app, &user, now), &what);
            let receiver = if sender == user { &peer } else { &user };
            if flags & COUNTED != 0 {
                tx.execute(
                    "update channels set unread = unread - 1
                     where app = ?1 and user_id = ?2 and channel = ?3 and read_id < ?4 and unread > 0",
                    params![app, receiver, key.as_str(), id],
                )
                .await?;
            }
            let mut sides = vec![&user];
            if peer != user {
                sides.push(&peer);
            }
            for side in sides {
                let recalled = MessageRecalled {
                    channel: Some(key.seen_by(side)),
                    message_id: id.to_string(),
                    operator_id: operator.to_owned(),
                    extra: extra.clone(),
                };
                inbox::add(tx, app, side, entry::Body::Recalled(recalled), now).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The columns from which [`read_message`] makes a message: those of table `m`, and a tail.
macro_rules! select_messages {
    ($columns:literal, $tail:literal) => {
        concat!(
            "select m.id, m.channel, m.sender, m.client_id, m.type, m.content, m.flags, m.edited_at, m.directed",
            $columns,
            " from ",
            $tail
        )
    };
}
pub(crate) use select_messages;

/// The message in a row's first nine columns, as `viewer` sees it; `None` where a join found none.
pub(crate) fn read_message(
    row: &Row<'_>,
    viewer: &UserId,
) -> Result<Option<frames::Message>, StoreError> {
    let Some(id) = row.get::<Option<i64>>(0)?.map(MessageId) else { return Ok(None) };
    let flags: i64 = row.get(6)?;
    Ok(Some(frames::Message {
        id: id.to_string(),
        channel: Some(ChannelKey::stored(row.get(1)?).seen_by(viewer)),
        sender_id: row.get(2)?,
        client_message_id: row.get::<Option<String>>(3)?.unwrap_or_default(),
        r#type: row.get(4)?,
        content: row.get(5)?,
        sent_at: id.sent_at().0,
        recalled: flags & RECALLED != 0,
        counted: flags & COUNTED != 0,
        needs_receipt: flags & NEEDS_RECEIPT != 0,
        edited_at: row.get(7)?,
        to_user_ids: row
            .get::<Option<String>>(8)?
            .map(|users| users.split_ascii_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
    }))
}
