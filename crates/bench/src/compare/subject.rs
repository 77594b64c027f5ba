//! The servers that are compared: what each is, what it keeps, and how it is asked for the same.

use std::net::SocketAddr;

use nuncio_testkit::postgres::Durable;

use super::ejabberd::{Ejabberd, Keeps};
use crate::dialect::{Dialect, Door};
use crate::echo::Echo;
use crate::scenario::Plan;
use crate::server::{Server, Storage};
use crate::system;
use crate::users::{self, AT_ONCE};
use crate::xmpp::Transport;

/// A server that is compared.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    /// What is on disk when a message is told to have arrived, and what is looked at before.
    pub(crate) keeps: &'static str,
    pub(super) start: fn(&Plan) -> anyhow::Result<Subject>,
    /// Whether it keeps messages for who is away.
    pub(super) offline: bool,
}

const NOTHING: &str = "stores nothing, looks at no list";

/// All of them. The first is what the others are compared with.
pub(crate) const SIDES: &[Side] = &[
    Side {
        name: "nuncio-sqlite",
        keeps: "SQLite, WAL, synchronous=FULL: flushed before the ack and the delivery; blocklist and ban looked at in the \
                same transaction; history of both users",
        start: |plan| Ok(Subject::nuncio(Server::start(&plan.binary, Storage::Sqlite)?, None)),
        offline: true,
    },
    Side {
        name: "nuncio-postgres",
        keeps: "PostgreSQL, fsync=on, synchronous_commit=on: as above",
        start: |plan| {
            let database = Durable::start();
            let (url, process) = (database.url(), database.process());
            let server = Server::start(&plan.binary, Storage::Postgres { url, process })?;
            Ok(Subject::nuncio(server, Some(database)))
        },
        offline: true,
    },
    Side {
        name: "limit",
        keeps: "a bare WebSocket echo on Nuncio's WebSocket: stores nothing, knows nobody",
        start: |_| Ok(Subject { is: Is::Echo(Echo::start()?) }),
        offline: false,
    },
    Side {
        name: "ejabberd-relay-tcp",
        keeps: NOTHING,
        start: |_| Subject::ejabberd(Keeps::Nothing, Transport::Tcp),
        offline: false,
    },
    Side {
        name: "ejabberd-relay-websocket",
        keeps: NOTHING,
        start: |_| Subject::ejabberd(Keeps::Nothing, Transport::WebSocket),
        offline: false,
    },
    Side {
        name: "ejabberd-archive-tcp",
        keeps: ARCHIVE,
        start: |_| Subject::ejabberd(Keeps::Archive, Transport::Tcp),
        offline: true,
    },
    Side {
        name: "ejabberd-archive-websocket",
        keeps: ARCHIVE,
        start: |_| Subject::ejabberd(Keeps::Archive, Transport::WebSocket),
        offline: true,
    },
];

const ARCHIVE: &str = "PostgreSQL, fsync=on, synchronous_commit=on: archive of both users, blocklist looked at, kept for who is \
                       away; it acknowledges no message of a user who is connected";

/// A running server.
pub(crate) struct Subject {
    is: Is,
}

enum Is {
    // The server ends before its database.
    Nuncio { server: Server, _database: Option<Durable> },
    Echo(Echo),
    Ejabberd { server: Ejabberd, transport: Transport },
}

impl Subject {
    fn nuncio(server: Server, database: Option<Durable>) -> Self {
        Self { is: Is::Nuncio { server, _database: database } }
    }

    fn ejabberd(keeps: Keeps, transport: Transport) -> anyhow::Result<Self> {
        Ok(Self { is: Is::Ejabberd { server: Ejabberd::start(keeps)?, transport } })
    }

    /// Makes users; returns what each logs in with.
    pub(super) fn register(&self, from: usize, to: usize) -> anyhow::Result<Vec<String>> {
        match &self.is {
            Is::Nuncio { server, .. } => Ok(users::register(server.target(), from, to, AT_ONCE)?.0),
            Is::Echo(_) => Ok((from..to).map(users::name).collect()),
            Is::Ejabberd { server, .. } => server.register(from, to),
        }
    }

    /// What its clients know of it. Senders to users who are away are told of each message.
    pub(super) fn door(&self, offline: bool) -> Door<'_> {
        match &self.is {
            Is::Nuncio { server, .. } => server.door(),
            Is::Echo(echo) => Door { dialect: Dialect::Echo, address: echo.address, key: "" },
            Is::Ejabberd { server, transport } => {
                let address: SocketAddr = match transport {
                    Transport::Tcp => server.tcp,
                    Transport::WebSocket => server.http,
                };
                let dialect = Dialect::Xmpp { transport: *transport, counted: offline };
                Door { dialect, address, key: "" }
            }
        }
    }

    /// Starts it again on the same data, so that it has forgotten what making users left behind.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        match &mut self.is {
            Is::Nuncio { server, .. } => server.restart().map(drop),
            Is::Echo(_) => Ok(()),
            Is::Ejabberd { server, .. } => server.restart(),
        }
    }

    /// Processor seconds used so far, its database's included.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        match &self.is {
            Is::Nuncio { server, .. } => server.cpu_seconds(),
            Is::Echo(echo) => system::cpu_seconds(&[echo.process()]),
            Is::Ejabberd { server, .. } => server.cpu_seconds(),
        }
    }

    /// Its own memory, without its database's.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<u64> {
        match &self.is {
            Is::Nuncio { server, .. } => server.resident_bytes(),
            Is::Echo(echo) => system::resident_bytes(echo.process()),
            Is::Ejabberd { server, .. } => server.resident_bytes(),
        }
    }
}
