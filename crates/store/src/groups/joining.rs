//! How users come into a group whose permissions have a say: they ask, or are invited, and wait for an answer.

use nuncio_protocol::frames::group_application::Status;
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::groups::{GroupRole, Joining, RefusalReason};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};

use super::applications::{Waiting, apply, consent, invite, must_wait, put, waits};
use super::find;
use super::members::{self, come_in, hold_all};
use super::rights::{self, Actor, Rank};
use crate::engine::Store;
use crate::error::StoreError;
use crate::users;

impl Store {
    /// A user joins a group, or asks to, as its permission says. Who is a member, or has asked, stays so; who was
    /// invited has consented by it. Refused where nobody joins by themselves.
    pub async fn enter_group(
        &self,
        app: AppId,
        user: UserId,
        id: GroupId,
        now: Timestamp,
    ) -> Result<Process, StoreError> {
        let others = std::slice::from_ref(&user);
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), others).await?;
        self.write_under(locks, async move |tx| {
            let others = std::slice::from_ref(&user);
            hold_all(tx, app, &id, others, now).await?;
            let mut group = find(tx, app, &id).await?;
            rights::may_act(tx, app, &user, now).await?;
            if members::role_of(tx, app, &id, &user).await?.is_some() {
                return Ok(Process::Done);
            }
            let by = Actor::Member(user.clone());
            let mut invited = false;
            let inviters = waits(tx, app, &id, &user, Status::InviteePending, now).await?;
            for inviter in inviters.into_iter().flatten() {
                invited |= members::role_of(tx, app, &id, &inviter).await?.is_some();
            }
            match group.permissions.joining() {
                _ if invited => come_in(tx, app, &mut group, &by, others, now).await?,
                Joining::AtOnce => come_in(tx, app, &mut group, &by, others, now).await?,
                Joining::Closed => return Err(Refusal::NobodyMayJoin(id.clone()).into()),
                Joining::Approved(approver) => {
                    let asked = waits(tx, app, &id, &user, Status::AdminPending, now).await?;
                    if !asked.contains(&None) {
                        apply(tx, app, &group, &user, approver, now).await?;
                    }
                    return Ok(Process::ApprovalPending);
                }
            }
            Ok(Process::Done)
        })
        .await
    }

    /// A member invites users: they are in at once, or are asked, or those who approve are, as the group's permissions
    /// say; the answer tells the longest way that one of them has to go. Who is a member stays one; who has asked to
    /// join has consented.
    pub async fn invite_to_group(
        &self,
        app: AppId,
        inviter: UserId,
        id: GroupId,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Process, StoreError> {
        let all = [std::slice::from_ref(&inviter), users.as_slice()].concat();
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), &all).await?;
        self.write_under(locks, async move |tx| {
            hold_all(tx, app, &id, &all, now).await?;
            let mut group = find(tx, app, &id).await?;
            let by = Actor::Member(inviter.clone());
            let Rank::Member(role) = rights::rank(tx, app, &id, &by, now).await? else {
                return Ok(Process::Done);
            };
            if !group.permissions.inviting().allows(role) {
                return Err(Refusal::MayNotInvite(id.clone()).into());
            }
            users::all_active(tx, app, &users).await?;
            let approver = match group.permissions.joining() {
                Joining::AtOnce => None,
                Joining::Approved(approver) => (role < approver).then_some(approver),
                Joining::Closed if role >= GroupRole::Admin => None,
                Joining::Closed => return Err(Refusal::NobodyMayJoin(id.clone()).into()),
            };
            let (mut come, mut process) = (Vec::new(), Process::Done);
            for user in &users {
                if members::role_of(tx, app, &id, user).await?.is_some() {
                    continue;
                }
                if approver.is_some() {
                    invite(tx, app, &group, &inviter, user, approver, now).await?;
                    process = Process::ApprovalPending;
                    continue;
                }
                let asked = waits(tx, app, &id, user, Status::AdminPending, now).await?;
                if group.permissions.asks_invited() && !asked.contains(&None) {
                    invite(tx, app, &group, &inviter, user, None, now).await?;
                    process = Process::ConsentPending;
                } else {
                    come.push(user.clone());
                }
            }
            come_in(tx, app, &mut group, &by, &come, now).await?;
            Ok(process)
        })
        .await
    }

    /// An invited user consents, and is a member, or refuses.
    pub async fn answer_group_invitation(
        &self,
        app: AppId,
        user: UserId,
        id: GroupId,
        inviter: UserId,
        answer: Result<(), RefusalReason>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let all = [user.clone(), inviter.clone()];
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), &all).await?;
        self.write_under(locks, async move |tx| {
            hold_all(tx, app, &id, &all, now).await?;
            let mut group = find(tx, app, &id).await?;
            rights::may_act(tx, app, &user, now).await?;
            let who = (&user, Some(&inviter));
            let waiting = must_wait(tx, app, &id, who, Status::InviteePending, now).await?;
            match &answer {
                Ok(()) => {
                    consent(tx, app, &id, &waiting, &user).await?;
                    let by = Actor::Member(user.clone());
                    come_in(tx, app, &mut group, &by, std::slice::from_ref(&user), now).await
                }
                Err(reason) => {
                    let operator = user.to_string();
                    let reason = reason.as_str().to_owned();
                    let status = Status::InviteeRefused;
                    let refused = Waiting { status, operator, reason, at: now, ..waiting };
                    put(tx, app, &group, &refused).await
                }
            }
        })
        .await
    }

    /// Who had to approve an application, or a member's invitation, does, or refuses. An approved user is a member, or
    /// is asked for consent where the group wants it of who was invited.
    #[expect(clippy::too_many_arguments, reason = "an answer names who, whom, by whom and what")]
    pub async fn answer_group_application(
        &self,
        app: AppId,
        by: UserId,
        id: GroupId,
        user: UserId,
        inviter: Option<UserId>,
        answer: Result<(), RefusalReason>,
        now: Timestamp,
    ) -> Result<Process, StoreError> {
        let all: Vec<UserId> = [&by, &user].into_iter().chain(&inviter).cloned().collect();
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), &all).await?;
        self.write_under(locks, async move |tx| {
            hold_all(tx, app, &id, &all, now).await?;
            let mut group = find(tx, app, &id).await?;
            let actor = Actor::Member(by.clone());
            let rank = rights::rank(tx, app, &id, &actor, now).await?;
            let least = rank == Rank::Member(GroupRole::Member);
            if least {
                return Err(Refusal::NoGroupRight(id.clone()).into());
            }
            let who = (&user, inviter.as_ref());
            let waiting = must_wait(tx, app, &id, who, Status::AdminPending, now).await?;
            if let (Rank::Member(role), Some(approver)) = (rank, waiting.approver)
                && role < approver
            {
                return Err(Refusal::NoGroupRight(id.clone()).into());
            }
            let operator = by.to_string();
            if let Err(reason) = &answer {
                let (status, reason) = (Status::AdminRefused, reason.as_str().to_owned());
                let refused = Waiting { status, operator, reason, at: now, ..waiting };
                put(tx, app, &group, &refused).await?;
                return Ok(Process::Done);
            }
            users::active(tx, app, &user).await?;
            if waiting.inviter.is_some() && group.permissions.asks_invited() {
                let status = Status::InviteePending;
                let asked = Waiting { status, operator, at: now, ..waiting };
                put(tx, app, &group, &asked).await?;
                return Ok(Process::ConsentPending);
            }
            consent(tx, app, &id, &waiting, &by).await?;
            come_in(tx, app, &mut group, &actor, std::slice::from_ref(&user), now).await?;
            Ok(Process::Done)
        })
        .await
    }
}
