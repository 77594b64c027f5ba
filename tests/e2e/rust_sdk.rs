//! The Rust client SDK against the built server, and the rows of the user overview that live in a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use nuncio_client::{
    Client, ClientError, Event, Events, NewMessage, State, TokenCallback, TokenError, TokenReason,
    UserId, UserInfo, UserInfoProvider,
};
use nuncio_testkit::{Api, World};
use serde_json::json;

use crate::everywhere;

const PATIENCE: Duration = Duration::from_secs(20);

fn id(user: &str) -> UserId {
    UserId::try_from(user).unwrap()
}

async fn client(world: &World, user: &str) -> (Client, Events) {
    let token = world.api.token(user).await;
    let (client, events) =
        Client::builder(&world.address, &world.api.key).token(token).build().await.unwrap();
    client.connect().await.unwrap();
    (client, events)
}

/// Waits for an event that `pick` takes.
async fn wait<T>(events: &mut Events, pick: impl Fn(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.next().await.expect("the client has ended");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the event did not come")
}

fn text_of(event: Event) -> Option<String> {
    let Event::Message(message) = event else { return None };
    let content: serde_json::Value = serde_json::from_str(&message.content).unwrap();
    Some(content["content"].as_str().unwrap().to_owned())
}

/// An app's own directory of users, whose names carry an edition number.
#[derive(Default)]
struct Directory(Arc<AtomicUsize>);

#[async_trait]
impl UserInfoProvider for Directory {
    async fn user_infos(
        &self,
        user_ids: Vec<String>,
    ) -> Result<Vec<UserInfo>, Box<dyn std::error::Error + Send + Sync>> {
        let edition = self.0.load(Ordering::SeqCst);
        let info = |user_id: String| UserInfo {
            name: format!("{user_id} of the directory {edition}"),
            user_id,
            ..UserInfo::default()
        };
        Ok(user_ids.into_iter().map(info).collect())
    }
}

/// Asks the app server, and remembers why it was asked.
struct FromAppServer {
    api: Api,
    expired: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenCallback for FromAppServer {
    async fn token(&self, reason: TokenReason) -> Result<String, TokenError> {
        if reason == TokenReason::Expired {
            self.expired.fetch_add(1, Ordering::SeqCst);
        }
        Ok(self.api.token("alice").await)
    }
}

everywhere! {
    async fn set_get_and_refresh_local_user_information(world: World) {
        let (alice, mut events) = client(&world, "alice").await;
        world.api.token("bob").await;
        let profile = json!({ "userId": "bob", "userProfile": { "name": "Hosted Bob" } });
        world.api.ok("/v4/user/profile/set", profile).await;
        let hosted = alice.user_info(&id("bob")).await.unwrap();
        assert_eq!(hosted.name, "Hosted Bob", "hosted profiles are the default");

        let edition = Arc::new(AtomicUsize::new(1));
        let directory = Arc::new(Directory(edition.clone()));
        alice.set_user_info_provider(Some(directory)).await.unwrap();
        let name = async || alice.user_info(&id("bob")).await.unwrap().name;
        assert_eq!(name().await, "bob of the directory 1");
        edition.store(2, Ordering::SeqCst);
        assert_eq!(name().await, "bob of the directory 1", "kept locally until refreshed");
        alice.refresh_user_info(&id("bob")).await.unwrap();
        let told = wait(&mut events, |event| match event {
            Event::UserInfoChanged(info) if info.name.ends_with('2') => Some(info.name),
            _ => None,
        })
        .await;
        assert_eq!(told, "bob of the directory 2");
        assert_eq!(name().await, told);
        world.kill().await;
    }

    async fn two_clients_talk_block_and_unblock(world: World) {
        let (alice, mut of_alice) = client(&world, "alice").await;
        let (bob, mut of_bob) = client(&world, "bob").await;
        alice.send(NewMessage::text(&id("bob"), "hello bob")).await.unwrap();
        assert_eq!(wait(&mut of_bob, text_of).await, "hello bob");
        bob.send(NewMessage::text(&id("alice"), "hello alice")).await.unwrap();
        assert_eq!(wait(&mut of_alice, text_of).await, "hello alice");
        bob.add_to_blocklist(&id("alice")).await.unwrap();
        assert!(bob.check_blocked(&id("alice")).await.unwrap());
        let refused = alice.send(NewMessage::text(&id("bob"), "still there?")).await;
        match refused {
            Err(ClientError::Refused(failure)) => assert_eq!(failure.code, 405),
            other => panic!("not refused: {other:?}"),
        }
        bob.remove_from_blocklist(&id("alice")).await.unwrap();
        alice.send(NewMessage::text(&id("bob"), "welcome back")).await.unwrap();
        assert_eq!(wait(&mut of_bob, text_of).await, "welcome back");
        world.kill().await;
    }

    async fn a_client_goes_on_where_it_stopped_when_the_server_was_killed(world: World) {
        let (alice, _keep) = client(&world, "alice").await;
        let (_bob, mut of_bob) = client(&world, "bob").await;
        for number in 0..5 {
            let text = format!("before {number}");
            alice.send(NewMessage::text(&id("bob"), &text)).await.unwrap();
            assert_eq!(wait(&mut of_bob, text_of).await, text);
        }
        world.kill().await;
        // Written while there is no server: each waits in the queue, and goes out once and in order.
        let mut handles = Vec::new();
        for number in 0..5 {
            let message = NewMessage::text(&id("bob"), &format!("during {number}"));
            handles.push(alice.queue(message).await.unwrap());
        }
        world.restart().await;
        for number in 0..5 {
            assert_eq!(wait(&mut of_bob, text_of).await, format!("during {number}"));
        }
        alice.send(NewMessage::text(&id("bob"), "after")).await.unwrap();
        assert_eq!(wait(&mut of_bob, text_of).await, "after");
        world.kill().await;
    }

    async fn an_expired_token_is_renewed_and_a_ban_stops(world: World) {
        world.api.token("alice").await;
        let expired = Arc::new(AtomicUsize::new(0));
        let callback = FromAppServer { api: world.api.clone(), expired: expired.clone() };
        let (alice, mut events) = Client::builder(&world.address, &world.api.key)
            .token_callback(callback)
            .build()
            .await
            .unwrap();
        alice.connect().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let expire = json!({ "userIds": ["alice"], "expiresAt": crate::now_ms() });
        world.api.ok("/v4/auth/access-token/expire", expire).await;
        let comes_back = wait(&mut events, |event| match event {
            Event::Disconnected { will_reconnect, .. } => Some(will_reconnect),
            _ => None,
        })
        .await;
        assert!(comes_back);
        wait(&mut events, |event| matches!(event, Event::Connected { .. }).then_some(())).await;
        assert_eq!(expired.load(Ordering::SeqCst), 1, "asked once for a new token");

        let ban = json!({ "userIds": ["alice"], "durationMinutes": 1, "reason": "spam" });
        world.api.ok("/v4/user/ban", ban).await;
        let stopped = wait(&mut events, |event| match event {
            Event::Disconnected { will_reconnect: false, cause, .. } => Some(cause),
            _ => None,
        })
        .await;
        assert_eq!(stopped.code, 31011);
        assert!(matches!(alice.state(), State::Stopped(_)));
        assert_eq!(expired.load(Ordering::SeqCst), 1, "a ban is no reason to ask for a token");
        world.kill().await;
    }
}
