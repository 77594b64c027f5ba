//! How users come into groups by themselves: asking, being invited, and the answers.

use nuncio_protocol::frames::group_application::{Direction, Status};
use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::frames::{GroupEvent, entry};
use nuncio_protocol::groups::{GroupPermissionsChange, RefusalReason};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::StoreError;
use nuncio_store::groups::{Actor, ApplicationsFilter};
use serde_json::json;

use crate::groups::{FORGET, create, group, new};
use crate::harness::{Bench, NOW, contract, refusal};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Makes a group `g` with these permissions.
async fn made(bench: &Bench, permissions: &serde_json::Value, owner: &UserId, others: &[&UserId]) {
    let mut made = new("g", owner, others);
    made.permissions = GroupPermissionsChange::parse(permissions.as_object().unwrap()).unwrap();
    bench.store.create_group(bench.app, Actor::App, made, NOW).await.unwrap();
}

async fn enter(bench: &Bench, user: &UserId) -> Result<Process, StoreError> {
    bench.store.enter_group(bench.app, user.clone(), group("g"), NOW).await
}

async fn invite(bench: &Bench, by: &UserId, users: &[&UserId]) -> Result<Process, StoreError> {
    let users = users.iter().copied().cloned().collect();
    bench.store.invite_to_group(bench.app, by.clone(), group("g"), users, NOW).await
}

async fn approve(
    bench: &Bench,
    by: &UserId,
    user: &UserId,
    inviter: Option<&UserId>,
    now: Timestamp,
) -> Result<Process, StoreError> {
    let (store, inviter) = (&bench.store, inviter.cloned());
    let (by, user) = (by.clone(), user.clone());
    store.answer_group_application(bench.app, by, group("g"), user, inviter, Ok(()), now).await
}

async fn consent(bench: &Bench, user: &UserId, inviter: &UserId) -> Result<(), StoreError> {
    let (user, inviter) = (user.clone(), inviter.clone());
    bench.store.answer_group_invitation(bench.app, user, group("g"), inviter, Ok(()), NOW).await
}

fn no(reason: &str) -> Result<(), RefusalReason> {
    Err(RefusalReason::try_from(reason).unwrap())
}

async fn is_member(bench: &Bench, user: &UserId) -> bool {
    let found = bench.store.group_members_of(bench.app, group("g"), vec![user.clone()]).await;
    !found.unwrap().is_empty()
}

async fn events(bench: &Bench, user: &UserId) -> Vec<GroupEvent> {
    let all = bench.inbox(user).await.into_iter();
    all.filter_map(|body| match body {
        entry::Body::Group(event) => Some(*event),
        _ => None,
    })
    .collect()
}

/// What a user was told of applications.
async fn told(bench: &Bench, user: &UserId) -> Vec<(Direction, Status)> {
    let applications = events(bench, user).await.into_iter().filter_map(|event| event.application);
    applications.map(|one| (one.direction(), one.status())).collect()
}

/// What a user's list has, the latest change first.
async fn listed(bench: &Bench, user: &UserId, now: Timestamp) -> Vec<(String, Direction, Status)> {
    let filter = ApplicationsFilter { newest_first: true, ..ApplicationsFilter::default() };
    let found =
        bench.store.group_applications(bench.app, user.clone(), filter, None, 100, now).await;
    let found = found.unwrap();
    assert_eq!(found.total, i64::try_from(found.page.items.len()).unwrap());
    let items = found.page.items.into_iter();
    items.map(|one| (one.joiner.clone().unwrap().user_id, one.direction(), one.status())).collect()
}

contract! { any size:
    async fn whoever_asks_is_in_at_once_or_waits_or_is_refused_as_the_group_says(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        made(&bench, &json!({ "joinPerm": 1 }), &ann, &[]).await;
        assert_eq!(enter(&bench, &bob).await.unwrap(), Process::Done);
        assert_eq!(enter(&bench, &bob).await.unwrap(), Process::Done, "again");
        let joined = events(&bench, &ann).await.pop().unwrap();
        assert_eq!((joined.kind(), joined.members.len()), (Kind::Joined, 1));
        assert_eq!(joined.operator.unwrap().user_id, "bob");
        assert_eq!(joined.group.unwrap().member_count, 2);
        bench.store.dismiss_group(bench.app, Actor::App, group("g"), NOW).await.unwrap();

        made(&bench, &json!({ "joinPerm": 3 }), &ann, &[]).await;
        assert_eq!(refusal(enter(&bench, &bob).await), Refusal::NobodyMayJoin(group("g")));
        bench.store.dismiss_group(bench.app, Actor::App, group("g"), NOW).await.unwrap();

        made(&bench, &json!({ "joinPerm": 0 }), &ann, &[&cem]).await;
        let admins = vec![cem.clone()];
        bench.store.set_group_admins(bench.app, Actor::App, group("g"), admins, true, NOW).await.unwrap();
        assert_eq!(enter(&bench, &bob).await.unwrap(), Process::ApprovalPending);
        assert_eq!(enter(&bench, &bob).await.unwrap(), Process::ApprovalPending, "again");
        assert!(!is_member(&bench, &bob).await);
        assert_eq!(told(&bench, &bob).await, [(Direction::ApplicationSent, Status::AdminPending)]);
        assert_eq!(told(&bench, &ann).await, [(Direction::ApplicationReceived, Status::AdminPending)]);
        assert_eq!(told(&bench, &cem).await, [], "the owner approves, not an admin");
        let by_admin = approve(&bench, &cem, &bob, None, NOW).await;
        assert_eq!(refusal(by_admin), Refusal::NoGroupRight(group("g")));
        assert_eq!(approve(&bench, &ann, &bob, None, NOW).await.unwrap(), Process::Done);
        assert!(is_member(&bench, &bob).await);
        let (group, user) = (group("g"), bob.clone());
        let again = approve(&bench, &ann, &bob, None, NOW).await;
        assert_eq!(refusal(again), Refusal::ApplicationHandled { group, user });
        let last = (Direction::ApplicationSent, Status::Joined);
        assert_eq!(told(&bench, &bob).await.last(), Some(&last));
    }

    async fn an_application_is_refused_with_a_reason_and_lapses_after_seven_days(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        made(&bench, &json!({ "joinPerm": 2 }), &ann, &[]).await;
        enter(&bench, &bob).await.unwrap();
        enter(&bench, &cem).await.unwrap();
        let (by, user) = (ann.clone(), bob.clone());
        let answered =
            bench.store.answer_group_application(bench.app, by, group("g"), user, None, no("full"), NOW);
        answered.await.unwrap();
        let last = events(&bench, &bob).await.pop().unwrap().application.unwrap();
        assert_eq!((last.status(), last.reason.as_str()), (Status::AdminRefused, "full"));
        assert_eq!(last.operator.unwrap().user_id, "ann");
        let later = NOW.plus_ms(8 * DAY_MS);
        let received = Direction::ApplicationReceived;
        let mut found = listed(&bench, &ann, later).await;
        found.sort();
        let expected = [("bob", Status::AdminRefused), ("cem", Status::Expired)];
        assert_eq!(found, expected.map(|(user, status)| (user.to_owned(), received, status)));
        let (group, user) = (group("g"), cem.clone());
        let late = approve(&bench, &ann, &cem, None, later).await;
        assert_eq!(refusal(late), Refusal::NoSuchApplication { group, user });
        assert_eq!(bench.store.prune_group_applications(NOW).await.unwrap(), 0);
        assert_eq!(bench.store.prune_group_applications(later).await.unwrap(), 2);
    }

    async fn an_invitation_waits_for_whom_the_permissions_name(bench: Bench) {
        let [ann, bob, cem, dan] = bench.users(["ann", "bob", "cem", "dan"]).await;
        // Only the owner may invite, and nobody is asked.
        made(&bench, &json!({}), &ann, &[&bob]).await;
        assert_eq!(refusal(invite(&bench, &bob, &[&cem]).await), Refusal::MayNotInvite(group("g")));
        assert_eq!(refusal(invite(&bench, &dan, &[&cem]).await), Refusal::NotInGroup(group("g")));
        assert_eq!(invite(&bench, &ann, &[&bob, &cem]).await.unwrap(), Process::Done);
        assert!(is_member(&bench, &cem).await);
        bench.store.dismiss_group(bench.app, Actor::App, group("g"), NOW).await.unwrap();

        // A member invites, the owner approves, and the invited user consents.
        made(&bench, &json!({ "memInvitePerm": 2, "invitePerm": 1 }), &ann, &[&bob]).await;
        assert_eq!(invite(&bench, &bob, &[&cem, &ann]).await.unwrap(), Process::ApprovalPending);
        assert_eq!(told(&bench, &cem).await, [], "who is invited does not know yet");
        let sent = vec![("cem".to_owned(), Direction::InvitationSent, Status::AdminPending)];
        assert_eq!(listed(&bench, &bob, NOW).await, sent);
        assert_eq!(listed(&bench, &cem, NOW).await, []);
        let (user, g) = (cem.clone(), group("g"));
        let early = Refusal::NoSuchApplication { group: g, user };
        assert_eq!(refusal(consent(&bench, &cem, &bob).await), early);
        let approved = approve(&bench, &ann, &cem, Some(&bob), NOW).await;
        assert_eq!(approved.unwrap(), Process::ConsentPending);
        let asked = [(Direction::InvitationReceived, Status::InviteePending)];
        assert_eq!(told(&bench, &cem).await, asked);
        consent(&bench, &cem, &bob).await.unwrap();
        assert!(is_member(&bench, &cem).await);
        let joined = ("cem".to_owned(), Direction::InvitationSent, Status::Joined);
        assert_eq!(listed(&bench, &bob, NOW).await, [joined]);

        // The owner need not ask herself.
        assert_eq!(invite(&bench, &ann, &[&dan]).await.unwrap(), Process::ConsentPending);
        let (user, inviter) = (dan.clone(), ann.clone());
        let refused =
            bench.store.answer_group_invitation(bench.app, user, group("g"), inviter, no("busy"), NOW);
        refused.await.unwrap();
        assert!(!is_member(&bench, &dan).await);
        let last = (Direction::InvitationSent, Status::InviteeRefused);
        assert_eq!(told(&bench, &ann).await.last(), Some(&last));
        // Who is asked again and joins has consented.
        invite(&bench, &ann, &[&dan]).await.unwrap();
        assert_eq!(enter(&bench, &dan).await.unwrap(), Process::Done);
        assert!(is_member(&bench, &dan).await);
    }

    async fn an_invitation_ends_with_the_membership_of_who_invited(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        let permissions = json!({ "joinPerm": 1, "memInvitePerm": 2, "invitePerm": 1 });
        made(&bench, &permissions, &ann, &[&bob]).await;
        assert_eq!(invite(&bench, &bob, &[&cem]).await.unwrap(), Process::ConsentPending);
        let gone = vec![bob.clone()];
        bench.store.leave_group(bench.app, Actor::App, group("g"), gone, FORGET, NOW).await.unwrap();
        let (user, g) = (cem.clone(), group("g"));
        let void = Refusal::NoSuchApplication { group: g, user };
        assert_eq!(refusal(consent(&bench, &cem, &bob).await), void);
        assert!(!is_member(&bench, &cem).await);
    }

    async fn who_makes_a_group_asks_those_who_must_consent(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        let by = Actor::Member(ann.clone());
        let mut asking = new("g", &ann, &[&bob, &cem]);
        let permissions = json!({ "invitePerm": 1 });
        asking.permissions =
            GroupPermissionsChange::parse(permissions.as_object().unwrap()).unwrap();
        let made = bench.store.create_group(bench.app, by.clone(), asking, NOW).await.unwrap();
        assert_eq!(made, Process::ConsentPending);
        assert!(!is_member(&bench, &bob).await);
        consent(&bench, &bob, &ann).await.unwrap();
        assert!(is_member(&bench, &bob).await);

        let at_once = new("h", &ann, &[&bob]);
        let made = bench.store.create_group(bench.app, by, at_once, NOW).await.unwrap();
        assert_eq!(made, Process::Done);
        let created = events(&bench, &bob).await.pop().unwrap();
        assert_eq!((created.kind(), created.members.len()), (Kind::Created, 2));
        assert_eq!(created.operator.unwrap().user_id, "ann");
        create(&bench, "i", &bob, &[]).await;
        let created = events(&bench, &bob).await.pop().unwrap();
        assert_eq!((created.kind(), created.operator), (Kind::Created, None), "by the app");
    }

    async fn applications_come_in_pages_from_each_side(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        made(&bench, &json!({ "joinPerm": 2, "memInvitePerm": 2 }), &ann, &[&bob]).await;
        let mut joiners = Vec::new();
        for number in 0..7 {
            let id = format!("joiner{number}");
            let [joiner] = bench.users([id.as_str()]).await;
            enter(&bench, &joiner).await.unwrap();
            joiners.push(joiner);
        }
        invite(&bench, &bob, &[&joiners[0]]).await.unwrap();
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = bench.store.group_applications(
                bench.app, ann.clone(), ApplicationsFilter::default(), after, 3, NOW);
            let page = page.await.unwrap();
            assert_eq!(page.total, 8);
            seen.extend(page.page.items.into_iter().map(|one| {
                (one.joiner.unwrap().user_id, one.inviter.map(|inviter| inviter.user_id))
            }));
            after = page.page.next;
            if after.is_none() {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 8, "each once");
        let filter = ApplicationsFilter {
            directions: vec![Direction::InvitationSent],
            statuses: vec![Status::AdminPending],
            newest_first: false,
        };
        let sent = bench.store.group_applications(bench.app, bob.clone(), filter, None, 10, NOW);
        assert_eq!(sent.await.unwrap().total, 1);
    }
}
