//! The product on a store of its own, with a clock that stands still and a bus that keeps what it is told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use nuncio_bus::{Bus, Close, Presence};
use nuncio_core::{Core, Error, TestClock, Vault};
use nuncio_protocol::frames::server_frame;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Name;
use nuncio_protocol::{AppKey, Refusal, Timestamp, UserId};
use nuncio_store::apps::{Edition, Environment, NewApp};
use nuncio_store::{Nudge, Nudges, Options, Place, Store};

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

pub(crate) struct Bench {
    pub(crate) core: Core,
    pub(crate) app: AppId,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) told: Arc<Told>,
    _folder: tempfile::TempDir,
}

/// Keeps what connected devices would be told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<(AppId, UserId, server_frame::Body)>>);

impl Told {
    /// What was told since the last call, sorted by user.
    pub(crate) fn take(&self) -> Vec<(UserId, server_frame::Body)> {
        let mut told: Vec<_> = std::mem::take(&mut *self.0.lock().unwrap())
            .into_iter()
            .map(|(_, user, body)| (user, body))
            .collect();
        told.sort_by(|(one, _), (other, _)| one.cmp(other));
        told
    }
}

impl Nudges for Told {
    fn nudge(&self, _nudges: Vec<Nudge>) {}
}

#[async_trait]
impl Bus for Told {
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body) {
        self.0.lock().unwrap().push((app, user.clone(), what));
    }

    async fn close(&self, _close: Close) -> usize {
        0
    }

    async fn presence(&self, _app: AppId, users: &[UserId]) -> Vec<Presence> {
        vec![Presence::default(); users.len()]
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Told::default());
        let place = Place::File(folder.path().join("nuncio.db"));
        let store = Store::open(Options { place, node: 0, nudges: told.clone() }).await.unwrap();
        let app = NewApp {
            key: AppKey::try_from("app1").unwrap(),
            sealed_secret: vec![1],
            name: "Test".to_owned(),
            environment: Environment::Production,
            edition: Edition::Flagship,
        };
        let app = store.create_app(app, NOW).await.unwrap().id;
        let clock = Arc::new(TestClock::new(NOW));
        let core = Core::new(store, told.clone(), clock.clone(), Vault::from_key(&[7; 32]));
        Self { core, app, clock, told, _folder: folder }
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
