//! What becomes of a group's messages once they are sent: read back, recalled, edited, marked read.

use nuncio_protocol::frames::{self, Message, MessageEdited, MessageRecalled, entry};
use nuncio_protocol::groups::GroupRole;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};
use serde_json::json;

use super::members;
use super::{find, sending};
use crate::apps;
use crate::audit::{self, Act};
use crate::channels::{HistoryFrom, bounds, history_floor, move_read, read_between};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::events::Event;
use crate::inbox::{self, Audience, ByAudience, Place, by_audience};
use crate::keys::ChannelKey;
use crate::messages::{
    By, COUNTED, Draft, NOTICE, RECALLED, Recaller, read_message, select_messages,
};
use crate::{outbox, push};

/// Takes a message out of what is unread in the channels of its audience.
static LOWER: ByAudience = by_audience!(
    "update channels set unread = unread - 1,
         mentioned = case when ?6 <> '' and mentioned > 0 then mentioned - 1 else mentioned end,
         mentioned_me = case when mentioned_me > 0
             and (?6 = ' * ' or replace(?6, ' ' || user_id || ' ', '') <> ?6)
             then mentioned_me - 1 else mentioned_me end
     where app = ?1 and channel = ?3 and read_id < ?4 and unread > 0 and user_id <> ?5
       and (?7 = '' or replace(?7, ' ' || user_id || ' ', '') <> ?7)
       and user_id in (select m.user_id from group_members m where m.app = ?1 and m.group_id = ?2
                         and m.history_from <= ?4",
    ")"
);

/// An edit of a message to a group on its way in.
#[derive(Clone, Debug)]
pub struct GroupEdit {
    /// The app.
    pub app: AppId,
    /// The message's sender.
    pub sender: UserId,
    /// Who edits: the sender, or an app server in its name, which may do it at any time.
    pub by: By,
    /// The group.
    pub group: GroupId,
    /// The message.
    pub id: MessageId,
    /// What it says from now on.
    pub content: Content,
    /// Whether the app's server was asked about it already, where it wants to be.
    pub asked: bool,
}

/// The first message of a group that a member may read: those from before joining are not the member's, unless the app
/// has it otherwise, nor those from before the user was soft-deleted.
pub(super) async fn floor(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<MessageId, StoreError> {
    let of_user = history_floor(tx, app, user).await?;
    match joined_at(tx, app, group, user).await? {
        None => Err(Refusal::NotInGroup(group.clone()).into()),
        Some(_) if !apps::by_id(tx, app).await?.settings.group_history_from_joining => Ok(of_user),
        Some(joined_at) => Ok(of_user.max(joined_at)),
    }
}

/// The first message that was sent to a group since a user joined it; `None` for who is no member.
pub(super) async fn joined_at(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<Option<MessageId>, StoreError> {
    tx.opt(
        "select history_from from group_members
         where app = ?1 and group_id = ?2 and user_id = ?3",
        params![app, group, user],
        |row| row.get(0),
    )
    .await
}

/// A message of a group, as far as what becomes of it depends on that.
struct Found {
    /// Empty for an app server's notice.
    sender: String,
    flags: i64,
    /// Whom alone it is for, its sender among them; empty for all.
    only: String,
    /// Whom it mentions; empty for nobody.
    mentioned: String,
}

async fn find_message(
    tx: &Tx<'_>,
    app: AppId,
    key: &ChannelKey,
    id: MessageId,
) -> Result<Option<Found>, StoreError> {
    tx.opt(
        "select sender, flags, directed, mentioned from messages
         where app = ?1 and channel = ?2 and id = ?3",
        params![app, key.as_str(), id],
        |row| {
            let sender: String = row.get(0)?;
            let directed: Option<String> = row.get(2)?;
            Ok(Found {
                only: directed.map_or_else(String::new, |to| format!("{to}{sender} ")),
                sender,
                flags: row.get(1)?,
                mentioned: row.get::<Option<String>>(3)?.unwrap_or_default(),
            })
        },
    )
    .await
}

impl Store {
    /// Messages of a group that are a member's to see. Returns one more than `limit` when there are more.
    pub async fn group_history(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        from: HistoryFrom,
        ascending: bool,
        limit: u32,
    ) -> Result<Vec<frames::Message>, StoreError> {
        let limit = i64::from(limit) + 1;
        self.read(async move |tx| {
            let floor = floor(tx, app, &group, &user).await?;
            let key = ChannelKey::group(&group);
            let (first, end) = bounds(from, ascending);
            read_between(tx, app, &key, &user, first.max(floor)..end, ascending, limit).await
        })
        .await
    }

    /// Messages of a group that are a member's to see, sent from `oldest` to `newest`, newest first.
    pub async fn group_history_between(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        oldest: Timestamp,
        newest: Timestamp,
        limit: i64,
    ) -> Result<Vec<frames::Message>, StoreError> {
        self.read(async move |tx| {
            find(tx, app, &group).await?;
            let floor = floor(tx, app, &group, &user).await?.max(MessageId::first_at(oldest));
            let end = MessageId::first_at(newest.plus_ms(1));
            let key = ChannelKey::group(&group);
            read_between(tx, app, &key, &user, floor..end, false, limit).await
        })
        .await
    }

    /// Takes a message's content back, and tells all members. A member may take back what it has sent; an admin what
    /// members have, and the owner what anybody has. Again: nothing happens.
    pub async fn recall_in_group(
        &self,
        app: AppId,
        by: Recaller,
        group: GroupId,
        id: MessageId,
        extra: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (Recaller::User(user) | Recaller::Server { user, .. }) = by.clone();
        let locks = self
            .locks_of_members(app, std::slice::from_ref(&group), std::slice::from_ref(&user))
            .await?;
        self.write_under(locks, async move |tx| {
            let members = std::slice::from_ref(&user);
            let big = members::hold_all(tx, app, &group, members, now).await?;
            let mut operator = "";
            if let Recaller::User(user) = &by {
                floor(tx, app, &group, user).await?;
                operator = user.as_str();
            } else {
                find(tx, app, &group).await?;
            }
            let key = ChannelKey::group(&group);
            let found = find_message(tx, app, &key, id).await?.filter(|found| match &by {
                Recaller::User(user) => is_among(&found.only, user),
                Recaller::Server { .. } => true,
            });
            let Some(Found { sender, flags, only, mentioned }) = found else {
                return Err(Refusal::MessageNotFound(id.to_string()).into());
            };
            let notice = flags & NOTICE != 0;
            let allowed = match &by {
                Recaller::Server { admin: true, .. } => true,
                _ if notice => false,
                Recaller::User(user) if sender != user.as_str() => {
                    outranks(tx, app, &group, user, &sender).await?
                }
                Recaller::User(_) => true,
                Recaller::Server { user, .. } => sender == user.as_str(),
            };
            if !allowed {
                return Err(Refusal::NotYourMessage.into());
            }
            if flags & RECALLED != 0 {
                return Ok(());
            }
            tx.execute(
                "update messages set flags = ?4, content = ''
                 where app = ?1 and channel = ?2 and id = ?3",
                params![app, key.as_str(), id, flags | RECALLED],
            )
            .await?;
            push::forget_options(tx, app, id).await?;
            let what = json!({ "messageId": id.to_string(), "group": group.as_str() });
            audit::note(tx, Act::on_user("message.recall", app, &user, now), &what);
            if flags & COUNTED != 0 {
                tx.execute(
                    LOWER.of(big),
                    params![app, &group, key.as_str(), id, &sender, &mentioned, &only],
                )
                .await?;
            }
            let recalled = MessageRecalled {
                channel: Some(key.seen_by(&user)),
                message_id: id.to_string(),
                operator_id: operator.to_owned(),
                extra: extra.clone(),
            };
            let body = inbox::encode(entry::Body::Recalled(recalled), now);
            let stored = body.clone();
            let place = Place { channel: None, message: None, stored: Some(&stored) };
            let audience = Audience { group: &group, big, without: "", only: &only };
            inbox::add_for_group(tx, app, audience, place, body, now).await?;
            Ok(())
        })
        .await
    }

    /// Gives a message to a group another content and tells all members. Answers the message as it is then; the same
    /// content again changes nothing.
    pub async fn edit_in_group(
        &self,
        edit: GroupEdit,
        now: Timestamp,
    ) -> Result<Message, StoreError> {
        let locks = self
            .locks_of_members(
                edit.app,
                std::slice::from_ref(&edit.group),
                std::slice::from_ref(&edit.sender),
            )
            .await?;
        self.write_under(locks, async move |tx| apply(tx, &edit, now).await).await
    }

    /// Marks a group read up to a message, or wholly, for a user, who need not be a member any more. Tells the user's
    /// devices.
    pub async fn mark_group_read(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        up_to: Option<MessageId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.catch_up(app, user.clone(), None).await?;
        self.write(vec![(app, user.clone())], async move |tx| {
            tx.filed(app, &[&user])?;
            let key = ChannelKey::group(&group);
            let floor = joined_at(tx, app, &group, &user).await?.unwrap_or(MessageId(0));
            move_read(tx, app, &user, &key, up_to, floor, now).await?;
            Ok(())
        })
        .await
    }
}

/// Whether a message that is for these users alone, if it names any, is for this one.
fn is_among(only: &str, user: &UserId) -> bool {
    only.is_empty() || only.split_ascii_whitespace().any(|id| id == user.as_str())
}

/// Whether a member may take back what another user has sent.
async fn outranks(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    sender: &str,
) -> Result<bool, StoreError> {
    let own = members::role(tx, app, group, user).await?;
    let sender = UserId::try_from(sender).map_err(|e| StoreError::corrupt("messages", e))?;
    let other = members::role_of(tx, app, group, &sender).await?;
    Ok(own >= GroupRole::Admin && other.is_none_or(|other| own > other))
}

async fn apply(tx: &mut Tx<'_>, edit: &GroupEdit, now: Timestamp) -> Result<Message, StoreError> {
    let GroupEdit { app, sender, by, group, id, content, asked } = edit;
    let app = *app;
    let big = members::hold_all(tx, app, group, std::slice::from_ref(sender), now).await?;
    let key = ChannelKey::group(group);
    let found = tx
        .opt(
            select_messages!("", "messages m where app = ?1 and channel = ?2 and id = ?3"),
            params![app, key.as_str(), *id],
            |row| read_message(row, sender),
        )
        .await?;
    let draft = |r#type: &str| -> Result<Draft, StoreError> {
        Ok(Draft {
            app,
            sender: sender.clone(),
            by: by.clone(),
            client_id: None,
            r#type: MessageType::try_from(r#type)
                .map_err(|e| StoreError::corrupt("messages", e))?,
            content: content.clone(),
            counted: false,
            needs_receipt: false,
            push: None,
            asked: true,
        })
    };
    let r#type = found.iter().flatten().map(|message| message.r#type.as_str()).next();
    let draft = draft(r#type.unwrap_or("RC:TxtMsg"))?;
    sending::check_now(tx, &draft, group, now).await?;
    let mut message = found
        .flatten()
        .filter(|message| !message.recalled)
        .ok_or_else(|| Refusal::MessageNotFound(id.to_string()))?;
    if message.sender_id != sender.as_str() {
        return Err(Refusal::NotYourMessage.into());
    }
    if !draft.r#type.is_editable() {
        return Err(Refusal::NotEditable(draft.r#type).into());
    }
    if matches!(by, By::Client { .. }) {
        let minutes = apps::by_id(tx, app).await?.settings.message_edit_minutes;
        if minutes == 0 || now > id.sent_at().plus_ms(i64::from(minutes) * 60_000) {
            return Err(Refusal::EditTooLate { minutes }.into());
        }
    }
    if message.content == content.as_str() {
        return Ok(message);
    }
    let by_client = matches!(by, By::Client { .. });
    if by_client && !asked && outbox::wants(tx, app, Event::BeforeGroupMessage).await? {
        return Err(StoreError::NotAsked);
    }
    // Devices tell edits apart by their time, so it grows even where the clock does not.
    let edited_at = now.0.max(message.edited_at + 1);
    tx.execute(
        "update messages set content = ?4, edited_at = ?5
         where app = ?1 and channel = ?2 and id = ?3",
        params![app, key.as_str(), *id, content.as_str(), edited_at],
    )
    .await?;
    let what = json!({ "messageId": id.to_string(), "group": group.as_str() });
    audit::note(tx, Act::on_user("message.edit", app, sender, now), &what);
    content.as_str().clone_into(&mut message.content);
    message.edited_at = edited_at;
    // Stored without the content, which is read from the message: so a later recall leaves nothing behind.
    let stored = inbox::encode(entry::Body::Edited(MessageEdited::default()), now);
    let told = MessageEdited { message: Some(message.clone()) };
    let body = inbox::encode(entry::Body::Edited(told), now);
    let place = Place { channel: Some(key.as_str()), message: Some(*id), stored: Some(&stored) };
    let only = find_message(tx, app, &key, *id).await?.map_or_else(String::new, |found| found.only);
    let audience = Audience { group, big, without: "", only: &only };
    inbox::add_for_group(tx, app, audience, place, body, now).await?;
    Ok(message)
}
