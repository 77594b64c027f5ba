//! Runs each rule on both engines.

use std::sync::{Arc, Mutex};

use nuncio_protocol::frames::entry;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Name;
use nuncio_protocol::{AppKey, Refusal, Timestamp, UserId};
use nuncio_store::apps::{App, Edition, Environment, NewApp};
use nuncio_store::groups::GroupOptions;
use nuncio_store::{Nudge, Nudges, Options, Place, Store, StoreError};
use nuncio_testkit::postgres::Database;

/// The moment at which rules are tried, unless they move it.
pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// A store with one app, and what its nudges told.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) app: AppId,
    pub(crate) nudges: Arc<Heard>,
    place: Place,
    groups: GroupOptions,
    _folder: tempfile::TempDir,
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Vec<Nudge>>);

impl Heard {
    /// What was told since the last call.
    pub(crate) fn take(&self) -> Vec<Nudge> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Nudges for Heard {
    fn nudge(&self, nudges: Vec<Nudge>) {
        self.0.lock().unwrap().extend(nudges);
    }
}

impl Bench {
    pub(crate) async fn sqlite() -> Self {
        Self::sqlite_with(GroupOptions::default()).await
    }

    pub(crate) async fn sqlite_with(groups: GroupOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("nuncio.db"));
        Self::open(place, folder, groups).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::postgres_with(GroupOptions::default()).await
    }

    pub(crate) async fn postgres_with(groups: GroupOptions) -> Self {
        let database = Database::create().await;
        let place = Place::Postgres(database.url().to_owned());
        Self::open(place, tempfile::tempdir().unwrap(), groups).await
    }

    async fn open(place: Place, folder: tempfile::TempDir, groups: GroupOptions) -> Self {
        let nudges = Arc::new(Heard::default());
        let options = Options { place: place.clone(), node: 0, nudges: nudges.clone(), groups };
        let store = Store::open(options).await.unwrap();
        let app = make_app(&store, "app1", Environment::Production).await.id;
        Self { store, app, nudges, place, groups, _folder: folder }
    }

    /// A second store on the same database, as another node or command has it.
    pub(crate) async fn another(&self) -> Store {
        let nudges = self.nudges.clone();
        let (place, groups) = (self.place.clone(), self.groups);
        Store::open(Options { place, node: 1, nudges, groups }).await.unwrap()
    }

    /// A bench on what is on disk now, as it would be found after a crash. On SQLite.
    pub(crate) async fn crashed(&self) -> Self {
        let Place::File(path) = &self.place else { panic!("PostgreSQL crashes elsewhere") };
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("nuncio.db");
        let beside = |path: &std::path::Path| path.with_extension("db-wal");
        {
            // Nobody writes meanwhile; what a checkpoint moves after the log is copied does no harm.
            let mut connection = rusqlite::Connection::open(path).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            let immediate = rusqlite::TransactionBehavior::Immediate;
            let _held = connection.transaction_with_behavior(immediate).unwrap();
            std::fs::copy(beside(path), beside(&place)).unwrap();
            std::fs::copy(path, &place).unwrap();
        }
        let (app, nudges, place) = (self.app, self.nudges.clone(), Place::File(place));
        let groups = self.groups;
        let options = Options { place: place.clone(), node: 0, nudges: nudges.clone(), groups };
        let store = Store::open(options).await.unwrap();
        Self { store, app, nudges, place, groups, _folder: folder }
    }

    /// Runs a statement behind the store's back, as somebody who got hold of the database would.
    pub(crate) async fn tamper(&self, sql: &str) {
        match &self.place {
            Place::File(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Place::Postgres(url) => {
                let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
                let (client, connection) = connected.unwrap();
                tokio::spawn(connection);
                client.batch_execute(sql).await.unwrap();
            }
        }
    }

    /// How many rows a table of the SQLite file has.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        let Place::File(path) = &self.place else { panic!("not a file") };
        let connection = rusqlite::Connection::open(path).unwrap();
        let count = format!("select count(*) from {table}");
        connection.query_row(&count, [], |row| row.get(0)).unwrap()
    }

    /// Registers users.
    pub(crate) async fn users<const N: usize>(&self, ids: [&str; N]) -> [UserId; N] {
        for id in ids {
            let name = Name::try_from(format!("Name of {id}")).unwrap();
            self.store.register(self.app, user(id), name, None, NOW).await.unwrap();
        }
        ids.map(user)
    }

    /// Everything that a user's devices were told, which must have no gap.
    pub(crate) async fn inbox(&self, user: &UserId) -> Vec<entry::Body> {
        let page = self.store.sync(self.app, user.clone(), 0, 500, None).await.unwrap();
        assert!(page.entries.iter().map(|entry| entry.seq).eq(1..=page.head), "a gap");
        page.entries.into_iter().map(|entry| entry.body.unwrap()).collect()
    }
}

pub(crate) async fn make_app(store: &Store, key: &str, environment: Environment) -> App {
    let new = NewApp {
        key: AppKey::try_from(key).unwrap(),
        sealed_secret: vec![1, 2, 3],
        name: "Test".to_owned(),
        environment,
        edition: Edition::Flagship,
    };
    store.create_app(new, NOW).await.unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::try_from(id).unwrap()
}

/// The refusal of a call that must have been refused.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> Refusal {
    match outcome {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// Every group is big.
pub(crate) fn all_big() -> GroupOptions {
    GroupOptions { big_above: 0, ..GroupOptions::default() }
}

/// Makes each rule, an async function over a [`Bench`], a test on each engine; those that hold for groups of `any size`,
/// also where every group is big, and those `of big groups` there alone.
macro_rules! contract {
    ($(async fn $rule:ident($bench:ident: Bench) $body:block)+) => {
        $(async fn $rule($bench: $crate::harness::Bench) $body)+

        $crate::harness::contract!(sqlite, sqlite_with, <_>::default(), $($rule)+);
        $crate::harness::contract!(postgres, postgres_with, <_>::default(), $($rule)+);
    };
    (any size: $(async fn $rule:ident($bench:ident: Bench) $body:block)+) => {
        $crate::harness::contract!($(async fn $rule($bench: Bench) $body)+);
        $crate::harness::contract!(sqlite_big, sqlite_with, $crate::harness::all_big(), $($rule)+);
        $crate::harness::contract!(postgres_big, postgres_with, $crate::harness::all_big(), $($rule)+);
    };
    (of big groups: $(async fn $rule:ident($bench:ident: Bench) $body:block)+) => {
        $(async fn $rule($bench: $crate::harness::Bench) $body)+

        $crate::harness::contract!(sqlite, sqlite_with, $crate::harness::all_big(), $($rule)+);
        $crate::harness::contract!(postgres, postgres_with, $crate::harness::all_big(), $($rule)+);
    };
    ($module:ident, $engine:ident, $groups:expr, $($rule:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                super::$rule($crate::harness::Bench::$engine($groups).await).await;
            })+
        }
    };
}
pub(crate) use contract;
