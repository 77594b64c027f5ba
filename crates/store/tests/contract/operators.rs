//! Operators, their one-time links and their sessions.

use nuncio_protocol::Refusal;
use nuncio_protocol::ids::OperatorName;
use nuncio_store::operator_sessions::NewSession;
use nuncio_store::operators::{Grant, NewLink, Role, SecretHash};

use crate::harness::{Bench, NOW, contract, refusal};

fn name(text: &str) -> OperatorName {
    OperatorName::try_from(text).unwrap()
}

fn link(byte: u8) -> NewLink {
    NewLink { hash: SecretHash([byte; 32]), expires_at: NOW.plus_ms(1000) }
}

fn session(byte: u8) -> NewSession {
    let id = SecretHash([byte; 32]);
    NewSession { id, address: "127.0.0.1".to_owned(), agent: "test".to_owned() }
}

async fn owner(bench: &Bench) -> nuncio_store::operators::Operator {
    assert!(bench.store.invite_first_owner(name("owner"), link(1), NOW).await.unwrap());
    let (hash, password) = (link(1).hash, "hash".to_owned());
    bench.store.redeem_link(hash, Some(name("ada")), password, session(1), NOW).await.unwrap()
}

contract! {
    async fn the_first_owner_is_invited_until_there_is_one(bench: Bench) {
        for byte in [7, 1] {
            assert!(bench.store.invite_first_owner(name("owner"), link(byte), NOW).await.unwrap());
        }
        let outcome = bench.store.operator_of_link(link(7).hash, NOW).await;
        assert_eq!(refusal(outcome), Refusal::LinkVoid);
        let ada = owner(&bench).await;
        assert_eq!((ada.name.as_str(), ada.role_on_all()), ("ada", Some(Role::Owner)));
        assert!(!bench.store.invite_first_owner(name("owner"), link(2), NOW).await.unwrap());
        assert_eq!(bench.store.operators().await.unwrap().len(), 1);
    }

    async fn a_link_is_used_once_and_in_time(bench: Bench) {
        owner(&bench).await;
        let grants = vec![Grant { app: Some(bench.app), role: Role::Viewer }];
        bench.store.invite_operator(name("bob"), grants.clone(), link(2), NOW).await.unwrap();
        let late = bench.store.operator_of_link(link(2).hash, NOW.plus_ms(1000)).await;
        assert_eq!(refusal(late), Refusal::LinkVoid);
        let redeem = async || {
            let (hash, password) = (link(2).hash, "hash".to_owned());
            // Only the first owner chooses a name.
            bench.store.redeem_link(hash, Some(name("eve")), password, session(2), NOW).await
        };
        let bob = redeem().await.unwrap();
        assert_eq!((bob.name.as_str(), bob.role_on(bench.app)), ("bob", Some(Role::Viewer)));
        assert_eq!(bob.grants, grants);
        assert_eq!(refusal(redeem().await), Refusal::LinkVoid);
        let again = bench.store.invite_operator(name("bob"), grants, link(3), NOW).await;
        assert!(matches!(refusal(again), Refusal::BadParameter(_)));
    }

    async fn somebody_who_owns_all_apps_remains(bench: Bench) {
        owner(&bench).await;
        let viewer = vec![Grant { app: None, role: Role::Viewer }];
        let outcome = bench.store.set_grants(name("ada"), viewer, NOW).await;
        assert!(matches!(refusal(outcome), Refusal::NotNow(_)));
        let outcome = bench.store.remove_operator(name("ada"), NOW).await;
        assert!(matches!(refusal(outcome), Refusal::NotNow(_)));
        let ada = bench.store.operator(name("ada")).await.unwrap().unwrap();
        assert_eq!(ada.role_on_all(), Some(Role::Owner), "nothing was changed");
    }

    async fn a_session_that_is_renewed_opens_under_the_new_token_alone(bench: Bench) {
        owner(&bench).await;
        let (old, new) = (SecretHash([1; 32]), SecretHash([9; 32]));
        assert!(bench.store.renew_session(old, new, NOW.plus_ms(5)).await.unwrap());
        assert!(!bench.store.renew_session(old, new, NOW.plus_ms(5)).await.unwrap());
        assert!(bench.store.session(old).await.unwrap().is_none());
        let (session, operator) = bench.store.session(new).await.unwrap().unwrap();
        assert_eq!((session.confirmed_at, operator.name.as_str()), (NOW.plus_ms(5), "ada"));
        assert_eq!(bench.store.prune_sessions(NOW, NOW).await.unwrap(), 0);
        assert_eq!(bench.store.prune_sessions(NOW.plus_ms(6), NOW).await.unwrap(), 1);
        assert!(bench.store.session(new).await.unwrap().is_none());
    }

    async fn the_session_that_was_not_used_for_longest_gives_way(bench: Bench) {
        let ada = owner(&bench).await;
        for byte in 2..=21 {
            let at = NOW.plus_ms(byte.into());
            bench.store.open_session(ada.id, session(byte), at).await.unwrap();
        }
        let sessions = bench.store.sessions(ada.id).await.unwrap();
        assert_eq!((sessions.len(), sessions[0].id, sessions[19].id), (20, SecretHash([21; 32]), SecretHash([2; 32])));
        bench.store.close_other_sessions(ada.id, SecretHash([3; 32])).await.unwrap();
        assert_eq!(bench.store.sessions(ada.id).await.unwrap().len(), 1);
    }

    async fn codes_are_used_once(bench: Bench) {
        let ada = owner(&bench).await;
        bench.store.prepare_second_factor(ada.id, vec![1, 2]).await.unwrap();
        let codes = vec!["one".to_owned(), "two".to_owned()];
        bench.store.enable_second_factor(ada.id, 10, codes, NOW).await.unwrap();
        let record = bench.store.operator(name("ada")).await.unwrap().unwrap();
        assert_eq!((record.second_factor, record.recovery_left), (Some(vec![1, 2]), 2));
        let mut steps = Vec::new();
        for step in [10, 11, 11, 9, 12] {
            steps.push(bench.store.use_step(ada.id, step).await.unwrap());
        }
        assert_eq!(steps, [false, true, false, false, true]);
        let mut used = Vec::new();
        for code in ["two", "two", "three"] {
            used.push(bench.store.use_recovery_code(ada.id, code.to_owned()).await.unwrap());
        }
        assert_eq!(used, [true, false, false]);
        bench.store.renew_link(name("ada"), link(4), NOW).await.unwrap();
        let record = bench.store.operator(name("ada")).await.unwrap().unwrap();
        assert_eq!((record.second_factor, record.password.as_str()), (None, ""));
        assert!(bench.store.sessions(ada.id).await.unwrap().is_empty());
    }
}
