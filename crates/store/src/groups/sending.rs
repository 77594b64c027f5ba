//! Messages to a group: whether one may be sent, decided where it is stored, and how it reaches the members.
//!
//! Every member has an entry of its own for each message, so a message costs a row for each member, and in a big group
//! for each who attends. The group's row is held from the look at the sender's standing to the commit: messages have one
//! order for all, and who was removed or muted before is seen.

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::MessageType;
use nuncio_protocol::{ClientMessageId, GroupId, Mentions, Refusal, Timestamp, UserId, limits};

use super::posting::Post;
use super::{attendance, members};
use crate::appends::{self, Facts, Party, read_facts, read_party};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::events::{self, Event};
use crate::messages::{By, Draft, NEEDS_RECEIPT, Sent, spaced};
use crate::push;

/// What stands for and against a message to a group.
struct Found {
    facts: Facts,
    sender: Option<Party>,
    /// The message that was sent under the same client id.
    sent: Option<MessageId>,
    /// Whether there is such a group.
    exists: bool,
    /// Until when the member attends, where that matters; `None` for who is no member.
    attends_until: Option<i64>,
    muted: bool,
    /// Whether the group is frozen and the sender not among those who may speak.
    frozen: bool,
    /// Members that the group has.
    size: i64,
    /// Whether the group is big.
    big: bool,
}

/// All that [`check`] asks for, by app, sender, group, client id and moment.
const LOOK: &str = "
    select a.only_friends, a.secret_version, a.locked, cast(0 as bigint), a.webhook_events,
           s.inbox_head, s.deleted_at, s.banned_until, s.ban_reason, s.muted, s.tokens_from, s.whitelist_on,
           (select id from messages where app = ?1 and sender = ?2 and client_id = ?4),
           g.frozen,
           (select attends_until from group_members where app = ?1 and group_id = ?3 and user_id = ?2),
           exists (select 1 from group_mutes
                   where app = ?1 and group_id in (?3, '') and user_id = ?2 and until > ?5),
           exists (select 1 from group_allowed_senders
                   where app = ?1 and group_id = ?3 and user_id = ?2),
           g.member_count, g.big
    from apps a
    left join users s on s.app = ?1 and s.id = ?2
    left join groups g on g.app = ?1 and g.id = ?3
    where a.id = ?1";

fn read_found(row: &Row<'_>) -> Result<Found, StoreError> {
    let frozen: Option<i64> = row.get(13)?;
    Ok(Found {
        facts: read_facts(row, 0)?,
        sender: read_party(row, 5)?,
        sent: row.get::<Option<i64>>(12)?.map(MessageId),
        exists: frozen.is_some(),
        attends_until: row.get(14)?,
        muted: row.get(15)?,
        frozen: frozen == Some(1) && !row.get::<bool>(16)?,
        size: row.get::<Option<i64>>(17)?.unwrap_or_default(),
        big: row.get::<Option<i64>>(18)? == Some(1),
    })
}

async fn look(
    tx: &Tx<'_>,
    draft: &Draft,
    group: &GroupId,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let client_id = draft.client_id.as_ref().map(ClientMessageId::as_str);
    tx.opt(LOOK, params![draft.app, &draft.sender, group, client_id, now], read_found)
        .await?
        .ok_or(StoreError::Refused(Refusal::AppNotFound))
}

/// The rules, in the order in which the first refusal wins. An app server may send in the name of who is no member.
async fn check(
    tx: &Tx<'_>,
    draft: &Draft,
    group: &GroupId,
    found: &Found,
    now: Timestamp,
) -> Result<(), StoreError> {
    let refuse = |refusal: Refusal| Err(StoreError::Refused(refusal));
    let Some(sender) = &found.sender else {
        return refuse(Refusal::NotRegistered(draft.sender.clone()));
    };
    if let By::Server { .. } = draft.by {
        return if found.exists { Ok(()) } else { refuse(Refusal::NoSuchGroup(group.clone())) };
    }
    appends::check_sender(tx, draft, sender, &found.facts, now).await?;
    if found.attends_until.is_none() {
        return refuse(Refusal::NotInGroup(group.clone()));
    }
    if found.muted {
        return refuse(Refusal::MutedInGroup);
    }
    if found.frozen {
        return refuse(Refusal::GroupFrozen);
    }
    Ok(())
}

/// Refuses what only the server says: members could not tell it from the truth.
fn refuse_notice(draft: &Draft) -> Result<(), Refusal> {
    let by_client = matches!(draft.by, By::Client { .. });
    if by_client && draft.r#type.as_str() == MessageType::GROUP_NOTICE {
        let sentence = "`type`: what happened to a group is told by the server alone";
        return Err(Refusal::BadParameter(sentence.to_owned()));
    }
    Ok(())
}

/// Refuses who is meant and is no member.
async fn check_members(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    to: &[UserId],
) -> Result<(), StoreError> {
    if to.is_empty() {
        return Ok(());
    }
    if to.len() > limits::GROUP_DIRECTED_USERS {
        return Err(Refusal::TooManyIds { limit: limits::GROUP_DIRECTED_USERS }.into());
    }
    let members = tx
        .all(
            "select user_id from group_members
             where app = ?1 and group_id = ?2 and replace(?3, ' ' || user_id || ' ', '') <> ?3",
            params![app, group, &spaced(to)],
            |row| row.get::<UserId>(0),
        )
        .await?;
    match to.iter().find(|user| !members.contains(user)) {
        None => Ok(()),
        Some(user) => Err(Refusal::NotAMember { group: group.clone(), user: user.clone() }.into()),
    }
}

/// Whom a message mentions, within the limit.
fn mentions(draft: &Draft) -> Result<Mentions, Refusal> {
    let mentions = Mentions::of(draft.content.as_str());
    let limit = limits::MENTIONED_USERS;
    match &mentions {
        Mentions::Users(users) if users.len() > limit => Err(Refusal::TooManyIds { limit }),
        _ => Ok(mentions),
    }
}

impl Store {
    /// Appends a message to each of some groups, or to none of them: all in one transaction. Where `to` names members,
    /// it is for them and its sender alone. The same client message id again gets the first one's answer.
    pub async fn append_to_groups(
        &self,
        draft: Draft,
        groups: Vec<GroupId>,
        to: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Vec<Sent>, StoreError> {
        let locks =
            self.locks_of_members(draft.app, &groups, std::slice::from_ref(&draft.sender)).await?;
        self.write_under(locks, async move |tx| {
            let mut all = Vec::with_capacity(groups.len());
            for (index, group) in groups.iter().enumerate() {
                let client_id = match (&draft.client_id, groups.len()) {
                    (Some(id), 2..) => Some(appends::of_recipient(id, index)?),
                    (id, _) => id.clone(),
                };
                let draft = Draft { client_id, ..draft.clone() };
                all.push(append(tx, &draft, group, &to, now).await?);
            }
            Ok(all)
        })
        .await
    }

    /// Says whether a message might be sent to a group now, and whom it would reach, and appends nothing: for what is
    /// not stored.
    pub async fn check_send_to_group(
        &self,
        draft: Draft,
        group: GroupId,
        to: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(MessageId, Vec<UserId>), StoreError> {
        self.read(async move |tx| {
            let found = look(tx, &draft, &group, now).await?;
            check(tx, &draft, &group, &found, now).await?;
            refuse_notice(&draft)?;
            check_members(tx, draft.app, &group, &to).await?;
            ask_first(&draft, &found.facts)?;
            let mut reached = attendance::told(tx, draft.app, &group, found.big).await?;
            reached.retain(|user| to.is_empty() || to.contains(user) || *user == draft.sender);
            Ok((tx.message_id(now, MessageId(0)), reached))
        })
        .await
    }
}

/// Whether a message might be sent to a group now.
pub(super) async fn check_now(
    tx: &Tx<'_>,
    draft: &Draft,
    group: &GroupId,
    now: Timestamp,
) -> Result<(), StoreError> {
    check(tx, draft, group, &look(tx, draft, group, now).await?, now).await
}

async fn append(
    tx: &mut Tx<'_>,
    draft: &Draft,
    group: &GroupId,
    to: &[UserId],
    now: Timestamp,
) -> Result<Sent, StoreError> {
    let app = draft.app;
    members::hold_all(tx, app, group, std::slice::from_ref(&draft.sender), now).await?;
    let found = look(tx, draft, group, now).await?;
    if let Some(first) = found.sent {
        return Ok(Sent { id: first, seq: 0 });
    }
    check(tx, draft, group, &found, now).await?;
    refuse_notice(draft)?;
    check_members(tx, app, group, to).await?;
    let mentions = mentions(draft)?;
    ask_first(draft, &found.facts)?;
    if found.big && found.attends_until == Some(0) {
        attendance::attend(tx, app, group, &draft.sender, now).await?;
    }
    let id = tx.message_id(now, super::latest(tx, app, group).await?);
    let mut flags = draft.flags();
    if found.size > limits::GROUP_RECEIPT_MEMBERS {
        flags &= !NEEDS_RECEIPT;
    }
    let post = Post {
        app,
        group,
        big: found.big,
        id,
        sender: draft.sender.as_str(),
        client_id: draft.client_id.as_ref().map(ClientMessageId::as_str),
        r#type: draft.r#type.as_str(),
        content: draft.content.as_str(),
        flags,
        mentions,
        to,
        echo: draft.by.echoes(),
    };
    let named = match &post.mentions {
        Mentions::Users(users) if found.big => [users.as_slice(), to].concat(),
        _ if found.big => to.to_vec(),
        _ => Vec::new(),
    };
    let reached = post.write(tx).await?;
    // Who is meant by name is to hear of it at once.
    for user in &named {
        attendance::arrive(tx, app, group, user).await?;
    }
    push::keep_options(tx, app, id, draft.push.as_ref()).await?;
    events::group_message(tx, found.facts.wanted, draft, group, to, id, now).await?;
    let own = reached.iter().find(|(user, _)| *user == draft.sender);
    Ok(Sent { id, seq: own.map_or(0, |(_, seq)| *seq) })
}

/// Last of all, what an app's server decides about, outside of the transaction.
fn ask_first(draft: &Draft, facts: &Facts) -> Result<(), StoreError> {
    let by_client = matches!(draft.by, By::Client { .. });
    if by_client && !draft.asked && facts.wanted.has(Event::BeforeGroupMessage) {
        return Err(StoreError::NotAsked);
    }
    Ok(())
}
