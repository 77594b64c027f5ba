//! What is spoken with a server under load: each server is asked for the same, by the same generator, in its own words.

use std::net::SocketAddr;

use crate::frames::{self, Said};
use crate::net::{Id, Net};
use crate::users;
use crate::ws::{self, Kind};
use crate::xmpp::{self, Transport};

/// A way of speaking with a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    /// The client protocol.
    Nuncio,
    /// The client protocol's messages, which come back as they are. Nobody logs in.
    Echo,
    /// XMPP; with `counted` a sender is told how many of its messages the server has taken.
    Xmpp { transport: Transport, counted: bool },
}

/// What a client has to know of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) address: SocketAddr,
    /// The app key, where there is one.
    pub(crate) key: &'a str,
}

impl Dialect {
    const ALL: [Self; 4] = [
        Self::Nuncio,
        Self::Echo,
        Self::Xmpp { transport: Transport::Tcp, counted: false },
        Self::Xmpp { transport: Transport::WebSocket, counted: false },
    ];

    /// Its name on a command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nuncio => "nuncio",
            Self::Echo => "echo",
            Self::Xmpp { transport: Transport::Tcp, .. } => "xmpp",
            Self::Xmpp { transport: Transport::WebSocket, .. } => "xmpp-websocket",
        }
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// What a client says first on a connection.
    pub(crate) fn greeting(self) -> Vec<u8> {
        match self {
            Self::Nuncio | Self::Echo => ws::upgrade("/connect", None),
            Self::Xmpp { transport, .. } => transport.greeting(),
        }
    }

    /// Goes on with a login as far as what has come allows; returns whether the user is in. `upgraded` is the client's
    /// note of whether WebSocket is spoken already.
    pub(crate) fn log_in(
        self,
        net: &mut Net,
        id: Id,
        (key, credential): (&str, &str),
        upgraded: &mut bool,
        payload: &mut Vec<u8>,
    ) -> anyhow::Result<bool> {
        if let Self::Xmpp { transport, counted } = self {
            return transport.log_in(net, id, (credential, counted), upgraded, payload);
        }
        if !*upgraded {
            if !ws::take_upgraded(net, id)? {
                return Ok(false);
            }
            *upgraded = true;
            if self == Self::Echo {
                return Ok(true);
            }
            net.send(id, &frames::login(key, credential));
        }
        if ws::take_frame(net, id, payload) == Some(Kind::Message) {
            let said = frames::read(payload, "");
            anyhow::ensure!(said == Said::Welcome, "a login was answered with {said:?}");
            return Ok(true);
        }
        Ok(false)
    }

    /// How often a login may be tried again: ejabberd 23.01 closes one WebSocket of some thousands under way.
    pub(crate) fn drops_logins(self) -> u32 {
        match self {
            Self::Nuncio | Self::Echo | Self::Xmpp { transport: Transport::Tcp, .. } => 0,
            Self::Xmpp { transport: Transport::WebSocket, .. } => 3,
        }
    }

    /// Whether a message's sender is told that it was accepted.
    pub(crate) fn acknowledges(self) -> bool {
        match self {
            Self::Nuncio => true,
            Self::Echo => false,
            Self::Xmpp { counted, .. } => counted,
        }
    }

    /// Messages to user number `to`.
    pub(crate) fn messages(self, to: usize, prefix: String, bytes: usize) -> Messages {
        match self {
            Self::Nuncio | Self::Echo => {
                let messages = frames::Messages::new(&users::name(to), prefix, bytes);
                Messages::Nuncio(Box::new(messages))
            }
            Self::Xmpp { transport, counted } => {
                Messages::Xmpp(xmpp::Messages::new((transport, counted), to, &prefix, bytes))
            }
        }
    }

    /// Takes what has come next, if it is all there. `payload` is room to work in.
    pub(crate) fn take(
        self,
        net: &mut Net,
        id: Id,
        payload: &mut Vec<u8>,
        prefix: &str,
    ) -> anyhow::Result<Option<Said>> {
        if let Self::Xmpp { transport, .. } = self {
            return transport.take(net, id, payload, prefix);
        }
        let Some(kind) = ws::take_frame(net, id, payload) else {
            anyhow::ensure!(!net.has_ended(id), "the server closed a connection");
            return Ok(None);
        };
        anyhow::ensure!(kind != Kind::Close, "the server closed a connection");
        Ok(Some(match self {
            Self::Echo => frames::read_echo(payload),
            _ => frames::read(payload, prefix),
        }))
    }
}

/// Messages from one user to another, numbered from 0, ready to be sent.
pub(crate) enum Messages {
    Nuncio(Box<frames::Messages>),
    Xmpp(xmpp::Messages),
}

impl Messages {
    /// The bytes that send message `number`.
    pub(crate) fn number(&mut self, number: u64) -> &[u8] {
        match self {
            Self::Nuncio(messages) => messages.number(number),
            Self::Xmpp(messages) => messages.number(number),
        }
    }
}
