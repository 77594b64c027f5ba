//! What members may do in a group themselves, and what everybody is told of it.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{GroupEvent, entry};
use nuncio_protocol::groups::{GroupPermissionsChange, GroupProfileChange, Nickname};
use nuncio_protocol::values::Alias;
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::StoreError;
use nuncio_store::groups::{Actor, GroupChange, JoinedSearch};
use serde_json::{Value, json};

use crate::groups::{FORGET, group, new};
use crate::harness::{Bench, NOW, contract, refusal};

/// Makes a group `g` of an owner, two admins and two members, with these permissions.
async fn made(bench: &Bench, permissions: &Value) -> [UserId; 5] {
    let everybody = bench.users(["own", "adm", "adm2", "mem", "mem2"]).await;
    let [own, adm, adm2, mem, mem2] = &everybody;
    let mut made = new("g", own, &[adm, adm2, mem, mem2]);
    made.permissions = GroupPermissionsChange::parse(permissions.as_object().unwrap()).unwrap();
    bench.store.create_group(bench.app, Actor::App, made, NOW).await.unwrap();
    let admins = vec![adm.clone(), adm2.clone()];
    let store = &bench.store;
    store.set_group_admins(bench.app, Actor::App, group("g"), admins, true, NOW).await.unwrap();
    everybody
}

fn by(user: &UserId) -> Actor {
    Actor::Member(user.clone())
}

fn no_right() -> Refusal {
    Refusal::NoGroupRight(group("g"))
}

fn owner_only() -> Refusal {
    Refusal::OnlyGroupOwner(group("g"))
}

async fn kick(bench: &Bench, actor: &UserId, user: &UserId) -> Result<(), StoreError> {
    let users = vec![user.clone()];
    bench.store.leave_group(bench.app, by(actor), group("g"), users, FORGET, NOW).await
}

async fn rename(bench: &Bench, actor: &UserId, name: &str) -> Result<(), StoreError> {
    let profile = json!({ "name": name });
    let profile = GroupProfileChange::parse(profile.as_object().unwrap()).unwrap();
    let change = GroupChange { profile, ..GroupChange::default() };
    bench.store.update_group(bench.app, by(actor), group("g"), change, NOW).await
}

async fn permit(bench: &Bench, actor: &UserId, permissions: &Value) -> Result<(), StoreError> {
    let permissions = GroupPermissionsChange::parse(permissions.as_object().unwrap()).unwrap();
    let change = GroupChange { permissions, ..GroupChange::default() };
    bench.store.update_group(bench.app, by(actor), group("g"), change, NOW).await
}

async fn call_it(
    bench: &Bench,
    actor: &UserId,
    user: &UserId,
    nickname: &str,
) -> Result<(), StoreError> {
    let nickname = Some(Nickname::try_from(nickname).unwrap());
    let (actor, user) = (by(actor), user.clone());
    bench.store.set_group_member(bench.app, actor, group("g"), user, nickname, None, NOW).await
}

async fn events(bench: &Bench, user: &UserId) -> Vec<GroupEvent> {
    let all = bench.inbox(user).await.into_iter();
    all.filter_map(|body| match body {
        entry::Body::Group(event) => Some(*event),
        _ => None,
    })
    .collect()
}

async fn last(bench: &Bench, user: &UserId) -> GroupEvent {
    events(bench, user).await.pop().unwrap()
}

fn concerned(event: &GroupEvent) -> Vec<&str> {
    event.members.iter().map(|member| member.user_id.as_str()).collect()
}

contract! { any size:
    async fn members_are_removed_by_those_above_them_whom_the_group_lets(bench: Bench) {
        let [own, adm, adm2, mem, mem2] = made(&bench, &json!({})).await;
        for actor in [&adm, &mem] {
            assert_eq!(refusal(kick(&bench, actor, &mem2).await), no_right(), "the owner alone");
        }
        permit(&bench, &own, &json!({ "removePerm": 1 })).await.unwrap();
        assert_eq!(refusal(kick(&bench, &mem, &mem2).await), no_right());
        assert_eq!(refusal(kick(&bench, &adm, &adm2).await), no_right(), "not another admin");
        let owner_stays = refusal(kick(&bench, &adm, &own).await);
        assert!(matches!(owner_stays, Refusal::OwnerCannotLeave { .. }), "{owner_stays}");
        kick(&bench, &adm, &mem2).await.unwrap();
        for user in [&own, &adm, &mem, &mem2] {
            let event = last(&bench, user).await;
            assert_eq!((event.kind(), concerned(&event)), (Kind::Kicked, vec!["mem2"]), "{user}");
            assert_eq!(event.group.as_ref().unwrap().member_count, 4);
            assert_eq!(event.operator.unwrap().user_id, "adm");
        }
        assert_eq!(refusal(kick(&bench, &mem2, &mem).await), Refusal::NotInGroup(group("g")));
        permit(&bench, &own, &json!({ "removePerm": 2 })).await.unwrap();
        bench.store.join_group(bench.app, group("g"), vec![mem2.clone()], NOW).await.unwrap();
        assert_eq!(refusal(kick(&bench, &mem, &adm).await), no_right());
        kick(&bench, &mem, &mem2).await.unwrap();
        kick(&bench, &mem, &mem2).await.unwrap();
        // Leaving is everybody's own, the owner's apart, and leaving again is nothing.
        kick(&bench, &mem, &mem).await.unwrap();
        assert_eq!(last(&bench, &mem).await.kind(), Kind::Left);
        kick(&bench, &mem, &mem).await.unwrap();
        let owner_stays = refusal(kick(&bench, &own, &own).await);
        assert!(matches!(owner_stays, Refusal::OwnerCannotLeave { .. }), "{owner_stays}");
    }

    async fn texts_are_changed_by_whom_the_group_lets_and_permissions_by_the_owner(bench: Bench) {
        let [own, adm, _, mem, _] = made(&bench, &json!({ "profilePerm": 1 })).await;
        assert_eq!(refusal(rename(&bench, &mem, "X").await), no_right());
        rename(&bench, &adm, "X").await.unwrap();
        let event = last(&bench, &mem).await;
        assert_eq!((event.kind(), event.changed), (Kind::InfoChanged, vec!["name".to_owned()]));
        assert_eq!(event.group.unwrap().name, "X");
        let told = events(&bench, &mem).await.len();
        rename(&bench, &adm, "X").await.unwrap();
        assert_eq!(events(&bench, &mem).await.len(), told, "nothing changed");
        assert_eq!(refusal(permit(&bench, &adm, &json!({ "joinPerm": 1 })).await), owner_only());
        permit(&bench, &own, &json!({ "joinPerm": 1, "profilePerm": 2 })).await.unwrap();
        let event = last(&bench, &mem).await;
        assert_eq!(event.changed, ["permissions.join", "permissions.profile"]);
        rename(&bench, &mem, "Y").await.unwrap();
    }

    async fn roles_are_the_owners_to_give(bench: Bench) {
        let [own, adm, _, mem, mem2] = made(&bench, &json!({})).await;
        let (app, g) = (bench.app, || group("g"));
        let set = async |actor: &UserId, user: &UserId, admin| {
            bench.store.set_group_admins(app, by(actor), g(), vec![user.clone()], admin, NOW).await
        };
        assert_eq!(refusal(set(&adm, &mem, true).await), owner_only());
        set(&own, &mem, true).await.unwrap();
        let event = last(&bench, &mem2).await;
        assert_eq!((event.kind(), event.members[0].role), (Kind::AdminsAdded, 2));
        set(&own, &mem, false).await.unwrap();
        assert_eq!(last(&bench, &mem2).await.kind(), Kind::AdminsRemoved);
        let give = async |actor: &UserId, to: &UserId| {
            bench.store.transfer_group(app, by(actor), g(), to.clone(), None, NOW).await
        };
        assert_eq!(refusal(give(&adm, &adm).await), owner_only());
        give(&own, &adm).await.unwrap();
        let event = last(&bench, &mem2).await;
        assert_eq!((event.kind(), concerned(&event)), (Kind::OwnerTransferred, vec!["adm", "own"]));
        assert_eq!(event.group.unwrap().owner_id, "adm");
        let end = async |actor: &UserId| bench.store.dismiss_group(app, by(actor), g(), NOW).await;
        assert_eq!(refusal(end(&own).await), owner_only());
        end(&adm).await.unwrap();
        for user in [&own, &adm, &mem, &mem2] {
            assert_eq!(last(&bench, user).await.kind(), Kind::Dismissed, "{user}");
        }
    }

    async fn a_member_is_renamed_by_itself_and_those_whom_the_group_lets(bench: Bench) {
        let [own, adm, adm2, mem, mem2] = made(&bench, &json!({})).await;
        call_it(&bench, &mem, &mem, "M").await.unwrap();
        let event = last(&bench, &mem2).await;
        assert_eq!((event.kind(), event.members[0].nickname.as_str()), (Kind::MemberChanged, "M"));
        assert_eq!(event.members[0].name, "Name of mem");
        call_it(&bench, &adm, &mem, "N").await.unwrap();
        assert_eq!(refusal(call_it(&bench, &adm, &adm2, "N").await), no_right());
        assert_eq!(refusal(call_it(&bench, &mem2, &mem, "N").await), no_right());
        permit(&bench, &own, &json!({ "memProfilePerm": 1 })).await.unwrap();
        assert_eq!(refusal(call_it(&bench, &adm, &mem, "O").await), no_right());
        call_it(&bench, &own, &mem, "O").await.unwrap();
        permit(&bench, &own, &json!({ "memProfilePerm": 2 })).await.unwrap();
        assert_eq!(refusal(call_it(&bench, &own, &mem, "P").await), no_right());
        call_it(&bench, &mem, &mem, "P").await.unwrap();
        let found = bench.store.search_group_members(
            bench.app, group("g"), "NAME OF ADM".to_owned(), None, 1, false);
        let found = found.await.unwrap();
        assert_eq!((found.total, found.page.items.len()), (2, 1));
        let next = bench.store.search_group_members(
            bench.app, group("g"), "name of adm".to_owned(), found.page.next, 1, false);
        assert_eq!(next.await.unwrap().page.items[0].user, adm2);
    }

    async fn who_speaks_is_said_by_admins_of_those_below_them(bench: Bench) {
        let [own, adm, adm2, mem, mem2] = made(&bench, &json!({})).await;
        let (app, store) = (bench.app, &bench.store);
        let mute = async |actor: &UserId, user: &UserId| {
            let until = Timestamp(NOW.0 + 1000);
            let users = vec![user.clone()];
            store.mute_in_group(app, by(actor), Some(group("g")), users, until, NOW).await
        };
        for (actor, user) in [(&mem, &mem2), (&adm, &adm2), (&adm, &own), (&adm, &adm)] {
            assert_eq!(refusal(mute(actor, user).await), no_right(), "{actor} {user}");
        }
        mute(&adm, &mem).await.unwrap();
        mute(&own, &adm2).await.unwrap();
        let event = last(&bench, &mem).await;
        assert_eq!((event.kind(), event.until), (Kind::Muted, NOW.0 + 1000));
        assert_ne!(last(&bench, &mem2).await.kind(), Kind::Muted, "told to the muted only");
        let lift = vec![mem.clone(), mem2.clone()];
        store.unmute_in_group(app, by(&adm), Some(group("g")), lift, NOW).await.unwrap();
        assert_eq!(last(&bench, &mem).await.kind(), Kind::Unmuted);
        assert_ne!(last(&bench, &mem2).await.kind(), Kind::Unmuted, "was not muted");

        let freeze = async |actor: &UserId| {
            store.freeze_groups(app, by(actor), vec![group("g")], true, NOW).await
        };
        assert_eq!(refusal(freeze(&mem).await), no_right());
        freeze(&adm).await.unwrap();
        let event = last(&bench, &mem2).await;
        assert!(event.kind() == Kind::Frozen && event.group.unwrap().frozen);
        let allow = async |actor: &UserId| {
            store.allow_group_senders(app, by(actor), group("g"), vec![mem.clone()], NOW).await
        };
        assert_eq!(refusal(allow(&mem).await), no_right());
        allow(&adm).await.unwrap();
        assert_eq!(last(&bench, &mem).await.kind(), Kind::Allowed);
        // In all groups: told without one.
        let users = vec![mem.clone()];
        store.mute_in_group(app, Actor::App, None, users, Timestamp::FOREVER, NOW).await.unwrap();
        let event = last(&bench, &mem).await;
        assert_eq!((event.kind(), event.group), (Kind::Muted, None));
    }

    async fn what_is_a_members_own_is_told_to_its_own_devices(bench: Bench) {
        let [own, _, _, mem, mem2] = made(&bench, &json!({})).await;
        let before = events(&bench, &own).await.len();
        let alias = Alias::try_from("Ours").unwrap();
        let (app, store) = (bench.app, &bench.store);
        store.set_group_alias(app, group("g"), mem.clone(), alias, NOW).await.unwrap();
        let event = last(&bench, &mem).await;
        assert_eq!((event.kind(), event.group.unwrap().alias.as_str()), (Kind::AliasChanged, "Ours"));
        let followed = vec![mem2.clone()];
        store.add_group_favorites(app, group("g"), mem.clone(), followed.clone(), NOW).await.unwrap();
        let event = last(&bench, &mem).await;
        assert_eq!((event.kind(), concerned(&event)), (Kind::FavoritesAdded, vec!["mem2"]));
        store.remove_group_favorites(app, group("g"), mem.clone(), followed, NOW).await.unwrap();
        assert_eq!(last(&bench, &mem).await.kind(), Kind::FavoritesRemoved);
        assert_eq!(events(&bench, &own).await.len(), before);
        let asked = JoinedSearch { text: "ours".to_owned(), ..JoinedSearch::default() };
        let search = store.search_joined_groups(app, mem.clone(), asked, None, 5);
        let (page, total) = search.await.unwrap();
        assert_eq!((page.items.len(), total), (1, 1), "found by the alias");
    }

    async fn a_banned_user_changes_nothing(bench: Bench) {
        let [own, ..] = made(&bench, &json!({})).await;
        let until = Timestamp(NOW.0 + 60_000);
        let who = vec![own.clone()];
        bench.store.ban(bench.app, who, until, String::new(), false, NOW).await.unwrap();
        assert!(matches!(refusal(rename(&bench, &own, "X").await), Refusal::Banned { .. }));
    }
}
