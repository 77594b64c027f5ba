//! Groups: their members, roles, names and ends.

use futures_util::future::join_all;
use nuncio_protocol::groups::{
    GroupName, GroupPermissionsChange, GroupProfileChange, GroupRole, MemberExtra, Nickname,
};
use nuncio_protocol::values::{Alias, ExtProfile, ProfileError, ProfileFault};
use nuncio_protocol::{GroupId, Origin, Refusal, UserId, limits};
use nuncio_store::StoreError;
use nuncio_store::apps::Environment;
use nuncio_store::groups::{Actor, Group, GroupChange, Leaving, NewGroup};
use serde_json::{Value, json};

use crate::harness::{Bench, NOW, contract, make_app, refusal, user};

pub(crate) const FORGET: Leaving =
    Leaving { forget_mute: true, forget_allowed: true, forget_favorites: true };

pub(crate) fn group(id: &str) -> GroupId {
    GroupId::try_from(id).unwrap()
}

pub(crate) fn new(id: &str, owner: &UserId, members: &[&UserId]) -> NewGroup {
    NewGroup {
        id: group(id),
        name: GroupName::try_from("Name").unwrap(),
        owner: owner.clone(),
        members: members.iter().copied().cloned().collect(),
        profile: GroupProfileChange::default(),
        ext: ExtProfile::default(),
        permissions: GroupPermissionsChange::default(),
    }
}

/// Makes a group of an owner and others.
pub(crate) async fn create(bench: &Bench, id: &str, owner: &UserId, members: &[&UserId]) {
    bench.store.create_group(bench.app, Actor::App, new(id, owner, members), NOW).await.unwrap();
}

async fn read(bench: &Bench, id: &str) -> Group {
    let mut found = bench.store.groups(bench.app, vec![group(id)]).await.unwrap();
    found.pop().unwrap()
}

/// Each member and its role, by age.
async fn members(bench: &Bench, id: &str) -> Vec<(String, i64)> {
    let found = bench.store.group_members(bench.app, group(id), None, None, 5000, false).await;
    let found = found.unwrap().page.items;
    found.into_iter().map(|member| (member.user.to_string(), member.role.number())).collect()
}

fn pairs(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(user, role)| ((*user).to_owned(), *role)).collect()
}

fn profile(of: &Value) -> GroupProfileChange {
    GroupProfileChange::parse(of.as_object().unwrap()).unwrap()
}

fn ext(of: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What was done to groups, as the audit trail tells it.
async fn trail(bench: &Bench) -> Vec<(String, String, String)> {
    let entries = bench.store.audit_after(bench.app, 0, 1000).await.unwrap();
    entries.into_iter().map(|entry| (entry.operation, entry.user, entry.after)).collect()
}

fn app_server() -> Origin {
    Origin::app_server(None, "request-1".to_owned())
}

contract! { any size:
    async fn a_group_begins_with_its_owner_and_first_members(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        let mut made = new("g", &ann, &[&bob, &ann, &cem]);
        made.profile = profile(&json!({ "introduction": "hello" }));
        made.ext = ExtProfile::parse(ext(&[("ext_a", "1")]), 10).unwrap();
        let permissions = json!({ "joinPerm": 1 });
        made.permissions =
            GroupPermissionsChange::parse(permissions.as_object().unwrap()).unwrap();
        bench.store.create_group(bench.app, Actor::App, made, NOW).await.unwrap();
        let found = read(&bench, "g").await;
        assert_eq!((found.name.as_str(), &found.owner, &found.creator), ("Name", &ann, &ann));
        assert_eq!((found.member_count, found.frozen, found.created_at), (3, false, NOW));
        assert_eq!(Value::Object(found.profile), json!({ "introduction": "hello" }));
        assert_eq!(found.ext, ext(&[("ext_a", "1")]));
        assert_eq!(found.permissions.numbers()["joinPerm"], 1);
        assert_eq!(found.permissions.numbers()["removePerm"], 0);
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3), ("bob", 1), ("cem", 1)]));
    }

    async fn an_id_is_taken_once_even_when_asked_for_from_several_sides(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        let other = bench.another().await;
        let makes = (0..10).map(|number| {
            let (store, owner) =
                if number % 2 == 0 { (&bench.store, &ann) } else { (&other, &bob) };
            store.create_group(bench.app, Actor::App, new("g", owner, &[]), NOW)
        });
        let outcomes = join_all(makes).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(outcome), Refusal::GroupIdTaken(group("g")));
        }
        assert_eq!(read(&bench, "g").await.member_count, 1);
    }

    async fn who_is_not_registered_comes_into_no_group(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        let ghost = user("ghost");
        let missing = Refusal::NotRegistered(ghost.clone());
        let owned = bench.store.create_group(bench.app, Actor::App, new("g", &ghost, &[&ann]), NOW).await;
        assert_eq!(refusal(owned), missing);
        let with = bench.store.create_group(bench.app, Actor::App, new("g", &ann, &[&ghost]), NOW).await;
        assert_eq!(refusal(with), missing);
        assert_eq!(bench.store.groups(bench.app, vec![group("g")]).await.unwrap(), []);
        create(&bench, "g", &ann, &[]).await;
        let both = vec![bob, ghost];
        let join = bench.store.join_group(bench.app, group("g"), both, NOW).await;
        assert_eq!(refusal(join), missing);
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3)]));
    }

    async fn a_group_of_another_app_is_none(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        create(&bench, "g", &ann, &[]).await;
        let other = make_app(&bench.store, "app2", Environment::Production).await.id;
        let missing = Refusal::NoSuchGroup(group("g"));
        let dismiss = bench.store.dismiss_group(other, Actor::App, group("g"), NOW).await;
        assert_eq!(refusal(dismiss), missing);
        let join = bench.store.join_group(other, group("g"), vec![ann.clone()], NOW).await;
        assert_eq!(refusal(join), missing);
        assert_eq!(bench.store.groups(other, vec![group("g")]).await.unwrap(), []);
        let page = bench.store.all_groups(other, None, 10, false).await.unwrap();
        assert_eq!(page.items, []);
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3)]));
    }

    async fn joining_again_changes_nothing_and_leaving_ends_it(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[]).await;
        let join = async |users: &[&UserId], at| {
            let users = users.iter().copied().cloned().collect();
            bench.store.join_group(bench.app, group("g"), users, NOW.plus_ms(at)).await.unwrap()
        };
        assert_eq!(join(&[&bob], 1).await.member_count, 2);
        assert_eq!(join(&[&ann, &bob, &cem], 2).await.member_count, 3);
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3), ("bob", 1), ("cem", 1)]));
        let leave = async |who: Vec<UserId>| {
            bench.store.leave_group(bench.app, Actor::App, group("g"), who, FORGET, NOW).await
        };
        let owner = refusal(leave(vec![bob.clone(), ann.clone()]).await);
        assert_eq!(owner, Refusal::OwnerCannotLeave { group: group("g"), owner: ann.clone() });
        assert_eq!(read(&bench, "g").await.member_count, 3, "all or nothing");
        leave(vec![bob.clone(), user("never-there")]).await.unwrap();
        leave(vec![bob]).await.unwrap();
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3), ("cem", 1)]));
        assert_eq!(read(&bench, "g").await.member_count, 2);
    }

    async fn a_group_holds_3000_even_when_filled_from_several_sides(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        create(&bench, "g", &ann, &[]).await;
        let (app, group_id) = (bench.app.0, "g");
        // As many as leave five places.
        let rows: Vec<_> = (0..limits::GROUP_MEMBERS - 6)
            .map(|number| format!("({app}, '{group_id}', 'm{number}', 1, 5, 0)"))
            .collect();
        let all = rows.join(", ");
        let columns = "app, group_id, user_id, role, joined_at, history_from";
        bench.tamper(&format!("insert into group_members ({columns}) values {all}")).await;
        let late = bench.users(["l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7"]).await;
        let other = bench.another().await;
        let joins = late.iter().enumerate().map(|(number, user)| {
            let store = if number % 2 == 0 { &bench.store } else { &other };
            store.join_group(bench.app, group("g"), vec![user.clone()], NOW)
        });
        let outcomes = join_all(joins).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            let full = Refusal::GroupFull { group: group("g"), limit: limits::GROUP_MEMBERS };
            assert_eq!(refusal(outcome), full);
        }
        let count = read(&bench, "g").await.member_count;
        assert_eq!(usize::try_from(count).unwrap(), limits::GROUP_MEMBERS);
    }

    async fn who_leaves_all_groups_owns_none(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g1", &ann, &[&bob]).await;
        create(&bench, "g2", &ann, &[&bob]).await;
        create(&bench, "g3", &bob, &[]).await;
        let owner = refusal(bench.store.begin_leaving_all_groups(bench.app, bob.clone(), NOW).await);
        assert_eq!(owner, Refusal::OwnerCannotLeave { group: group("g3"), owner: bob.clone() });
        assert_eq!(read(&bench, "g1").await.member_count, 2);
        bench.store.dismiss_group(bench.app, Actor::App, group("g3"), NOW).await.unwrap();
        let removal = bench.store.begin_leaving_all_groups(bench.app, bob.clone(), NOW).await.unwrap();
        let go_on = async || bench.store.go_on_leaving_all_groups(removal.clone(), NOW).await.unwrap();
        assert!(!go_on().await);
        // Whoever began it is gone: another finds it, and what has come about since stays.
        assert_eq!(bench.store.open_group_removals(10).await.unwrap(), std::slice::from_ref(&removal));
        create(&bench, "g4", &ann, &[]).await;
        let (app, later) = (bench.app, NOW.plus_ms(1));
        bench.store.join_group(app, group("g4"), vec![bob.clone()], later).await.unwrap();
        create(&bench, "g5", &ann, &[&bob]).await;
        bench.store.transfer_group(app, Actor::App, group("g5"), bob.clone(), None, NOW).await.unwrap();
        assert!(!go_on().await);
        assert!(go_on().await, "g4 is newer, and g5 was given to bob");
        assert_eq!(bench.store.open_group_removals(10).await.unwrap(), []);
        assert_eq!(members(&bench, "g4").await.len(), 2);
        assert_eq!(read(&bench, "g5").await.owner, bob);
        for id in ["g1", "g2"] {
            assert_eq!(members(&bench, id).await, pairs(&[("ann", 3)]));
            assert_eq!(read(&bench, id).await.member_count, 1);
        }
        let ghost = bench.store.begin_leaving_all_groups(bench.app, user("ghost"), NOW).await;
        assert_eq!(refusal(ghost), Refusal::NotRegistered(user("ghost")));
    }

    async fn a_dismissed_group_leaves_nothing_and_its_id_can_be_taken_again(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let (app, g) = (bench.app, group("g"));
        let both = vec![bob.clone()];
        bench.store.mute_in_group(app, Actor::App, Some(g.clone()), both.clone(), NOW.plus_ms(9), NOW).await.unwrap();
        bench.store.allow_group_senders(app, Actor::App, g.clone(), both.clone(), NOW).await.unwrap();
        bench.store.add_group_favorites(app, g.clone(), ann.clone(), both, NOW).await.unwrap();
        bench.store.freeze_groups(app, Actor::App, vec![g.clone()], true, NOW).await.unwrap();
        bench.store.dismiss_group(app, Actor::App, g.clone(), NOW).await.unwrap();
        let again = bench.store.dismiss_group(app, Actor::App, g.clone(), NOW).await;
        assert_eq!(refusal(again), Refusal::NoSuchGroup(g.clone()));
        let joined = bench.store.joined_groups(app, bob.clone(), None, None, 10, false).await;
        assert_eq!(joined.unwrap().items, []);
        create(&bench, "g", &bob, &[&ann]).await;
        let found = read(&bench, "g").await;
        assert_eq!((found.owner, found.frozen), (bob, false));
        let muted = bench.store.muted_in_group(app, Some(g.clone()), NOW).await;
        assert_eq!(muted.unwrap(), []);
        assert_eq!(bench.store.allowed_group_senders(app, g.clone()).await.unwrap(), []);
        assert_eq!(bench.store.group_favorites(app, g, ann).await.unwrap(), []);
    }

    async fn a_change_changes_what_it_names(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        create(&bench, "g", &ann, &[]).await;
        let change = async |change: GroupChange| {
            bench.store.update_group(bench.app, Actor::App, group("g"), change, NOW).await
        };
        let permissions = json!({ "memInvitePerm": 2 });
        change(GroupChange {
            profile: profile(&json!({ "name": "New", "introduction": "i", "announcement": "a" })),
            ext: ext(&[("ext_a", "1"), ("ext_b", "2")]),
            permissions: GroupPermissionsChange::parse(permissions.as_object().unwrap()).unwrap(),
        })
        .await
        .unwrap();
        change(GroupChange {
            profile: profile(&json!({ "introduction": "" })),
            ext: ext(&[("ext_a", ""), ("ext_c", "3")]),
            permissions: GroupPermissionsChange::default(),
        })
        .await
        .unwrap();
        let found = read(&bench, "g").await;
        assert_eq!(found.name, "New");
        assert_eq!(Value::Object(found.profile), json!({ "announcement": "a" }));
        assert_eq!(found.ext, ext(&[("ext_b", "2"), ("ext_c", "3")]));
        assert_eq!(found.permissions.numbers()["memInvitePerm"], 2);
        let keys: Vec<_> = (0..9).map(|n| format!("ext_k{n}")).collect();
        let many: Vec<_> = keys.iter().map(|key| (key.as_str(), "x")).collect();
        let full = change(GroupChange { ext: ext(&many), ..GroupChange::default() }).await;
        assert!(
            matches!(
                refusal(full),
                Refusal::Profile(ProfileError { fault: ProfileFault::TooManyKeys, .. })
            ),
            "nine and the two that stay are more than ten"
        );
    }

    async fn a_group_passes_to_a_member_and_the_owner_before_stays_or_leaves(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let transfer = async |to: &UserId, leaving| {
            bench.store.transfer_group(bench.app, Actor::App, group("g"), to.clone(), leaving, NOW).await
        };
        let outsider = Refusal::NotAMember { group: group("g"), user: cem.clone() };
        assert_eq!(refusal(transfer(&cem, None).await), outsider);
        assert!(matches!(refusal(transfer(&ann, None).await), Refusal::BadParameter(_)));
        transfer(&bob, None).await.unwrap();
        assert_eq!(read(&bench, "g").await.owner, bob);
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 1), ("bob", 3)]));
        transfer(&ann, Some(FORGET)).await.unwrap();
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3)]));
        let found = read(&bench, "g").await;
        assert_eq!((found.owner, found.member_count), (ann, 1));
    }

    async fn a_group_has_ten_admins_who_are_members(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        let others = bench.users(["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b"]);
        let others = others.await;
        let all: Vec<_> = others.iter().collect();
        create(&bench, "g", &ann, &all).await;
        let set = async |users: &[UserId], admins| {
            bench.store.set_group_admins(bench.app, Actor::App, group("g"), users.to_vec(), admins, NOW).await
        };
        set(&others[..9], true).await.unwrap();
        let full = Refusal::TooManyAdmins { limit: limits::GROUP_ADMINS };
        assert_eq!(refusal(set(&others[8..], true).await), full);
        set(&others[8..10], true).await.unwrap();
        assert_eq!(refusal(set(std::slice::from_ref(&ann), true).await), Refusal::OwnerAsAdmin(ann.clone()));
        let stranger = Refusal::NotAMember { group: group("g"), user: user("x") };
        assert_eq!(refusal(set(&[user("x")], true).await), stranger);
        set(&[others[0].clone(), ann.clone(), user("x"), others[10].clone()], false).await.unwrap();
        let admins = bench.store.group_members(
            bench.app, group("g"), Some(GroupRole::Admin), None, 100, false).await.unwrap();
        assert_eq!(admins.total, 9);
        assert!(admins.page.items.iter().all(|member| member.role == GroupRole::Admin));
        assert!(admins.page.items.iter().all(|member| member.user != others[0]));
    }

    async fn what_a_member_is_called_and_calls_the_group_goes_with_the_member(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let (app, g) = (bench.app, group("g"));
        let nickname = Some(Nickname::try_from("Bobby").unwrap());
        let extra = Some(MemberExtra::try_from("x").unwrap());
        let set = async |who: &UserId, nickname, extra| {
            bench.store.set_group_member(app, Actor::App, g.clone(), who.clone(), nickname, extra, NOW).await
        };
        set(&bob, nickname.clone(), None).await.unwrap();
        set(&bob, None, extra).await.unwrap();
        let found = bench.store.group_members_of(app, g.clone(), vec![user("x"), bob.clone()]);
        let found = found.await.unwrap();
        let [member] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((member.nickname.as_str(), member.extra.as_str()), ("Bobby", "x"));
        let alias = async |who: &UserId| bench.store.group_alias(app, g.clone(), who.clone()).await;
        let call = Alias::try_from("ours").unwrap();
        bench.store.set_group_alias(app, g.clone(), bob.clone(), call.clone(), NOW).await.unwrap();
        assert_eq!(alias(&bob).await.unwrap(), "ours");
        assert_eq!(alias(&ann).await.unwrap(), "", "another member calls it otherwise");
        bench.store.leave_group(app, Actor::App, g.clone(), vec![bob.clone()], FORGET, NOW).await.unwrap();
        let none = Refusal::NotAMember { group: g.clone(), user: bob.clone() };
        assert_eq!(refusal(alias(&bob).await), none);
        assert_eq!(refusal(set(&bob, nickname, None).await), none);
        let call = bench.store.set_group_alias(app, g.clone(), bob.clone(), call, NOW).await;
        assert_eq!(refusal(call), none);
    }

    async fn members_and_groups_are_read_page_by_page(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        let users = bench.users(["u1", "u2", "u3", "u4", "u5"]).await;
        create(&bench, "g", &ann, &[]).await;
        for (step, pair) in (1..).zip(users.chunks(2)) {
            let at = NOW.plus_ms(step);
            bench.store.join_group(bench.app, group("g"), pair.to_vec(), at).await.unwrap();
        }
        for newest_first in [false, true] {
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = bench.store.group_members(
                    bench.app, group("g"), None, after, 2, newest_first).await.unwrap();
                assert_eq!(page.total, 6);
                found.extend(page.page.items.into_iter().map(|member| member.user.to_string()));
                after = page.page.next;
                if after.is_none() {
                    break;
                }
            }
            let expected = if newest_first {
                ["u5", "u3", "u4", "u1", "u2", "ann"]
            } else {
                ["ann", "u1", "u2", "u3", "u4", "u5"]
            };
            assert_eq!(found, expected);
        }
        for (step, id) in (0..).zip(["h1", "h2", "h3"]) {
            let at = NOW.plus_ms(10 + step);
            bench.store.create_group(bench.app, Actor::App, new(id, &users[0], &[&ann]), at).await.unwrap();
        }
        for newest_first in [false, true] {
            let (mut all, mut joined) = (Vec::new(), Vec::new());
            let mut after = None;
            loop {
                let page = bench.store.all_groups(bench.app, after, 3, newest_first).await.unwrap();
                all.extend(page.items.into_iter().map(|group| group.id.to_string()));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let mut after = None;
            loop {
                let page = bench.store.joined_groups(
                    bench.app, ann.clone(), None, after, 3, newest_first).await.unwrap();
                joined.extend(page.items.into_iter().map(|joined| joined.group.id.to_string()));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let mut expected = ["g", "h1", "h2", "h3"];
            if newest_first {
                expected.reverse();
            }
            assert_eq!(all, expected);
            assert_eq!(joined, expected);
        }
        let owned = bench.store.joined_groups(
            bench.app, ann, Some(GroupRole::Owner), None, 10, false).await.unwrap();
        let [owned] = owned.items.as_slice() else { panic!("{owned:?}") };
        assert_eq!((owned.group.id.clone(), owned.role), (group("g"), GroupRole::Owner));
    }

    async fn a_member_follows_members_until_one_of_them_leaves(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        let (app, g) = (bench.app, group("g"));
        let follow = async |who: &UserId, whom: &[&UserId]| {
            let whom = whom.iter().copied().cloned().collect();
            bench.store.add_group_favorites(app, g.clone(), who.clone(), whom, NOW).await
        };
        let followed = async |who: &UserId| {
            let found = bench.store.group_favorites(app, g.clone(), who.clone()).await?;
            Ok::<_, StoreError>(found.into_iter().map(|favorite| favorite.user).collect::<Vec<_>>())
        };
        follow(&ann, &[&bob]).await.unwrap();
        follow(&ann, &[&cem, &bob]).await.unwrap();
        follow(&bob, &[&cem]).await.unwrap();
        assert_eq!(followed(&ann).await.unwrap(), [bob.clone(), cem.clone()]);
        let stranger = Refusal::NotAMember { group: g.clone(), user: user("x") };
        assert_eq!(refusal(follow(&ann, &[&user("x")]).await), stranger);
        assert_eq!(refusal(followed(&user("x")).await), stranger);
        let gone = vec![bob.clone(), user("x")];
        bench.store.remove_group_favorites(app, g.clone(), ann.clone(), gone, NOW).await.unwrap();
        assert_eq!(followed(&ann).await.unwrap(), std::slice::from_ref(&cem));
        bench.store.leave_group(app, Actor::App, g.clone(), vec![cem], FORGET, NOW).await.unwrap();
        assert_eq!(followed(&ann).await.unwrap(), []);
        assert_eq!(followed(&bob).await.unwrap(), []);
    }

    async fn every_change_is_in_the_audit_trail_and_nothing_else(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        let (app, g, store) = (bench.app, group("g"), bench.store.by(app_server()));
        store.create_group(app, Actor::App, new("g", &ann, &[]), NOW).await.unwrap();
        for _ in 0..2 {
            store.join_group(app, g.clone(), vec![bob.clone()], NOW).await.unwrap();
            store.set_group_admins(app, Actor::App, g.clone(), vec![bob.clone()], true, NOW).await.unwrap();
            let change = GroupChange { profile: profile(&json!({ "name": "N" })), ..GroupChange::default() };
            store.update_group(app, Actor::App, g.clone(), change, NOW).await.unwrap();
            store.freeze_groups(app, Actor::App, vec![g.clone()], true, NOW).await.unwrap();
        }
        store.leave_group(app, Actor::App, g.clone(), vec![bob], FORGET, NOW).await.unwrap();
        store.dismiss_group(app, Actor::App, g, NOW).await.unwrap();
        let found = trail(&bench).await;
        let short: Vec<_> =
            found.iter().map(|(operation, user, _)| (operation.as_str(), user.as_str())).collect();
        assert_eq!(
            short,
            [
                ("group.create", "ann"),
                ("group.join", "ann"),
                ("group.join", "bob"),
                ("group.role", "bob"),
                ("group.update", ""),
                ("group.freeze", ""),
                ("group.leave", "bob"),
                ("group.dismiss", ""),
            ]
        );
        assert!(found.iter().all(|(_, _, after)| after.contains(r#""group":"g""#)), "{found:?}");
    }

    async fn a_test_user_who_is_deleted_leaves_its_groups(bench: Bench) {
        let app = make_app(&bench.store, "dev", Environment::Development).await.id;
        let mut bench = bench;
        bench.app = app;
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let owner = bench.store.delete_users(app, vec![ann.clone()], NOW).await;
        assert_eq!(refusal(owner), Refusal::OwnerCannotLeave { group: group("g"), owner: ann });
        bench.store.delete_users(app, vec![bob], NOW).await.unwrap();
        assert_eq!(members(&bench, "g").await, pairs(&[("ann", 3)]));
        assert_eq!(read(&bench, "g").await.member_count, 1);
    }
}
