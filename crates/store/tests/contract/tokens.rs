//! Which tokens are void, and who may log in.

use nuncio_protocol::values::{Content, MessageType, Name};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::StoreError;
use nuncio_store::apps::App;
use nuncio_store::messages::{By, Draft};
use nuncio_store::tokens::Admission;

use crate::harness::{Bench, NOW, contract, refusal, user};

/// Issues a token at `at`, as far as the store is concerned.
async fn issue(bench: &Bench, user: &UserId, at: Timestamp) -> Timestamp {
    let name = Name::try_from("x").unwrap();
    bench.store.register(bench.app, user.clone(), name, None, at).await.unwrap()
}

async fn log_in(
    bench: &Bench,
    user: &UserId,
    issued_at: Timestamp,
    now: Timestamp,
) -> Result<Admission, StoreError> {
    bench.store.admit(bench.app, user.clone(), issued_at, 1, now).await
}

async fn expire(bench: &Bench, user: &UserId, before: Timestamp) {
    bench.store.expire_tokens(bench.app, vec![user.clone()], before, NOW).await.unwrap();
}

async fn ban_and_void(bench: &Bench, user: &UserId, now: Timestamp) {
    let users = vec![user.clone()];
    bench.store.ban(bench.app, users.clone(), now, String::new(), true, now).await.unwrap();
    bench.store.unban(bench.app, users, NOW).await.unwrap();
}

contract! {
    async fn a_login_is_told_the_account_and_the_bounds_of_the_inbox(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        bench.store.mute(bench.app, vec![alice.clone()], true, NOW).await.unwrap();
        let admission = log_in(&bench, &alice, NOW, NOW).await.unwrap();
        assert_eq!((admission.inbox_head, admission.inbox_floor), (1, 0));
        assert!(admission.account.muted_in_direct_channels);
        assert_eq!(admission.account, bench.store.account(bench.app, alice).await.unwrap());
    }

    async fn tokens_issued_before_the_mark_are_void_and_later_ones_live(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let mark = NOW.plus_ms(1000);
        expire(&bench, &alice, mark).await;
        for (issued, lives) in [(0, false), (999, false), (1000, true), (2000, true)] {
            let outcome = log_in(&bench, &alice, NOW.plus_ms(issued), mark).await;
            if lives {
                outcome.unwrap();
            } else {
                assert_eq!(refusal(outcome), Refusal::TokenExpired);
            }
        }
        log_in(&bench, &bob, NOW, mark).await.unwrap();
    }

    async fn an_earlier_mark_revives_nothing(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        expire(&bench, &alice, NOW.plus_ms(1000)).await;
        expire(&bench, &alice, NOW).await;
        let outcome = log_in(&bench, &alice, NOW.plus_ms(500), NOW).await;
        assert_eq!(refusal(outcome), Refusal::TokenExpired);
    }

    async fn a_batch_with_an_unknown_user_expires_nothing(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let users = vec![alice.clone(), user("nobody")];
        let outcome = bench.store.expire_tokens(bench.app, users, NOW.plus_ms(1), NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        log_in(&bench, &alice, NOW, NOW).await.unwrap();
    }

    // An app server whose clock is ahead expires, and issues at once.
    async fn a_token_is_never_dead_when_issued(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        expire(&bench, &alice, NOW.plus_ms(3000)).await;
        let issued_at = issue(&bench, &alice, NOW.plus_ms(1)).await;
        log_in(&bench, &alice, issued_at, NOW.plus_ms(1)).await.unwrap();
    }

    async fn voiding_and_issuing_within_a_millisecond_are_told_apart(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for _ in 0..3 {
            let before = issue(&bench, &alice, NOW).await;
            log_in(&bench, &alice, before, NOW).await.unwrap();
            ban_and_void(&bench, &alice, NOW).await;
            assert_eq!(refusal(log_in(&bench, &alice, before, NOW).await), Refusal::TokenExpired);
            let after = issue(&bench, &alice, NOW).await;
            log_in(&bench, &alice, after, NOW).await.unwrap();
        }
    }

    // The node that issued has a faster clock than the one that bans.
    async fn voiding_reaches_tokens_from_a_faster_clock(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let issued_at = issue(&bench, &alice, NOW.plus_ms(700)).await;
        ban_and_void(&bench, &alice, NOW).await;
        assert_eq!(refusal(log_in(&bench, &alice, issued_at, NOW).await), Refusal::TokenExpired);
    }

    async fn who_was_deleted_for_good_and_comes_again_starts_without_tokens(bench: Bench) {
        let app = crate::harness::make_app(
            &bench.store,
            "dev",
            nuncio_store::apps::Environment::Development,
        )
        .await
        .id;
        let name = Name::try_from("x").unwrap();
        let register = |at| bench.store.register(app, user("alice"), name.clone(), None, at);
        let old = register(NOW).await.unwrap();
        bench.store.delete_users(app, vec![user("alice")], NOW).await.unwrap();
        let outcome = bench.store.admit(app, user("alice"), old, 1, NOW).await;
        assert_eq!(refusal(outcome), Refusal::UserDeleted);
        let new = register(NOW.plus_ms(1)).await.unwrap();
        let outcome = bench.store.admit(app, user("alice"), old, 1, NOW).await;
        assert_eq!(refusal(outcome), Refusal::TokenExpired);
        bench.store.admit(app, user("alice"), new, 1, NOW).await.unwrap();
    }

    async fn a_voided_token_sends_nothing_unless_the_app_leaves_connections_alone(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        expire(&bench, &alice, NOW.plus_ms(1)).await;
        let send = || {
            let draft = Draft {
                app: bench.app,
                sender: alice.clone(),
                by: By::Client { token_issued_at: NOW, secret_version: 1 },
                client_id: None,
                r#type: MessageType::try_from("RC:TxtMsg").unwrap(),
                content: Content::try_from("{}").unwrap(),
                counted: true,
                needs_receipt: false,
                push: None,
        asked: false,
            };
            bench.store.append(draft, bob.clone(), NOW)
        };
        assert_eq!(refusal(send().await), Refusal::TokenExpired);
        let mild = |app: &mut App| app.settings.expire_closes_connections = false;
        bench.store.set_app(bench.app, NOW, mild).await.unwrap();
        send().await.unwrap();
        assert_eq!(refusal(log_in(&bench, &alice, NOW, NOW).await), Refusal::TokenExpired);
    }

    async fn the_first_reason_against_a_login_wins(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let (users, reason) = (vec![alice.clone()], "spam".to_owned());
        let until = NOW.plus_ms(60_000);
        let attempt = || log_in(&bench, &alice, NOW, NOW);

        expire(&bench, &alice, NOW.plus_ms(1)).await;
        assert_eq!(refusal(attempt().await), Refusal::TokenExpired);
        bench.store.ban(bench.app, users.clone(), until, reason.clone(), false, NOW).await.unwrap();
        assert_eq!(refusal(attempt().await), Refusal::Banned { until, reason });
        bench.store.soft_delete(bench.app, users, "op".to_owned(), NOW).await.unwrap();
        assert_eq!(refusal(attempt().await), Refusal::UserDeleted);
        bench.store.rotate_secret(bench.app, vec![2], NOW).await.unwrap();
        assert_eq!(refusal(attempt().await), Refusal::TokenExpired);
        bench.store.set_app(bench.app, NOW, |app| app.locked = true).await.unwrap();
        assert_eq!(refusal(attempt().await), Refusal::AppUnavailable);
    }
}
