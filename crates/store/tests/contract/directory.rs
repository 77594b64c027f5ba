//! Users as an operator looks for them.

use nuncio_protocol::UserId;
use nuncio_protocol::values::Name;
use nuncio_store::directory::{Counted, Listed, Relations};

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

    async fn a_name_is_found_whatever_the_case_of_its_letters(bench: Bench) {
        for (id, name) in [("1", "anna b"), ("2", "Anna A"), ("3", "ANNA"), ("4", "Bob"), ("5", "An%")] {
            register(&bench, id, name, 0).await;
        }
        let find = async |prefix: &str, skip, limit| {
            bench.store.users_by_name(bench.app, prefix.to_owned(), skip, limit).await.unwrap()
        };
        assert_eq!(ids(&find("aNNa", 0, 10).await), ["3", "2", "1"]);
        assert_eq!(ids(&find("anna", 1, 1).await), ["2"]);
        assert_eq!(ids(&find("an%", 0, 10).await), ["5"]);
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
