//! A server that shuts down.

use std::time::{Duration, Instant};

use crate::protocol::Raw;
use crate::world::World;

#[tokio::test]
async fn a_drain_sends_all_clients_away_and_takes_no_new_ones() {
    let world = World::new().await;
    let mut devices = Vec::new();
    for name in ["ada", "bob", "cyd"] {
        devices.push(world.login(name, "a").await);
    }
    let mut waiting = Raw::open(&world.address).await;
    let token = world.token("eve").await;
    let started = Instant::now();
    let drained = tokio::spawn({
        let gateway = world.gateway.clone();
        async move { gateway.drain().await }
    });
    for wire in &mut devices {
        let told = wire.wait_for_close().await;
        assert_eq!((told.code, wire.closed), (32054, Some(4001)));
        assert!(
            told.retry_after_ms <= 6,
            "few clients may come back soon: {}",
            told.retry_after_ms
        );
    }
    assert_eq!(waiting.closing().await.code, 32054);
    assert_eq!(waiting.close_code().await, 4001);
    drop((devices, waiting));
    drained.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(world.figure("client_connections"), 0);
    assert_eq!(Raw::try_open(&world.address).await.err(), Some(503));
    drop(token);
}

#[tokio::test]
async fn a_client_that_does_not_go_is_not_waited_for_forever() {
    let options = nuncio_gateway::Options {
        drain_timeout: Duration::from_millis(300),
        ..nuncio_gateway::Options::default()
    };
    let world = World::with(options).await;
    let _stays = Raw::logged_in(&world, "ada").await;
    let started = Instant::now();
    world.gateway.drain().await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(!world.is_online("ada").await);
}
