//! More than the store can take: what is told to slow down, and what goes on.

use std::sync::mpsc;
use std::time::Instant;

use nuncio_gateway::Options;
use nuncio_protocol::frames::{ServerFrame, client_frame, server_frame};
use nuncio_protocol::values::BanDuration;
use nuncio_testkit::Wire;

use crate::world::{PATIENCE, World, answer, next_message, user};

const BACKLOG: usize = 20;
const SENDERS: usize = 30;
/// Messages of each sender.
const EACH: usize = 4;

async fn frame(wire: &mut Wire) -> ServerFrame {
    tokio::time::timeout(PATIENCE, wire.frame()).await.expect("an answer").unwrap()
}

#[tokio::test]
async fn past_its_backlog_messages_are_sent_away_and_everything_else_goes_on() {
    let world = World::with(Options { backlog: BACKLOG, ..Options::default() }).await;
    let mut bob = world.login("bob", "b").await;
    let late = world.token("late").await;
    let mut banned = world.login("banned", "b").await;
    let mut senders = Vec::new();
    for number in 0..SENDERS {
        senders.push(world.login(&format!("s{number}"), "a").await);
    }

    // The store is at a unit of work for as long as the test wants.
    let (begun, has_begun) = mpsc::channel();
    let (let_go, is_let_go) = mpsc::channel::<()>();
    let is_let_go = std::sync::Mutex::new(is_let_go);
    let (core, app) = (world.core.clone(), world.app.id);
    let holding = tokio::spawn(async move {
        let hold = move |_: &mut _| {
            begun.send(()).unwrap();
            is_let_go.lock().unwrap().recv().unwrap();
        };
        core.set_app(app, hold).await.unwrap();
    });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();

    let flooded_at = Instant::now();
    for (number, sender) in senders.iter_mut().enumerate() {
        for message in 0..EACH {
            sender.ask(Wire::text("bob", &format!("{number}-{message}"), "hello")).await.unwrap();
        }
    }
    let (mut accepted, mut refused) = (0, 0);
    let mut open = Vec::new();
    for sender in &mut senders {
        // A heartbeat comes last and is answered last but for what waits.
        let ping = sender.ask(client_frame::Body::Ping(<_>::default())).await.unwrap();
        let (mut told, mut first_wait) = (0, 0);
        loop {
            let frame = frame(sender).await;
            match frame.body {
                Some(server_frame::Body::Failure(failure)) => {
                    assert_eq!(failure.code, 20604, "{failure:?}");
                    assert!((1..=1000).contains(&failure.retry_after_ms), "{failure:?}");
                    told += 1;
                    if told == 1 {
                        first_wait = u128::from(failure.retry_after_ms);
                    }
                    // Who goes on after the first refusal is not read from until its time is over.
                    assert!(
                        told < 3 || flooded_at.elapsed().as_millis() >= first_wait,
                        "too early"
                    );
                }
                Some(server_frame::Body::Pong(_)) if frame.id == ping => break,
                other => panic!("{other:?}"),
            }
        }
        refused += told;
        open.push(EACH - told);
    }
    assert_eq!(refused, SENDERS * EACH - BACKLOG, "as many wait as may");

    // A login, and a ban, which waits for the store like everything that changes something, but has its place there.
    world.login_with(&late, "l").await.unwrap();
    let core = world.core.clone();
    let ban = tokio::spawn(async move {
        core.ban(app, vec![user("banned")], BanDuration::try_from(60).unwrap(), None, false).await
    });
    while world.core.store().backlog() <= BACKLOG {
        tokio::task::yield_now().await;
    }

    let_go.send(()).unwrap();
    holding.await.unwrap();
    ban.await.unwrap().unwrap();
    assert_eq!(banned.wait_for_close().await.code, 31011);
    for (sender, open) in senders.iter_mut().zip(open) {
        for _ in 0..open {
            match frame(sender).await.body {
                Some(server_frame::Body::MessageSent(_)) => accepted += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(accepted, BACKLOG);
    for seq in 1..=BACKLOG as u64 {
        assert_eq!(next_message(&mut bob).await.1, seq);
    }
    // And there is room again.
    answer(&mut senders[0], Wire::text("bob", "later", "hello")).await;
    assert_eq!(next_message(&mut bob).await.0, "later");
}
