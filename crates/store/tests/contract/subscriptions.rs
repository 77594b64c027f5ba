//! Subscriptions.

use futures_util::future::join_all;
use nuncio_protocol::frames::SubscriptionType;
use nuncio_protocol::{Refusal, UserId, limits};
use nuncio_store::StoreError;

use crate::harness::{Bench, NOW, contract, refusal, user};

const ONLINE: SubscriptionType = SubscriptionType::OnlineStatus;

/// Subscribes for so many milliseconds.
async fn subscribe(
    bench: &Bench,
    subscriber: &UserId,
    targets: Vec<UserId>,
    ms: i64,
) -> Result<(), StoreError> {
    let (subscriber, until) = (subscriber.clone(), NOW.plus_ms(ms));
    bench.store.subscribe(bench.app, subscriber, targets, ONLINE, until, NOW).await
}

async fn subscribers(
    bench: &Bench,
    target: &UserId,
    kind: SubscriptionType,
    ms: i64,
) -> Vec<UserId> {
    let now = NOW.plus_ms(ms);
    let found = bench.store.subscribers(bench.app, target.clone(), kind, now).await;
    let mut found = found.unwrap();
    found.sort();
    found
}

fn many(prefix: &str, count: usize) -> Vec<UserId> {
    (0..count).map(|number| user(&format!("{prefix}{number}"))).collect()
}

contract! {
    async fn a_subscription_lasts_until_its_end_or_until_it_is_ended(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        subscribe(&bench, &alice, vec![carl.clone()], 1000).await.unwrap();
        subscribe(&bench, &bob, vec![carl.clone()], 2000).await.unwrap();
        assert_eq!(subscribers(&bench, &carl, ONLINE, 999).await, [alice.clone(), bob.clone()]);
        assert_eq!(subscribers(&bench, &carl, ONLINE, 1000).await, std::slice::from_ref(&bob));
        let profile = SubscriptionType::Profile;
        assert_eq!(subscribers(&bench, &carl, profile, 0).await, [], "the kinds are apart");
        // Again: lasts longer, and is still one.
        subscribe(&bench, &alice, vec![carl.clone()], 3000).await.unwrap();
        assert_eq!(subscribers(&bench, &carl, ONLINE, 2500).await, std::slice::from_ref(&alice));
        for _ in 0..2 {
            let gone = vec![carl.clone(), user("nobody")];
            bench.store.unsubscribe(bench.app, alice.clone(), gone, ONLINE).await.unwrap();
        }
        assert_eq!(subscribers(&bench, &carl, ONLINE, 0).await, [bob]);
    }

    async fn who_is_blocked_by_the_target_hears_nothing(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        for subscriber in [&alice, &bob] {
            subscribe(&bench, subscriber, vec![carl.clone()], 1000).await.unwrap();
        }
        bench.store.block(bench.app, carl.clone(), vec![bob], NOW).await.unwrap();
        assert_eq!(subscribers(&bench, &carl, ONLINE, 0).await, [alice]);
    }

    async fn ones_subscriptions_are_read_page_by_page(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for (step, id) in (0..).zip(["c", "a", "b"]) {
            let now = NOW.plus_ms(step);
            let (targets, until) = (vec![user(id)], now.plus_ms(1000));
            bench.store.subscribe(bench.app, alice.clone(), targets, ONLINE, until, now).await.unwrap();
        }
        let read = async |after, ms| {
            let (alice, now) = (alice.clone(), NOW.plus_ms(ms));
            bench.store.subscriptions(bench.app, alice, ONLINE, after, 2, now).await.unwrap()
        };
        let page = read(None, 10).await;
        assert_eq!(page.items.len(), 2);
        assert_eq!((page.items[0].user_id.as_str(), page.items[0].subscribed_at), ("c", NOW.0));
        assert_eq!(page.items[1].expires_at, NOW.0 + 1001);
        let page = read(page.next, 10).await;
        assert_eq!((page.items[0].user_id.as_str(), page.next), ("b", None));
        assert_eq!(read(None, 1000).await.items[0].user_id, "a", "what has ended is not shown");
    }

    async fn what_has_ended_is_pruned(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        subscribe(&bench, &alice, vec![bob.clone(), user("c")], 1000).await.unwrap();
        subscribe(&bench, &bob, vec![alice.clone()], 2000).await.unwrap();
        let prune = async |ms| bench.store.prune_subscriptions(NOW.plus_ms(ms)).await.unwrap();
        assert_eq!(prune(999).await, 0);
        assert_eq!(prune(1000).await, 2);
        assert_eq!(subscribers(&bench, &alice, ONLINE, 0).await, [bob]);
        assert_eq!(prune(2000).await, 1);
    }

    async fn only_a_registered_user_subscribes_and_not_to_itself(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let outcome = subscribe(&bench, &user("ghost"), vec![alice.clone()], 1000).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("ghost")));
        let outcome = subscribe(&bench, &alice, vec![user("b"), alice.clone()], 1000).await;
        assert!(matches!(refusal(outcome), Refusal::BadParameter(_)));
        assert_eq!(subscribers(&bench, &user("b"), ONLINE, 0).await, [], "all or nothing");
    }

    async fn one_has_1000_subscriptions_even_when_made_at_once(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let most = many("t", limits::SUBSCRIPTIONS - 5);
        subscribe(&bench, &alice, most.clone(), 1000).await.unwrap();
        subscribe(&bench, &alice, most, 2000).await.unwrap();
        let late = many("late", 12);
        let subscribes = late.iter().map(|to| subscribe(&bench, &alice, vec![to.clone()], 2000));
        let outcomes = join_all(subscribes).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            let full = Refusal::TooManySubscriptions { limit: limits::SUBSCRIPTIONS };
            assert_eq!(refusal(outcome), full);
        }
        // What has ended does not count, even before it is pruned.
        let now = NOW.plus_ms(2000);
        let until = now.plus_ms(1000);
        bench.store.subscribe(bench.app, alice, late, ONLINE, until, now).await.unwrap();
    }

    async fn a_target_has_5000_subscribers_even_when_they_come_at_once(bench: Bench) {
        let [target, ..] = bench.users(["target"]).await;
        let crowd = many("u", limits::SUBSCRIBERS + 5);
        join_all(crowd.iter().map(|user| bench.users([user.as_str()]))).await;
        let subscribes = crowd.iter().map(|user| subscribe(&bench, user, vec![target.clone()], 1000));
        let outcomes = join_all(subscribes).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), limits::SUBSCRIBERS);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(outcome), Refusal::TooManySubscribers(target.clone()));
        }
        let found = subscribers(&bench, &target, ONLINE, 0).await;
        assert_eq!(found.len(), limits::SUBSCRIBERS);
        // Who subscribes already may go on; when others' subscriptions have ended, there is room again.
        subscribe(&bench, &found[0], vec![target.clone()], 5000).await.unwrap();
        let out = crowd.iter().find(|user| !found.contains(user)).unwrap().clone();
        let now = NOW.plus_ms(1000);
        let until = now.plus_ms(1000);
        bench.store.subscribe(bench.app, out, vec![target], ONLINE, until, now).await.unwrap();
    }
}
