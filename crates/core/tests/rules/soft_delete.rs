//! Soft deletion, its job, and restoration.

use std::time::Duration;

use nuncio_protocol::{Code, Refusal};

use crate::harness::{Bench, refusal, user};

#[tokio::test]
async fn a_soft_deletion_holds_before_it_is_answered_and_the_job_finishes_it() {
    let bench = Bench::new().await;
    let alice = user("alice");
    let token = bench.token(&alice).await;
    let claim = bench.read(&token).await.unwrap();
    bench.told.watch(&bench.core, claim);
    let (core, app, users) = (&bench.core, bench.app, vec![alice.clone()]);

    let (operation, _) = core.soft_delete(app, users.clone()).await.unwrap();
    assert_eq!(operation.0.len(), 19);
    let closed = bench.told.closed();
    assert_eq!(closed.what.users, Some(users.clone()));
    assert_eq!(closed.what.why.code, Code::UserDeleted.number());
    assert_eq!(closed.login, Some(Refusal::UserDeleted), "committed before anything is closed");
    assert_eq!(core.soft_deleted(app, 1, 50).await.unwrap(), users);
    assert!(core.soft_deleted(app, 2, 50).await.unwrap().is_empty());
    assert_eq!(refusal(core.user(app, alice.clone()).await), Refusal::SoftDeleted(alice.clone()));

    let running = Refusal::DeletionRunning(alice.clone());
    assert_eq!(refusal(core.restore(app, users.clone()).await), running);
    let nudge = core.activations_nudge();
    tokio::time::timeout(Duration::from_secs(5), nudge.notified()).await.unwrap();
    assert_eq!(core.run_activations().await.unwrap(), 1);
    assert_eq!(core.run_activations().await.unwrap(), 0);
    core.restore(app, users).await.unwrap();
    assert_eq!(core.user(app, alice.clone()).await.unwrap().name, "");
    assert_eq!(refusal(bench.log_in(&token).await), Refusal::TokenExpired);
    let token = bench.token(&alice).await;
    bench.log_in(&token).await.unwrap();
}
