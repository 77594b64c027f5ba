//! A gateway with its core and store inside the test.

use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use nuncio_bus::LocalBus;
use nuncio_core::{Core, SystemClock, Vault};
use nuncio_gateway::{Gateway, Options};
use nuncio_protocol::frames::{Failure, SendMessage, client_frame, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Name;
use nuncio_protocol::{Code, UserId};
use nuncio_store::apps::{App, Edition, Environment, Settings};
use nuncio_store::{Place, Store};
use nuncio_testkit::{Refused, Wire};
use prometheus_client::registry::Registry;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway that serves, and one app.
pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: String,
    pub(crate) app: App,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// Whatever the options say, clients may ask as fast as they can, unless an app's settings forbid it.
    pub(crate) async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bus = Arc::new(LocalBus::default());
        let place = Place::File(folder.path().join("nuncio.db"));
        let nudges = Arc::clone(&bus) as Arc<dyn nuncio_store::Nudges>;
        let options_of_store =
            nuncio_store::Options { place, node: 0, nudges, groups: <_>::default() };
        let store = Store::open(options_of_store).await.unwrap();
        let vault = Vault::from_key(&[7; 32]);
        let core = Core::new(store, Arc::clone(&bus) as _, Arc::new(SystemClock), vault);
        let options = Options { calls_per_second: 1_000_000, ..options };
        let gateway = Gateway::new(core.clone(), options);
        bus.attach(Arc::clone(&gateway) as Arc<dyn nuncio_bus::Sessions>);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let router = gateway.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let app = new_app(&core).await;
        Self { core, gateway, address, app, _folder: folder }
    }

    /// Another tenant of the same server.
    pub(crate) async fn another_app(&self) -> App {
        new_app(&self.core).await
    }

    /// Changes the app's settings.
    pub(crate) async fn set(&self, change: impl Fn(&mut Settings) + Send + 'static) {
        self.core.set_app(self.app.id, move |app| change(&mut app.settings)).await.unwrap();
    }

    pub(crate) async fn token(&self, name: &str) -> String {
        self.token_in(&self.app, name).await
    }

    pub(crate) async fn token_in(&self, app: &App, name: &str) -> String {
        let shown = Name::try_from(name).unwrap();
        self.core.issue_token(app, user(name), shown, None, None).await.unwrap()
    }

    /// Registers a user and logs it in on a device.
    pub(crate) async fn login(&self, name: &str, device: &str) -> Wire {
        let token = self.token(name).await;
        self.login_with(&token, device).await.unwrap()
    }

    pub(crate) async fn login_with(&self, token: &str, device: &str) -> Result<Wire, Failure> {
        self.login_in(&self.app, token, device).await
    }

    pub(crate) async fn login_in(
        &self,
        app: &App,
        token: &str,
        device: &str,
    ) -> Result<Wire, Failure> {
        let wire = Wire::login(&self.address, app.key.as_str(), token, device).await;
        wire.map_err(|error| error.downcast::<Refused>().unwrap().0)
    }

    /// Whether a user has a device here.
    pub(crate) async fn is_online(&self, name: &str) -> bool {
        let presence = self.core.presence(self.app.id, vec![user(name)]).await.unwrap();
        presence[0].online
    }

    /// The value of a counter or gauge, as an operator sees it.
    pub(crate) fn figure(&self, line: &str) -> i64 {
        let mut registry = Registry::default();
        self.gateway.metrics().register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let value = text.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }
}

async fn new_app(core: &Core) -> App {
    let made = core.create_app("Test", Environment::Production, Edition::Flagship).await.unwrap();
    made.app
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::try_from(name).unwrap()
}

pub(crate) fn other_app(app: AppId) -> AppId {
    AppId(app.0 + 1)
}

/// The code by which a request is refused.
pub(crate) async fn refusal(wire: &mut Wire, body: client_frame::Body) -> Failure {
    match wire.call(body).await {
        Err(error) => error.downcast::<Refused>().unwrap().0,
        Ok(body) => panic!("not refused: {body:?}"),
    }
}

/// The answer to a request.
pub(crate) async fn answer(wire: &mut Wire, body: client_frame::Body) -> server_frame::Body {
    wire.call(body).await.unwrap()
}

/// A text message with one thing changed.
pub(crate) fn message(
    to: &str,
    id: &str,
    change: impl FnOnce(&mut SendMessage),
) -> client_frame::Body {
    let client_frame::Body::SendMessage(mut message) = Wire::text(to, id, "hello") else {
        unreachable!()
    };
    change(&mut message);
    client_frame::Body::SendMessage(message)
}

/// The client message id and the number of the next inbox entry, which must be a message.
pub(crate) async fn next_message(wire: &mut Wire) -> (String, u64) {
    let entry = wire.entry().await.unwrap();
    match entry.body {
        Some(nuncio_protocol::frames::entry::Body::Message(message)) => {
            (message.client_message_id, entry.seq)
        }
        other => panic!("not a message: {other:?}"),
    }
}

/// That nothing more has been pushed: what a heartbeat brings comes after everything before it.
pub(crate) async fn nothing_more(wire: &mut Wire) {
    let ping = client_frame::Body::Ping(<_>::default());
    answer(wire, ping).await;
    let nothing = tokio::time::timeout(Duration::from_millis(50), wire.pushed()).await;
    assert!(nothing.is_err(), "pushed: {nothing:?}");
}

pub(crate) fn number(code: Code) -> u32 {
    code.number()
}
