//! What to show for users: from the service, and from an app's own provider.

use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use nuncio_client::frames::{Friend, Friends, Profile, Profiles, client_frame, server_frame};
use nuncio_client::{ClientError, Event, State, UserInfo, UserInfoProvider};

use crate::server::Server;
use crate::{next_but_states, user};

/// Knows everybody but `nobody`, and remembers what it was asked.
#[derive(Clone, Default)]
struct Directory {
    asked: Arc<Mutex<Vec<Vec<String>>>>,
    suffix: Arc<Mutex<String>>,
}

#[async_trait]
impl UserInfoProvider for Directory {
    async fn user_infos(
        &self,
        mut user_ids: Vec<String>,
    ) -> Result<Vec<UserInfo>, Box<dyn std::error::Error + Send + Sync>> {
        user_ids.sort();
        self.asked.lock().unwrap().push(user_ids.clone());
        if user_ids.iter().any(|id| id == "broken") {
            return Err("the directory is closed".into());
        }
        let suffix = self.suffix.lock().unwrap().clone();
        let known = user_ids.into_iter().filter(|id| id != "nobody");
        Ok(known
            .map(|user_id| UserInfo {
                name: format!("Mx {user_id}{suffix}"),
                user_id,
                ..UserInfo::default()
            })
            .collect())
    }
}

#[tokio::test]
async fn a_provider_is_asked_once_for_many_and_its_answers_are_kept() {
    let server = Server::start().await;
    let directory = Directory::default();
    let builder = server.client().user_info_provider(directory.clone());
    let (client, mut events) = builder.build().await.unwrap();
    let ask = |id: &'static str| {
        let client = client.clone();
        tokio::spawn(async move { client.user_info(&user(id)).await })
    };
    let asks = [ask("bob"), ask("carol"), ask("bob"), ask("nobody")];
    let mut names = Vec::new();
    for ask in asks {
        names.push(ask.await.unwrap().unwrap().name);
    }
    assert_eq!(names, ["Mx bob", "Mx carol", "Mx bob", "nobody"]);
    assert_eq!(*directory.asked.lock().unwrap(), [["bob", "carol", "nobody"]]);
    client.user_info(&user("bob")).await.unwrap();
    assert_eq!(directory.asked.lock().unwrap().len(), 1, "bob is known");
    for _ in 0..2 {
        assert!(matches!(next_but_states(&mut events).await, Event::UserInfoChanged(_)));
    }

    *directory.suffix.lock().unwrap() = " II".into();
    assert_eq!(client.refresh_user_info(&user("bob")).await.unwrap().name, "Mx bob II");
    let changed = next_but_states(&mut events).await;
    assert!(matches!(changed, Event::UserInfoChanged(info) if info.name == "Mx bob II"));

    let failed = client.user_info(&user("broken")).await;
    assert!(
        matches!(failed, Err(ClientError::Provider(why)) if &*why == "the directory is closed")
    );
    // Without a provider the service is asked, and that needs a connection.
    client.set_user_info_provider(None).await.unwrap();
    assert!(matches!(client.user_info(&user("bob")).await, Err(ClientError::NotConnected)));
}

#[tokio::test]
async fn hosted_names_are_alias_then_profile_then_push_identity_then_id() {
    let server = Server::start().await;
    let (client, _events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    client.states().wait_for(|state| *state == State::Connected).await.unwrap();
    let asks: Vec<_> = ["aliased", "hosted", "pushed", "unknown"]
        .map(|id| {
            let client = client.clone();
            tokio::spawn(async move { client.user_info(&user(id)).await.unwrap() })
        })
        .into();

    let (id, body) = peer.request().await;
    let client_frame::Body::GetProfiles(get) = body else { panic!("{body:?}") };
    assert_eq!(get.user_ids.len(), 4);
    let profile = |id: &str, basic: &str| Profile {
        user_id: id.into(),
        basic: basic.into(),
        ..Profile::default()
    };
    let profiles = vec![
        profile("aliased", r#"{"name":"Profile","portraitUri":"https://p/1"}"#),
        profile("hosted", r#"{"name":"Profile"}"#),
        profile("pushed", "{}"),
    ];
    peer.answer(id, server_frame::Body::Profiles(Profiles { profiles })).await;
    let (id, body) = peer.request().await;
    assert!(matches!(body, client_frame::Body::GetFriendsInfo(_)));
    let friend = |id: &str, alias: &str| Friend {
        user_id: id.into(),
        name: "Push".into(),
        avatar_url: "https://push".into(),
        alias: alias.into(),
        ..Friend::default()
    };
    let friends = vec![friend("aliased", "Alias"), friend("pushed", "")];
    let friends = Friends { friends, ..Friends::default() };
    peer.answer(id, server_frame::Body::Friends(friends)).await;

    let mut shown = Vec::new();
    for ask in asks {
        let info = ask.await.unwrap();
        shown.push((info.name, info.avatar_url));
    }
    let shown: Vec<_> = shown.iter().map(|(n, a)| (n.as_str(), a.as_str())).collect();
    assert_eq!(
        shown,
        [("Alias", "https://p/1"), ("Profile", ""), ("Push", "https://push"), ("unknown", "")]
    );
}
