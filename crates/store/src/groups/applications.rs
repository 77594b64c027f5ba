//! Applications and invitations to groups: the rows, and who is told of them.
//!
//! An application waits for those who approve, an invitation by who may not approve for them first and then for the
//! invited user's consent, where the group asks for it. Whoever had to approve when it was made, may answer it. What
//! waits longer than seven days has lapsed.

use nuncio_protocol::frames::group_application::{Direction, Status};
use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{GroupApplication, GroupEvent, entry};
use nuncio_protocol::groups::GroupRole;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};

use super::{Group, members, tell};
use crate::engine::{Row, Tx, params};
use crate::error::StoreError;
use crate::inbox;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A row of the table.
pub(super) struct Waiting {
    pub(super) user: UserId,
    /// Nobody: the user asked.
    pub(super) inviter: Option<UserId>,
    /// Who may approve; nobody has to when `None`.
    pub(super) approver: Option<GroupRole>,
    pub(super) status: Status,
    pub(super) operator: String,
    pub(super) reason: String,
    pub(super) at: Timestamp,
}

pub(super) fn read_waiting(row: &Row<'_>) -> Result<Waiting, StoreError> {
    let inviter: String = row.get(1)?;
    let inviter = match inviter.as_str() {
        "" => None,
        id => Some(UserId::try_from(id).map_err(|e| StoreError::corrupt("inviter", e))?),
    };
    Ok(Waiting {
        user: row.get(0)?,
        inviter,
        approver: GroupRole::try_from(row.get::<i64>(2)?).ok(),
        status: Status::try_from(row.enum_number(3)?).unwrap_or(Status::Unspecified),
        operator: row.get(4)?,
        reason: row.get(5)?,
        at: row.get(6)?,
    })
}

fn number(status: Status) -> i64 {
    i64::from(i32::from(status))
}

/// What waits since this moment or longer has lapsed.
pub(super) fn lapsed(now: Timestamp) -> Timestamp {
    now.plus_ms(-limits::GROUP_APPLICATION_DAYS * DAY_MS)
}

/// How it is stored that nobody invited.
fn inviter_text(inviter: Option<&UserId>) -> &str {
    inviter.map_or("", UserId::as_str)
}

async fn read(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    inviter: Option<&UserId>,
) -> Result<Option<Waiting>, StoreError> {
    tx.opt(
        "select user_id, inviter_id, approver, status, operator_id, reason, at
         from group_applications
         where app = ?1 and group_id = ?2 and user_id = ?3 and inviter_id = ?4",
        params![app, group, user, inviter_text(inviter)],
        read_waiting,
    )
    .await
}

/// The application or invitation that waits in this state, or the refusal that there is none, or none any more.
pub(super) async fn must_wait(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    (user, inviter): (&UserId, Option<&UserId>),
    expected: Status,
    now: Timestamp,
) -> Result<Waiting, StoreError> {
    let none = || Refusal::NoSuchApplication { group: group.clone(), user: user.clone() };
    let found = read(tx, app, group, user, inviter).await?.ok_or_else(none)?;
    match found.status {
        status if status == expected && found.at > lapsed(now) => {}
        Status::AdminPending | Status::InviteePending => return Err(none().into()),
        _ => {
            let (group, user) = (group.clone(), user.clone());
            return Err(Refusal::ApplicationHandled { group, user }.into());
        }
    }
    // The word of who is no member any more counts no more.
    match inviter {
        Some(inviter) if members::role_of(tx, app, group, inviter).await?.is_none() => {
            Err(none().into())
        }
        _ => Ok(found),
    }
}

/// Whether something of this kind waits for an answer.
pub(super) async fn waits(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    status: Status,
    now: Timestamp,
) -> Result<Vec<Option<UserId>>, StoreError> {
    let found = tx
        .all(
            "select user_id, inviter_id, approver, status, operator_id, reason, at
             from group_applications
             where app = ?1 and group_id = ?2 and user_id = ?3 and status = ?4 and at > ?5",
            params![app, group, user, number(status), lapsed(now)],
            read_waiting,
        )
        .await?;
    Ok(found.into_iter().map(|waiting| waiting.inviter).collect())
}

/// Writes one down, in the place of an earlier one, and tells everybody concerned.
pub(super) async fn put(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    waiting: &Waiting,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into group_applications (app, group_id, user_id, inviter_id, approver, status,
                                         operator_id, reason, at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         on conflict (app, group_id, user_id, inviter_id) do update
         set approver = excluded.approver, status = excluded.status,
             operator_id = excluded.operator_id, reason = excluded.reason, at = excluded.at",
        params![
            app,
            &group.id,
            &waiting.user,
            inviter_text(waiting.inviter.as_ref()),
            waiting.approver.map_or(0, GroupRole::number),
            number(waiting.status),
            waiting.operator.as_str(),
            waiting.reason.as_str(),
            waiting.at
        ],
    )
    .await?;
    tell_sides(tx, app, group, waiting).await
}

/// An application or invitation as devices know it, its direction apart.
pub(super) async fn frame(
    tx: &Tx<'_>,
    app: AppId,
    group: (&GroupId, &str),
    waiting: &Waiting,
) -> Result<GroupApplication, StoreError> {
    let (id, name) = group;
    let inviter = match &waiting.inviter {
        Some(inviter) => Some(tell::member(tx, app, id, inviter).await?),
        None => None,
    };
    let operator = match UserId::try_from(waiting.operator.as_str()) {
        Ok(operator) => Some(tell::member(tx, app, id, &operator).await?),
        Err(_) => None,
    };
    Ok(GroupApplication {
        group_id: id.to_string(),
        group_name: name.to_owned(),
        direction: Direction::Unspecified.into(),
        status: waiting.status.into(),
        joiner: Some(tell::member(tx, app, id, &waiting.user).await?),
        inviter,
        operator,
        reason: waiting.reason.clone(),
        at: waiting.at.0,
    })
}

async fn tell_sides(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    waiting: &Waiting,
) -> Result<(), StoreError> {
    let application = frame(tx, app, (&group.id, &group.name), waiting).await?;
    let mut sides = Vec::new();
    match &waiting.inviter {
        None => sides.push((waiting.user.clone(), Direction::ApplicationSent)),
        Some(inviter) => {
            sides.push((inviter.clone(), Direction::InvitationSent));
            // Until it is approved, the invited user need not know of it.
            if !matches!(waiting.status, Status::AdminPending | Status::AdminRefused) {
                sides.push((waiting.user.clone(), Direction::InvitationReceived));
            }
        }
    }
    if let Some(approver) = waiting.approver {
        let approvers = tx
            .all(
                "select user_id from group_members
                 where app = ?1 and group_id = ?2 and role >= ?3 order by user_id",
                params![app, &group.id, approver.number()],
                |row| row.get::<UserId>(0),
            )
            .await?;
        sides.extend(approvers.into_iter().map(|user| (user, Direction::ApplicationReceived)));
    }
    for (user, direction) in sides {
        let application = GroupApplication { direction: direction.into(), ..application.clone() };
        let event = GroupEvent {
            kind: Kind::ApplicationChanged.into(),
            group: Some(group.frame(false)),
            application: Some(application),
            ..GroupEvent::default()
        };
        inbox::add(tx, app, &user, entry::Body::Group(Box::new(event)), waiting.at).await?;
    }
    Ok(())
}

/// Writes down that a user asks to be let in.
pub(super) async fn apply(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    user: &UserId,
    approver: GroupRole,
    now: Timestamp,
) -> Result<(), StoreError> {
    check_room(tx, app, group, None, now).await?;
    let waiting = Waiting {
        user: user.clone(),
        inviter: None,
        approver: Some(approver),
        status: Status::AdminPending,
        operator: String::new(),
        reason: String::new(),
        at: now,
    };
    put(tx, app, group, &waiting).await
}

/// Invites a user, who is no member: those who approve are asked first where there is an `approver`.
pub(super) async fn invite(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    inviter: &UserId,
    user: &UserId,
    approver: Option<GroupRole>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let status = if approver.is_some() { Status::AdminPending } else { Status::InviteePending };
    let known = read(tx, app, &group.id, user, Some(inviter)).await?;
    if known.is_some_and(|known| known.status == status && known.at > lapsed(now)) {
        return Ok(());
    }
    check_room(tx, app, group, Some(inviter), now).await?;
    let waiting = Waiting {
        user: user.clone(),
        inviter: Some(inviter.clone()),
        approver,
        status,
        operator: String::new(),
        reason: String::new(),
        at: now,
    };
    put(tx, app, group, &waiting).await
}

/// Refuses when as many wait for an answer as may: of the group, and of the inviter in all groups.
async fn check_room(
    tx: &Tx<'_>,
    app: AppId,
    group: &Group,
    inviter: Option<&UserId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let limit = limits::GROUP_APPLICATIONS;
    let of_group = tx
        .count(
            "select count(*) from group_applications
             where app = ?1 and group_id = ?2 and status in (1, 3) and at > ?3",
            params![app, &group.id, lapsed(now)],
        )
        .await?;
    let of_inviter = match inviter {
        Some(inviter) => {
            tx.count(
                "select count(*) from group_applications
                 where app = ?1 and inviter_id = ?2 and inviter_id <> '' and status in (1, 3)
                   and at > ?3",
                params![app, inviter, lapsed(now)],
            )
            .await?
        }
        None => 0,
    };
    if of_group >= limit || of_inviter >= limit {
        return Err(Refusal::ListFull { limit }.into());
    }
    Ok(())
}

/// A user has become a member: nobody need answer any more.
pub(super) async fn settle(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let settled = tx
        .all(
            "update group_applications set status = 5, at = ?4
             where app = ?1 and group_id = ?2 and user_id = ?3 and status in (1, 3) and at > ?5
             returning user_id, inviter_id, approver, status, operator_id, reason, at",
            params![app, &group.id, user, now, lapsed(now)],
            read_waiting,
        )
        .await?;
    for waiting in &settled {
        tell_sides(tx, app, group, waiting).await?;
    }
    Ok(())
}

/// Notes who has consented, for what [`settle`] tells.
pub(super) async fn consent(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    waiting: &Waiting,
    operator: &UserId,
) -> Result<(), StoreError> {
    tx.execute(
        "update group_applications set operator_id = ?5
         where app = ?1 and group_id = ?2 and user_id = ?3 and inviter_id = ?4",
        params![app, group, &waiting.user, inviter_text(waiting.inviter.as_ref()), operator],
    )
    .await?;
    Ok(())
}
