//! What to show for a user: from the service's profiles, or from the app's own provider.
//!
//! Without a provider the name is the user's alias for a friend, else the hosted profile's name, else the
//! push identity's, else the id. With one, the provider alone is asked. Either way the answers are kept in
//! the local database, requests that come close together are put into one, and what is being asked is not
//! asked a second time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nuncio_protocol::frames::{
    Account, GetFriendsInfo, GetProfiles, Profile, client_frame, server_frame,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::db::{StoreError, people};
use crate::error::ClientError;
use crate::events::Event;
use crate::shared::{Shared, lock};

/// What to show for a user.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct UserInfo {
    /// Who.
    pub user_id: String,
    /// The name to show; the id when nothing better is known.
    pub name: String,
    /// An absolute URL, or empty.
    pub avatar_url: String,
    /// Whatever else the app's provider wants to keep; the client does not look at it.
    pub extra: String,
}

/// For apps that keep their users' names and pictures themselves.
///
/// ```
/// use nuncio_client::{UserInfo, UserInfoProvider};
///
/// struct Directory;
///
/// #[async_trait::async_trait]
/// impl UserInfoProvider for Directory {
///     async fn user_infos(
///         &self,
///         user_ids: Vec<String>,
///     ) -> Result<Vec<UserInfo>, Box<dyn std::error::Error + Send + Sync>> {
///         let named = |user_id: String| UserInfo {
///             name: format!("Employee {user_id}"),
///             user_id,
///             ..UserInfo::default()
///         };
///         Ok(user_ids.into_iter().map(named).collect())
///     }
/// }
/// ```
#[async_trait]
pub trait UserInfoProvider: Send + Sync + 'static {
    /// What is known of the users, at most 20 at once, in any order; unknown users are left out.
    async fn user_infos(
        &self,
        user_ids: Vec<String>,
    ) -> Result<Vec<UserInfo>, Box<dyn std::error::Error + Send + Sync>>;

    /// What users are called in a group, in any order; who is left out, by default everybody, is shown as anywhere. It is
    /// asked each time, and what it answers is not kept.
    async fn member_infos(
        &self,
        _group_id: String,
        _user_ids: Vec<String>,
    ) -> Result<Vec<UserInfo>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Vec::new())
    }
}

/// Users in one request.
const BATCH: usize = 20;
/// How long to wait for more users before asking.
const GATHER: Duration = Duration::from_millis(5);

type Waiter = oneshot::Sender<Result<UserInfo, ClientError>>;

#[derive(Default)]
struct Queue {
    waiting: HashMap<String, Vec<Waiter>>,
    asking: HashMap<String, Vec<Waiter>>,
    running: bool,
}

#[derive(Default)]
pub(crate) struct UserInfos {
    provider: Mutex<Option<Arc<dyn UserInfoProvider>>>,
    queue: Mutex<Queue>,
}

impl UserInfos {
    pub(crate) fn new(provider: Option<Arc<dyn UserInfoProvider>>) -> Self {
        Self { provider: Mutex::new(provider), queue: Mutex::default() }
    }

    pub(crate) fn set_provider(&self, provider: Option<Arc<dyn UserInfoProvider>>) {
        *lock(&self.provider) = provider;
    }

    fn provider(&self) -> Option<Arc<dyn UserInfoProvider>> {
        lock(&self.provider).clone()
    }

    /// Adds who waits for a user's information; `true` when nobody is asking yet and the caller has to.
    fn enqueue(&self, user: &str, waiter: Waiter) -> bool {
        let mut queue = lock(&self.queue);
        match queue.asking.get_mut(user) {
            Some(waiters) => waiters.push(waiter),
            None => queue.waiting.entry(user.to_owned()).or_default().push(waiter),
        }
        !std::mem::replace(&mut queue.running, true)
    }
}

/// What the local database knows to show for a user.
fn known(
    db: &Connection,
    user: &str,
    account: &Account,
    provided: bool,
) -> Result<Option<UserInfo>, StoreError> {
    if provided {
        return people::user_info(db, user);
    }
    let profile = people::profile(db, user)?;
    let friend = people::friend(db, user)?;
    let mine = (account.user_id == user).then_some(account);
    if profile.is_none() && friend.is_none() {
        return Ok(None);
    }
    let basic = |key: &str| profile.as_ref().map(|p| basic_text(p, key)).unwrap_or_default();
    let first = |candidates: [Option<String>; 5]| {
        candidates.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or_default()
    };
    Ok(Some(UserInfo {
        user_id: user.to_owned(),
        name: first([
            friend.as_ref().map(|f| f.alias.clone()),
            Some(basic("name")),
            friend.as_ref().map(|f| f.name.clone()),
            mine.map(|a| a.name.clone()),
            Some(user.to_owned()),
        ]),
        avatar_url: first([
            Some(basic("portraitUri")),
            friend.as_ref().map(|f| f.avatar_url.clone()),
            mine.map(|a| a.avatar_url.clone()),
            None,
            None,
        ]),
        extra: String::new(),
    }))
}

fn basic_text(profile: &Profile, key: &str) -> String {
    serde_json::from_str::<serde_json::Value>(&profile.basic)
        .ok()
        .and_then(|basic| basic.get(key)?.as_str().map(str::to_owned))
        .unwrap_or_default()
}

impl Shared {
    /// What is known already, else what is found by asking.
    pub(crate) async fn user_info(self: &Arc<Self>, user: &str) -> Result<UserInfo, ClientError> {
        if let Some(info) = self.known_user_infos(vec![user.to_owned()]).await?.pop() {
            return Ok(info);
        }
        self.ask_user_info(user).await
    }

    /// Asks, whatever is known already.
    pub(crate) async fn ask_user_info(
        self: &Arc<Self>,
        user: &str,
    ) -> Result<UserInfo, ClientError> {
        let (waiter, answer) = oneshot::channel();
        if self.user_infos.enqueue(user, waiter) {
            let shared = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GATHER).await;
                while let Some(batch) = shared.next_batch() {
                    let answer = shared.ask_batch(batch.clone()).await;
                    shared.answer_batch(&batch, &answer);
                }
            });
        }
        answer.await.map_err(|_| ClientError::NotConnected)?
    }

    fn next_batch(&self) -> Option<Vec<String>> {
        let mut queue = lock(&self.user_infos.queue);
        let batch: Vec<String> = queue.waiting.keys().take(BATCH).cloned().collect();
        for user in &batch {
            if let Some(waiters) = queue.waiting.remove(user) {
                queue.asking.insert(user.clone(), waiters);
            }
        }
        queue.running = !batch.is_empty();
        queue.running.then_some(batch)
    }

    fn answer_batch(&self, batch: &[String], answer: &Result<Vec<UserInfo>, ClientError>) {
        let mut queue = lock(&self.user_infos.queue);
        for user in batch {
            let outcome = answer.as_ref().map_err(Clone::clone).map(|infos| {
                infos.iter().find(|i| i.user_id == *user).cloned().unwrap_or_else(|| UserInfo {
                    user_id: user.clone(),
                    name: user.clone(),
                    ..UserInfo::default()
                })
            });
            for waiter in queue.asking.remove(user).unwrap_or_default() {
                let _ = waiter.send(outcome.clone());
            }
        }
    }

    async fn ask_batch(&self, users: Vec<String>) -> Result<Vec<UserInfo>, ClientError> {
        let before = self.known_user_infos(users.clone()).await?;
        let keep = self.options.keep;
        match self.user_infos.provider() {
            Some(provider) => {
                let answer = tokio::time::timeout(
                    self.options.request_timeout,
                    provider.user_infos(users.clone()),
                );
                let infos = answer
                    .await
                    .map_err(|_| ClientError::Timeout(self.options.request_timeout))?
                    .map_err(|e| ClientError::Provider(e.to_string().into()))?;
                let asked = users.clone();
                self.db
                    .run(move |db| {
                        infos
                            .iter()
                            .filter(|info| asked.contains(&info.user_id))
                            .try_for_each(|info| people::store_user_info(db, info, keep))
                    })
                    .await?;
            }
            None => self.ask_service(users.clone()).await?,
        }
        let after = self.known_user_infos(users).await?;
        for info in after.iter().filter(|info| !before.contains(info)) {
            self.events.offer(Event::UserInfoChanged(info.clone()));
        }
        Ok(after)
    }

    /// What the app's provider calls users in a group; `None` without a provider.
    pub(crate) async fn provided_members(
        &self,
        group: &str,
        users: &[String],
    ) -> Result<Option<Vec<UserInfo>>, ClientError> {
        let Some(provider) = self.user_infos.provider() else { return Ok(None) };
        let limit = self.options.request_timeout;
        let answer = provider.member_infos(group.to_owned(), users.to_vec());
        let answer = tokio::time::timeout(limit, answer).await;
        let answer = answer.map_err(|_| ClientError::Timeout(limit))?;
        answer.map(Some).map_err(|error| ClientError::Provider(error.to_string().into()))
    }

    async fn ask_service(&self, users: Vec<String>) -> Result<(), ClientError> {
        let profiles = client_frame::Body::GetProfiles(GetProfiles { user_ids: users.clone() });
        let friends =
            client_frame::Body::GetFriendsInfo(GetFriendsInfo { user_ids: users.clone() });
        let server_frame::Body::Profiles(profiles) = self.request(profiles).await? else {
            return Err(ClientError::UnexpectedAnswer("GetProfiles"));
        };
        let server_frame::Body::Friends(friends) = self.request(friends).await? else {
            return Err(ClientError::UnexpectedAnswer("GetFriendsInfo"));
        };
        let keep = self.options.keep;
        self.db
            .run(move |db| {
                let tx = db.transaction()?;
                for user in &users {
                    people::forget_friend(&tx, user)?;
                }
                people::store_profiles(&tx, &profiles.profiles, keep)?;
                people::store_friends(&tx, &friends.friends, keep)?;
                Ok(tx.commit()?)
            })
            .await?;
        Ok(())
    }

    async fn known_user_infos(&self, users: Vec<String>) -> Result<Vec<UserInfo>, StoreError> {
        let provided = self.user_infos.provider().is_some();
        let account = lock(&self.me).account.clone();
        self.db
            .run(move |db| {
                let known = users.iter().map(|user| known(db, user, &account, provided));
                Ok(known.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            })
            .await
    }

    /// Tells what to show for users whose profile, alias or friendship changed.
    pub(crate) async fn people_changed(&self, users: Vec<String>) -> Result<(), StoreError> {
        if users.is_empty() || self.user_infos.provider().is_some() {
            return Ok(());
        }
        for info in self.known_user_infos(users).await? {
            self.events.offer(Event::UserInfoChanged(info));
        }
        Ok(())
    }
}
