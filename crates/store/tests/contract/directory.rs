//! Users as an operator looks for them.

use nuncio_protocol::frames::ProfileVisibility;
use nuncio_protocol::values::{BasicProfileChange, Name};
use nuncio_protocol::{Timestamp, UserId};
use nuncio_store::directory::{Counted, Listed, Relations, Standing};
use serde_json::json;

use crate::groups;
use crate::harness::{Bench, NOW, contract, user};

async fn register(bench: &Bench, id: &str, name: &str, age_ms: i64) {
    let name = Name::try_from(name).unwrap();
    bench.store.register(bench.app, user(id), name, None, NOW.plus_ms(-age_ms)).await.unwrap();
}

fn ids(found: &[Listed]) -> Vec<&str> {
    found.iter().map(|user| user.id.as_str()).collect()
}

contract! {
    async fn the_newest_come_first_page_by_page(bench: Bench) {
        for (id, age) in [("a", 2), ("b", 1), ("c", 1), ("d", 1), ("e", 0)] {
            register(&bench, id, "N", age).await;
        }
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = bench.store.newest_users(bench.app, after, 2).await.unwrap();
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ids(&all), ["e", "d", "c", "b", "a"]);
    }

    async fn an_id_is_found_by_how_it_begins_byte_by_byte(bench: Bench) {
        for id in ["A-1", "a-1", "a_1", "a1", "a2", "aB", "b"] {
            register(&bench, id, "N", 0).await;
        }
        let find = async |prefix: &str, after: Option<UserId>, limit| {
            bench.store.users_by_id(bench.app, prefix.to_owned(), after, limit).await.unwrap()
        };
        assert_eq!(ids(&find("a", None, 10).await), ["a-1", "a1", "a2", "aB", "a_1"]);
        assert_eq!(ids(&find("a", None, 2).await), ["a-1", "a1"]);
        assert_eq!(ids(&find("a", Some(user("a1")), 2).await), ["a2", "aB"]);
        assert_eq!(ids(&find("a_", None, 10).await), ["a_1"]);
        assert!(find("%", None, 10).await.is_empty());
    }

    async fn a_group_is_found_by_how_its_id_begins_byte_by_byte(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        for id in ["A-1", "a-1", "a_1", "a1", "a2", "aB", "b"] {
            groups::create(&bench, id, &ann, &[]).await;
        }
        let find = async |prefix: &str, after: Option<&str>, limit| {
            let after = after.map(groups::group);
            let found = bench.store.groups_by_id(bench.app, prefix.to_owned(), after, limit).await;
            found.unwrap().into_iter().map(|group| group.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(find("a", None, 10).await, ["a-1", "a1", "a2", "aB", "a_1"]);
        assert_eq!(find("a", None, 2).await, ["a-1", "a1"]);
        assert_eq!(find("a", Some("a1"), 2).await, ["a2", "aB"]);
        assert!(find("%", None, 10).await.is_empty());
    }

    async fn members_of_several_groups_are_told_in_the_order_asked_for(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        groups::create(&bench, "g1", &ann, &[]).await;
        groups::create(&bench, "g2", &bob, &[&ann]).await;
        let asked = [("g2", &bob), ("g1", &ann), ("g1", &bob), ("nowhere", &ann)];
        let asked = asked.map(|(id, user)| (groups::group(id), user.clone())).to_vec();
        let found = bench.store.members_of_groups(bench.app, asked).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|member| member.map(|m| m.user)).collect();
        assert_eq!(found, [Some(bob), Some(ann), None, None]);
    }

    async fn a_user_is_known_by_the_profile_unless_it_is_hidden_or_lacks_it(bench: Bench) {
        register(&bench, "ann", "Push name", 0).await;
        let basic = json!({ "name": "Profile name" });
        let basic = BasicProfileChange::parse(basic.as_object().unwrap()).unwrap();
        let names = async || {
            let ids = vec![user("nobody"), user("ann")];
            let found = bench.store.known_as(bench.app, ids).await.unwrap();
            found.into_iter().map(|known| known.name).collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["", "Push name"]);
        bench.store.set_profile(bench.app, user("ann"), basic, None, NOW).await.unwrap();
        assert_eq!(names().await, ["", "Profile name"]);
        let hidden = ProfileVisibility::Invisible;
        bench.store.set_profile_visibility(bench.app, user("ann"), hidden).await.unwrap();
        assert_eq!(names().await, ["", "Push name"]);
    }

    async fn a_name_is_found_whatever_the_case_of_its_letters(bench: Bench) {
        for (id, name) in [("1", "anna b"), ("2", "Anna A"), ("3", "ANNA"), ("4", "Bob"), ("5", "An%")] {
            register(&bench, id, name, 0).await;
        }
        let find = async |prefix: &str, limit| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let (app, prefix) = (bench.app, prefix.to_owned());
                let page = bench.store.users_by_name(app, prefix, after, limit).await.unwrap();
                assert!(page.len() <= usize::try_from(limit).unwrap());
                let Some((place, _)) = page.last() else { return all };
                after = Some(place.clone());
                all.extend(page.into_iter().map(|(_, user)| user));
            }
        };
        assert_eq!(ids(&find("aNNa", 10).await), ["3", "2", "1"]);
        assert_eq!(ids(&find("an%", 10).await), ["5"]);
        // Namesakes, page by page.
        for id in ["6", "7", "8", "9"] {
            register(&bench, id, ["Zoe", "zoe"][usize::from(id > "7")], 0).await;
        }
        for limit in [1, 2, 3, 4, 5] {
            assert_eq!(ids(&find("zo", limit).await), ["6", "7", "8", "9"], "{limit}");
            assert_eq!(ids(&find("anna", limit).await), ["3", "2", "1"], "{limit}");
        }
    }

    async fn users_of_a_standing_are_listed_page_by_page(bench: Bench) {
        let ids_of = |all: &[Listed]| all.iter().map(|user| user.id.to_string()).collect::<Vec<_>>();
        for id in ["a", "b", "c", "d", "e", "f", "g"] {
            register(&bench, id, "N", 0).await;
        }
        let hour = NOW.plus_ms(3_600_000);
        for (id, until) in [("a", hour), ("b", Timestamp::FOREVER), ("c", hour), ("d", NOW.plus_ms(1))] {
            bench.store.ban(bench.app, vec![user(id)], until, String::new(), false, NOW).await.unwrap();
        }
        bench.store.mute(bench.app, vec![user("c"), user("a"), user("e")], true, NOW).await.unwrap();
        for (id, later) in [("f", 1), ("g", 2)] {
            let (app, at) = (bench.app, NOW.plus_ms(later));
            bench.store.soft_delete(app, vec![user(id)], "op".to_owned(), at).await.unwrap();
        }
        let now = NOW.plus_ms(10);
        for limit in [1, 2, 3, 10] {
            let all = async |standing| {
                let (mut all, mut after) = (Vec::new(), None);
                loop {
                    let app = bench.app;
                    let page = bench.store.users_of(app, standing, after, limit, now).await.unwrap();
                    all.extend(page.items);
                    after = page.next;
                    if after.is_none() {
                        return ids_of(&all);
                    }
                }
            };
            assert_eq!(all(Standing::Banned).await, ["b", "c", "a"], "{limit}");
            assert_eq!(all(Standing::Muted).await, ["a", "c", "e"], "{limit}");
            assert_eq!(all(Standing::SoftDeleted).await, ["g", "f"], "{limit}");
        }
    }

    async fn users_and_their_lists_are_counted(bench: Bench) {
        let [ada, bob] = bench.users(["ada", "bob"]).await;
        bench.store.soft_delete(bench.app, vec![bob.clone()], "op".to_owned(), NOW).await.unwrap();
        let counted = bench.store.count_users(bench.app).await.unwrap();
        assert_eq!(counted, Counted { registered: 1, soft_deleted: 1 });
        bench.store.block(bench.app, ada.clone(), vec![bob], NOW).await.unwrap();
        let counted = bench.store.count_relations(bench.app, ada).await.unwrap();
        assert_eq!(counted, Relations { blocklist: 1, whitelist: 0, friends: 0 });
    }
}
