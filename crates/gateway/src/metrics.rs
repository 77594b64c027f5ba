//! What is counted about client connections, for Prometheus.

use nuncio_protocol::Code;
use nuncio_protocol::frames::Failure;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counts of client connections. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) connections: Gauge,
    pub(crate) sessions: Gauge,
    pub(crate) frames_received: Counter,
    pub(crate) frames_sent: Counter,
    pub(crate) slow_readers: Counter,
    pub(crate) mailbox_overflows: Counter,
    logins: Family<Outcome, Counter>,
    messages: Family<Outcome, Counter>,
    messages_accepted: Counter,
    closed: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Outcome {
    code: &'static str,
}

const OK: Outcome = Outcome { code: "OK" };

impl Default for Metrics {
    fn default() -> Self {
        let messages = Family::<Outcome, Counter>::default();
        Self {
            connections: Gauge::default(),
            sessions: Gauge::default(),
            frames_received: Counter::default(),
            frames_sent: Counter::default(),
            slow_readers: Counter::default(),
            mailbox_overflows: Counter::default(),
            logins: Family::default(),
            messages_accepted: messages.get_or_create_owned(&OK),
            messages,
            closed: Family::default(),
        }
    }
}

impl Metrics {
    /// Makes the figures part of `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "client_connections",
            "Open client connections, those that have not logged in among them",
            self.connections.clone(),
        );
        registry.register(
            "client_sessions",
            "Client connections that have logged in",
            self.sessions.clone(),
        );
        registry.register("client_logins", "Logins by the code of the answer", self.logins.clone());
        registry.register(
            "client_messages",
            "Messages that clients sent, by the code of the answer",
            self.messages.clone(),
        );
        registry.register(
            "client_connections_closed",
            "Logged-in connections that the server closed, by the code told",
            self.closed.clone(),
        );
        registry.register(
            "client_frames_received",
            "Frames received from clients",
            self.frames_received.clone(),
        );
        registry.register(
            "client_frames_sent",
            "Frames written to clients",
            self.frames_sent.clone(),
        );
        registry.register(
            "client_slow_readers",
            "Connections closed because the client did not read in time",
            self.slow_readers.clone(),
        );
        registry.register(
            "client_mailbox_overflows",
            "Times that a session had more waiting than is kept in memory, and read from the store instead",
            self.mailbox_overflows.clone(),
        );
    }

    pub(crate) fn login(&self, refused: Option<&Failure>) {
        self.logins.get_or_create(&refused.map_or(OK, outcome)).inc();
    }

    pub(crate) fn message(&self, refused: Option<&Failure>) {
        match refused {
            None => self.messages_accepted.inc(),
            Some(failure) => self.messages.get_or_create(&outcome(failure)).inc(),
        };
    }

    pub(crate) fn closed(&self, why: &Failure) {
        self.closed.get_or_create(&outcome(why)).inc();
    }
}

fn outcome(failure: &Failure) -> Outcome {
    Outcome { code: Code::from_number(failure.code).unwrap_or(Code::Internal).name() }
}
