//! Edits: another content for a message that was sent.
//!
//! Who edits says something to the other side again, so the rules that stand against a message stand
//! against its edit, looked up in the same transaction.

use nuncio_protocol::frames::Message;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use serde_json::json;

use crate::appends::{check, look};
use crate::apps;
use crate::audit::{self, Act};
use crate::channels::history_floor;
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::events::Event;
use crate::inbox;
use crate::keys::ChannelKey;
use crate::messages::{By, Draft, read_message, select_messages};
use crate::outbox;

/// An edit on its way in.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The app.
    pub app: AppId,
    /// The message's sender.
    pub sender: UserId,
    /// Who edits: the sender, or an app server in its name, which may do it at any time.
    pub by: By,
    /// The channel's other side.
    pub peer: UserId,
    /// The message.
    pub id: MessageId,
    /// What it says from now on.
    pub content: Content,
    /// Whether the app's server was asked about it already, where it wants to be.
    pub asked: bool,
}

impl Store {
    /// Gives a message another content and tells both sides. Answers the message as it is then; the same
    /// content again changes nothing.
    pub async fn edit(&self, edit: Edit, now: Timestamp) -> Result<Message, StoreError> {
        let locks = vec![(edit.app, edit.sender.clone()), (edit.app, edit.peer.clone())];
        self.write(locks, async move |tx| apply(tx, &edit, now).await).await
    }
}

async fn apply(tx: &mut Tx<'_>, edit: &Edit, now: Timestamp) -> Result<Message, StoreError> {
    let Edit { app, sender, by, peer, id, content, asked } = edit;
    tx.filed(*app, &[sender, peer])?;
    let key = ChannelKey::direct(sender, peer);
    let floor = history_floor(tx, *app, sender).await?;
    let found = tx
        .opt(
            select_messages!(
                "",
                "messages m where app = ?1 and channel = ?2 and id = ?3 and id >= ?4"
            ),
            params![*app, key.as_str(), *id, floor],
            |row| read_message(row, sender),
        )
        .await?;
    let mut message = found
        .flatten()
        .filter(|message| !message.recalled)
        .ok_or_else(|| Refusal::MessageNotFound(id.to_string()))?;
    if message.sender_id != sender.as_str() {
        return Err(Refusal::NotYourMessage.into());
    }
    let draft = Draft {
        app: *app,
        sender: sender.clone(),
        by: by.clone(),
        client_id: None,
        r#type: MessageType::try_from(message.r#type.as_str())
            .map_err(|e| StoreError::corrupt("messages", e))?,
        content: content.clone(),
        counted: message.counted,
        needs_receipt: message.needs_receipt,
        push: None,
        // Whether it is allowed at all is found out first.
        asked: true,
    };
    check(tx, &draft, peer, &look(tx, &draft, peer).await?, now).await?;
    if !draft.r#type.is_editable() {
        return Err(Refusal::NotEditable(draft.r#type).into());
    }
    if matches!(by, By::Client { .. }) {
        let minutes = apps::by_id(tx, *app).await?.settings.message_edit_minutes;
        if minutes == 0 || now > id.sent_at().plus_ms(i64::from(minutes) * 60_000) {
            return Err(Refusal::EditTooLate { minutes }.into());
        }
    }
    if message.content == content.as_str() {
        return Ok(message);
    }
    let by_client = matches!(by, By::Client { .. });
    if by_client && !asked && outbox::wants(tx, *app, Event::BeforeMessage).await? {
        return Err(StoreError::NotAsked);
    }
    // Devices tell edits apart by their time, so it grows even where the clock does not.
    let edited_at = now.0.max(message.edited_at + 1);
    tx.execute(
        "update messages set content = ?4, edited_at = ?5 where app = ?1 and channel = ?2 and id = ?3",
        params![*app, key.as_str(), *id, content.as_str(), edited_at],
    )
    .await?;
    let what = json!({ "messageId": id.to_string(), "with": peer.as_str() });
    audit::note(tx, Act::on_user("message.edit", *app, sender, now), &what);
    content.as_str().clone_into(&mut message.content);
    message.edited_at = edited_at;
    let sides = if peer == sender { vec![sender] } else { vec![sender, peer] };
    for side in sides {
        let seen = Message { channel: Some(key.seen_by(side)), ..message.clone() };
        inbox::add_edit(tx, *app, side, key.as_str(), *id, seen, now).await?;
    }
    Ok(message)
}
