//! Tags.

use nuncio_protocol::values::Tag;
use nuncio_protocol::{Refusal, UserId};

use crate::harness::{Bench, NOW, contract, refusal, user};

async fn set(bench: &Bench, users: &[&UserId], tags: &[&str]) {
    let users = users.iter().map(|&user| user.clone()).collect();
    let tags = tags.iter().map(|tag| Tag::try_from(*tag).unwrap()).collect();
    bench.store.set_tags(bench.app, users, tags, NOW).await.unwrap();
}

async fn tags(bench: &Bench, users: &[&UserId]) -> Vec<(String, Vec<String>)> {
    let users = users.iter().map(|&user| user.clone()).collect();
    let found = bench.store.tags(bench.app, users).await.unwrap();
    let text = |tags: Vec<Tag>| tags.iter().map(|tag| tag.as_str().to_owned()).collect();
    found.into_iter().map(|(user, tags)| (user.to_string(), text(tags))).collect()
}

contract! {
    async fn setting_replaces_all_tags_of_all_named(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        set(&bench, &[&alice], &["old"]).await;
        set(&bench, &[&alice, &bob], &["vip", "贵宾", "vip", "a\"b"]).await;
        let expected = vec!["vip".to_owned(), "贵宾".to_owned(), "a\"b".to_owned()];
        let both = tags(&bench, &[&bob, &alice]).await;
        assert_eq!(both, [("bob".to_owned(), expected.clone()), ("alice".to_owned(), expected)]);
        set(&bench, &[&alice], &[]).await;
        assert_eq!(tags(&bench, &[&alice]).await, [("alice".to_owned(), vec![])]);
    }

    async fn an_unknown_user_is_named_and_nothing_is_set(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let users = vec![alice.clone(), user("nobody")];
        let tag = Tag::try_from("vip").unwrap();
        let outcome = bench.store.set_tags(bench.app, users.clone(), vec![tag], NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        assert_eq!(tags(&bench, &[&alice]).await[0].1, Vec::<String>::new());
        let outcome = bench.store.tags(bench.app, users).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
    }

    async fn who_is_soft_deleted_has_none_at_once_and_gets_none(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        set(&bench, &[&alice], &["vip"]).await;
        let users = vec![alice.clone()];
        bench.store.soft_delete(bench.app, users.clone(), "op".to_owned(), NOW).await.unwrap();
        assert_eq!(tags(&bench, &[&alice]).await[0].1, Vec::<String>::new());
        let outcome = bench.store.set_tags(bench.app, users, Vec::new(), NOW).await;
        assert_eq!(refusal(outcome), Refusal::SoftDeleted(alice));
    }
}
