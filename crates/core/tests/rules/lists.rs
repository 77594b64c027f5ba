//! Pages of lists, and what a token is good for.

use nuncio_core::friends::{Added, How, RequestsFilter};
use nuncio_protocol::frames::friend_application::Status;
use nuncio_protocol::values::FriendExtra;
use nuncio_protocol::{Refusal, UserId, limits};

use crate::harness::{Bench, refusal, user};

fn many(count: usize) -> Vec<UserId> {
    (0..count).map(|number| user(&format!("t{number:04}"))).collect()
}

#[tokio::test]
async fn tokens_lead_through_the_whole_list() {
    let bench = Bench::new().await;
    let [alice] = bench.users(["alice"]).await;
    let targets = many(25);
    bench.core.block(bench.app, alice.clone(), targets.clone()).await.unwrap();
    let (mut found, mut pages, mut token) = (Vec::new(), 0, None::<String>);
    loop {
        let (alice, token_now) = (alice.clone(), token.as_deref());
        let page = bench.core.blocklist(bench.app, alice, token_now, 10).await.unwrap();
        found.extend(page.items);
        pages += 1;
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((pages, found), (3, targets));
}

#[tokio::test]
async fn a_token_of_another_query_is_refused() {
    let bench = Bench::new().await;
    let [alice, bob] = bench.users(["alice", "bob"]).await;
    let (core, app) = (&bench.core, bench.app);
    for owner in [&alice, &bob] {
        core.block(app, owner.clone(), many(3)).await.unwrap();
        core.whitelist_add(app, owner.clone(), many(3)).await.unwrap();
    }
    let page = core.blocklist(app, alice.clone(), None, 2).await.unwrap();
    let token = page.next.as_deref();
    assert_eq!(core.blocklist(app, alice.clone(), token, 2).await.unwrap().items.len(), 1);
    let others = [
        refusal(core.blocklist(app, bob.clone(), token, 2).await),
        refusal(core.whitelist(app, alice.clone(), token, 2).await),
        refusal(core.friends(app, alice.clone(), token, 2, false).await),
        refusal(core.blocklist(app, alice, Some("nonsense"), 2).await),
    ];
    assert!(others.iter().all(|refusal| *refusal == Refusal::BadPageToken), "{others:?}");
}

#[tokio::test]
async fn a_token_of_friends_belongs_to_its_order_and_filter() {
    let bench = Bench::new().await;
    let [alice, a, b] = bench.users(["alice", "a", "b"]).await;
    let (core, app) = (&bench.core, bench.app);
    let extra = || FriendExtra::try_from("").unwrap();
    for friend in [&a, &b] {
        let (asker, target) = (alice.clone(), friend.clone());
        let how = How::ObeyPermission;
        let added = core.add_friend(app, asker.clone(), target.clone(), how, extra()).await;
        assert_eq!(added.unwrap(), Added::Requested);
        core.answer_friend_request(app, target, asker, true).await.unwrap();
    }
    let page = core.friends(app, alice.clone(), None, 1, true).await.unwrap();
    assert_eq!((page.friends[0].user_id.as_str(), page.total), ("a", 2));
    let next = page.next.as_deref();
    let last = core.friends(app, alice.clone(), next, 1, true).await.unwrap();
    assert_eq!((last.friends[0].user_id.as_str(), last.next), ("b", None));
    let turned = core.friends(app, alice.clone(), next, 1, false).await;
    assert_eq!(refusal(turned), Refusal::BadPageToken);

    let all = RequestsFilter::default();
    let page = core.friend_requests(app, alice.clone(), all.clone(), None, 1).await.unwrap();
    assert_eq!((page.requests.len(), page.total), (1, 2));
    let next = page.next.as_deref();
    assert_eq!(
        core.friend_requests(app, alice.clone(), all, next, 1).await.unwrap().requests.len(),
        1
    );
    let pending = RequestsFilter { statuses: vec![Status::Pending], ..Default::default() };
    let filtered = core.friend_requests(app, alice, pending, next, 1).await;
    assert_eq!(refusal(filtered), Refusal::BadPageToken);
}

#[tokio::test]
async fn no_question_names_more_than_100_users() {
    let bench = Bench::new().await;
    let [alice] = bench.users(["alice"]).await;
    let (core, app, crowd) = (&bench.core, bench.app, many(limits::LARGE_BATCH + 1));
    let too_many = Refusal::TooManyIds { limit: limits::LARGE_BATCH };
    assert_eq!(refusal(core.profiles_seen_by(app, &alice, crowd.clone()).await), too_many);
    assert_eq!(refusal(core.are_friends(app, alice.clone(), crowd.clone()).await), too_many);
    assert_eq!(refusal(core.friends_info(app, &alice, crowd.clone()).await), too_many);
    let crowd = crowd[1..].to_vec();
    assert_eq!(core.are_friends(app, alice, crowd).await.unwrap().len(), limits::LARGE_BATCH);
}

#[tokio::test]
async fn old_friend_requests_are_forgotten() {
    let bench = Bench::new().await;
    let [alice, bob] = bench.users(["alice", "bob"]).await;
    let extra = FriendExtra::try_from("").unwrap();
    let (core, app) = (&bench.core, bench.app);
    core.add_friend(app, alice.clone(), bob, How::ObeyPermission, extra).await.unwrap();
    let day = 24 * 60 * 60 * 1000;
    bench.clock.advance_ms(30 * day);
    assert_eq!(core.prune_friend_requests().await.unwrap(), 0);
    let all = RequestsFilter::default();
    let page = core.friend_requests(app, alice, all, None, 10).await.unwrap();
    assert_eq!(page.requests[0].status(), Status::Expired);
    bench.clock.advance_ms(1);
    assert_eq!(core.prune_friend_requests().await.unwrap(), 1);
}
