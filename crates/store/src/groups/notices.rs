//! Notices: what of a group's changes its members read in the conversation itself.
//!
//! A notice is a message to the group, written in the transaction of the change right behind the entries that tell of it,
//! so that history has both in the one order. It raises no unread count, and nobody takes it back but an app server.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{GroupEvent, GroupMember};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::MessageType;
use nuncio_protocol::{Mentions, Timestamp, limits};
use serde_json::json;

use super::posting::Post;
use super::{Group, latest};
use crate::apps;
use crate::engine::Tx;
use crate::error::StoreError;
use crate::messages::NOTICE;

/// A notice's operation, and how its sentence goes on after the operator's name and before those of the others.
fn operations(event: &GroupEvent) -> Vec<(&'static str, &'static str)> {
    let alone = match (event.operator.as_ref(), event.members.as_slice()) {
        (Some(operator), [only]) => operator.user_id == only.user_id,
        _ => false,
    };
    let changed = |field: &str| event.changed.iter().any(|name| name == field);
    match event.kind() {
        Kind::Created => vec![("Create", "created the group")],
        Kind::Joined if alone => vec![("Add", "joined")],
        Kind::Joined => vec![("Add", "added")],
        Kind::Left => vec![("Quit", "left")],
        Kind::Kicked => vec![("Kicked", "removed")],
        Kind::Dismissed => vec![("Dismiss", "dismissed the group")],
        Kind::AdminsAdded => vec![("AddAdmin", "made admin:")],
        Kind::AdminsRemoved => vec![("RemoveAdmin", "made admin no longer:")],
        Kind::OwnerTransferred => vec![("TransferOwner", "passed the group on to")],
        Kind::Frozen => vec![("MuteAll", "muted everybody")],
        Kind::Unfrozen => vec![("UnmuteAll", "lets everybody speak again")],
        Kind::InfoChanged => [
            ("name", ("Rename", "renamed the group to")),
            ("announcement", ("Bulletin", "changed the announcement")),
        ]
        .into_iter()
        .filter(|(field, _)| changed(field))
        .map(|(_, operation)| operation)
        .collect(),
        _ => Vec::new(),
    }
}

/// What a member is called in the group.
fn name(member: &GroupMember) -> &str {
    [&member.nickname, &member.name]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(&member.user_id)
}

/// The content of a notice.
fn content(
    event: &GroupEvent,
    group: &Group,
    (operation, verb): (&str, &str),
    now: Timestamp,
) -> String {
    let told = match operation {
        // Its first members, the owner among them, come with the group's beginning.
        "TransferOwner" => event.members.get(..1).unwrap_or_default(),
        _ => event.members.as_slice(),
    };
    let shown = &told[..told.len().min(limits::GROUP_NOTICE_USERS)];
    let ids: Vec<&str> = shown.iter().map(|member| member.user_id.as_str()).collect();
    let names: Vec<&str> = shown.iter().map(name).collect();
    let operator = event.operator.as_ref();
    let data = json!({
        "operatorNickname": operator.map(name).unwrap_or_default(),
        "targetUserIds": ids,
        "targetUserDisplayNames": names,
        "targetCount": told.len(),
        "targetGroupName": group.name,
        "timestamp": now.0,
    });
    let object = match operation {
        "Rename" => group.name.clone(),
        "Add" | "Kicked" | "AddAdmin" | "RemoveAdmin" | "TransferOwner" if verb != "joined" => {
            names.join(", ")
        }
        _ => String::new(),
    };
    let subject = match (operator, operation) {
        (Some(operator), _) => name(operator).to_owned(),
        // The app's word that members are gone.
        (None, "Quit") => names.join(", "),
        (None, _) => "The app".to_owned(),
    };
    let message = format!("{subject} {verb} {object}");
    json!({
        "operatorUserId": operator.map(|member| member.user_id.as_str()).unwrap_or_default(),
        "operation": operation,
        "data": data.to_string(),
        "message": message.trim_end(),
    })
    .to_string()
}

/// Writes the notices of what happened to a group, if members are to read any. They are filed, and the group's row held.
pub(super) async fn write(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    event: &GroupEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let operations = operations(event);
    if operations.is_empty() || !apps::by_id(tx, app).await?.settings.group_notices {
        return Ok(());
    }
    for operation in operations {
        let content = content(event, group, operation, now);
        let id = tx.message_id(now, latest(tx, app, &group.id).await?);
        let post = Post {
            app,
            group: &group.id,
            big: group.big,
            id,
            sender: event.operator.as_ref().map_or("", |member| &member.user_id),
            client_id: None,
            r#type: MessageType::GROUP_NOTICE,
            content: &content,
            flags: NOTICE,
            mentions: Mentions::Nobody,
            to: &[],
            echo: true,
        };
        post.write(tx).await?;
    }
    Ok(())
}
