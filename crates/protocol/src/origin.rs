//! Who makes a change, and from where: what the audit trail says of it besides the change itself.

use std::net::IpAddr;

/// Who acts.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Actor {
    /// The app's own server, which has signed its call with the App Secret.
    AppServer,
    /// Somebody at the console, by the name that they sign in with.
    Operator(String),
    /// Somebody at the command line, by the name of their account on that machine.
    CommandLine(String),
    /// The server by itself, in this job.
    Job(&'static str),
}

impl Actor {
    /// The kind of actor, as the audit trail writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AppServer => "app",
            Self::Operator(_) => "operator",
            Self::CommandLine(_) => "cli",
            Self::Job(_) => "job",
        }
    }

    /// Who of that kind; empty for the app's server.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::AppServer => "",
            Self::Operator(name) | Self::CommandLine(name) => name,
            Self::Job(name) => name,
        }
    }
}

/// Who makes a change, from where, and in which request.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// The address that the request came from.
    pub address: Option<IpAddr>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl Origin {
    /// A signed call of an app's own server.
    #[must_use]
    pub fn app_server(address: Option<IpAddr>, request_id: String) -> Self {
        Self { actor: Actor::AppServer, address, request_id: Some(request_id) }
    }

    /// A request of somebody who is signed in to the console.
    #[must_use]
    pub fn operator(name: String, address: Option<IpAddr>, request_id: String) -> Self {
        Self { actor: Actor::Operator(name), address, request_id: Some(request_id) }
    }

    /// A command on the machine.
    #[must_use]
    pub fn command_line(account: String) -> Self {
        Self { actor: Actor::CommandLine(account), address: None, request_id: None }
    }

    /// A job of the server.
    #[must_use]
    pub fn job(name: &'static str) -> Self {
        Self { actor: Actor::Job(name), address: None, request_id: None }
    }
}
