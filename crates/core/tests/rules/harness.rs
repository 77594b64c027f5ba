//! The product on a store of its own, with a clock that stands still and a bus that keeps what it is told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use nuncio_bus::{Applied, Bus, Close, Device, Presence};
use nuncio_core::{Claim, Core, Error, TestClock, Vault};
use nuncio_protocol::frames::{Failure, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Name;
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::apps::{App, Edition, Environment};
use nuncio_store::{Nudge, Nudges, Options, Place, Store, StoreError};

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

pub(crate) struct Bench {
    pub(crate) core: Core,
    pub(crate) app: AppId,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) told: Arc<Told>,
    folder: tempfile::TempDir,
}

/// Keeps what connected devices would be told, and which connections would be closed.
#[derive(Default)]
pub(crate) struct Told {
    frames: Mutex<Vec<(AppId, UserId, server_frame::Body)>>,
    closes: Mutex<Vec<Closed>>,
    watched: Mutex<Option<(Core, Claim)>>,
}

/// A call to close connections.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) what: Close,
    /// What a login with the watched claim was told at that moment.
    pub(crate) login: Option<Refusal>,
}

impl Told {
    /// What was told since the last call, sorted by user.
    pub(crate) fn take(&self) -> Vec<(UserId, server_frame::Body)> {
        let mut told: Vec<_> = std::mem::take(&mut *self.frames.lock().unwrap())
            .into_iter()
            .map(|(_, user, body)| (user, body))
            .collect();
        told.sort_by(|(one, _), (other, _)| one.cmp(other));
        told
    }

    /// The only call to close connections since the last time.
    #[track_caller]
    pub(crate) fn closed(&self) -> Closed {
        let mut closes = std::mem::take(&mut *self.closes.lock().unwrap());
        assert_eq!(closes.len(), 1, "{closes:?}");
        closes.remove(0)
    }

    /// Whether no connection was to be closed since the last time.
    pub(crate) fn closed_none(&self) -> bool {
        std::mem::take(&mut *self.closes.lock().unwrap()).is_empty()
    }

    /// Tries a login with `claim` whenever connections are to be closed.
    pub(crate) fn watch(&self, core: &Core, claim: Claim) {
        *self.watched.lock().unwrap() = Some((core.clone(), claim));
    }
}

impl Nudges for Told {
    fn nudge(&self, _nudges: Vec<Nudge>) {}
}

#[async_trait]
impl Bus for Told {
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body) {
        self.frames.lock().unwrap().push((app, user.clone(), what));
    }

    async fn close(&self, what: Close) -> Result<Applied, StoreError> {
        let watched = self.watched.lock().unwrap().clone();
        let login = match watched {
            Some((core, claim)) => core.admit(&claim).await.err().map(|error| match error {
                Error::Refused(refusal) => refusal,
                error => panic!("{error}"),
            }),
            None => None,
        };
        self.closes.lock().unwrap().push(Closed { what, login });
        Ok(Applied::default())
    }

    async fn close_here(&self, _what: Close) -> usize {
        0
    }

    async fn presence(&self, _app: AppId, users: &[UserId]) -> Result<Vec<Presence>, StoreError> {
        Ok(vec![Presence::default(); users.len()])
    }

    async fn close_session(
        &self,
        _: AppId,
        _: &UserId,
        _: &str,
        _: Failure,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn devices(&self, _app: AppId, _user: &UserId) -> Result<Vec<Device>, StoreError> {
        Ok(Vec::new())
    }

    async fn online(&self, _app: AppId) -> Result<usize, StoreError> {
        Ok(0)
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Told::default());
        let place = Place::File(folder.path().join("nuncio.db"));
        let store =
            Store::open(Options { place, node: 0, nudges: told.clone(), groups: <_>::default() })
                .await
                .unwrap();
        let clock = Arc::new(TestClock::new(NOW));
        let core = Core::new(store, told.clone(), clock.clone(), Vault::from_key(&[7; 32]));
        let app = core.create_app("Test", Environment::Production, Edition::Flagship).await;
        Self { core, app: app.unwrap().app.id, clock, told, folder }
    }

    /// The database's file.
    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("nuncio.db")
    }

    /// The app's record as it is now.
    pub(crate) async fn record(&self) -> App {
        self.core.store().app_by_id(self.app).await.unwrap()
    }

    /// A token of a user, who is registered when need be.
    pub(crate) async fn token(&self, user: &UserId) -> String {
        let name = Name::try_from("x").unwrap();
        self.core.issue_token(&self.record().await, user.clone(), name, None, None).await.unwrap()
    }

    /// What a token says.
    pub(crate) async fn read(&self, token: &str) -> Result<Claim, Error> {
        self.core.read_token(self.record().await.key.as_str(), token).await
    }

    /// A whole login.
    pub(crate) async fn log_in(&self, token: &str) -> Result<(), Error> {
        self.core.admit(&self.read(token).await?).await.map(drop)
    }

    /// Registers users.
    pub(crate) async fn users<const N: usize>(&self, ids: [&str; N]) -> [UserId; N] {
        for id in ids {
            let name = Name::try_from(id).unwrap();
            self.core.store().register(self.app, user(id), name, None, NOW).await.unwrap();
        }
        ids.map(user)
    }
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::try_from(id).unwrap()
}

/// The refusal of a call that must have been refused.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}
