//! The table of settings: one entry makes the flag, the environment variable, the key in the file, the line
//! in the help and the line that `nuncio config` prints.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{AdminListen, LogFilter, LogFormat, SecretUrl, Span};

/// One entry of the table, for help and reference.
pub(crate) struct Setting {
    /// Its name as a field, with underscores.
    pub(crate) id: &'static str,
    /// Its name in the environment.
    pub(crate) env: &'static str,
    /// What it means, line by line.
    pub(crate) doc: &'static [&'static str],
    /// Its value when nobody sets it.
    pub(crate) default: Option<&'static str>,
}

impl Setting {
    /// Its name as a flag and in the file, with hyphens.
    pub(crate) fn name(&self) -> String {
        self.id.replace('_', "-")
    }
}

/// The type of a setting in force: with a default it always has a value.
macro_rules! in_force {
    ($type:ty, $default:literal) => { $type };
    ($type:ty) => { Option<$type> };
}

macro_rules! default_text {
    ($default:literal) => {
        Some($default)
    };
    () => {
        None
    };
}

macro_rules! take {
    ($given:ident, $name:ident, $default:literal) => {
        $given.$name.ok_or_else(|| anyhow::anyhow!("`{}` has no value", stringify!($name)))?
    };
    ($given:ident, $name:ident) => {
        $given.$name
    };
}

macro_rules! settings {
    ($(
        $(#[doc = $flags_doc:literal])+
        $flags:ident {
            $($(#[doc = $doc:literal])+
            $name:ident ($env:literal, $value:literal): $type:ty $(= $default:literal)?;)+
        }
    )+) => {
        $(
            $(#[doc = $flags_doc])+
            #[derive(Clone, Debug, Default, clap::Args)]
            pub(crate) struct $flags {
                $($(#[doc = $doc])+
                #[arg(long, env = $env, hide_env_values = true, value_name = $value)]
                $name: Option<$type>,)+
            }

            impl From<$flags> for Given {
                fn from(flags: $flags) -> Self {
                    Self { $($name: flags.$name,)+ ..Self::default() }
                }
            }
        )+

        /// What somebody has set: by flags and environment, or in the file.
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct Given {
            $($(pub(crate) $name: Option<$type>,)+)+
        }

        impl Given {
            /// What is set here, and what only `other` sets.
            pub(crate) fn or(self, other: Self) -> Self {
                Self { $($($name: self.$name.or(other.$name),)+)+ }
            }

            /// The defaults; a test parses them all.
            pub(crate) fn defaults() -> Self {
                Self {
                    $($($(
                        $name: Some($default.parse().expect("a default of the table parses")),
                    )?)+)+
                    ..Self::default()
                }
            }
        }

        /// What is in force.
        #[derive(Clone, Debug)]
        pub(crate) struct Config {
            $($($(#[doc = $doc])+ pub(crate) $name: in_force!($type $(, $default)?),)+)+
        }

        impl Config {
            pub(super) fn resolve(given: Given) -> anyhow::Result<Self> {
                Ok(Self { $($($name: take!(given, $name $(, $default)?),)+)+ })
            }
        }

        /// All settings, in the order in which help and reference show them.
        pub(crate) const SETTINGS: &[Setting] = &[$($(
            Setting {
                id: stringify!($name),
                env: $env,
                doc: &[$($doc,)+],
                default: default_text!($($default)?),
            },
        )+)+];
    };
}

settings! {
    /// Where the data is.
    StoreFlags {
        /// Folder for what this node keeps: the SQLite database `nuncio.db` and the master key. Made with
        /// mode 0700 when missing
        data ("NUNCIO_DATA", "DIR"): PathBuf = "./data";
        /// PostgreSQL database to use instead of the SQLite file; it may hold a password, so better given in
        /// the environment or the file
        database_url ("NUNCIO_DATABASE_URL", "URL"): SecretUrl;
        /// The key that App Secrets are encrypted under, `master.key` beside the data by default. Made with
        /// mode 0600 when missing; keep a copy apart from the database's backups
        master_key_file ("NUNCIO_MASTER_KEY_FILE", "FILE"): PathBuf;
    }

    /// How the server serves.
    ServeFlags {
        /// Where the Server API and client connections are served; port 0 takes a free one
        listen ("NUNCIO_LISTEN", "ADDR"): SocketAddr = "127.0.0.1:9645";
        /// Where /healthz, /readyz and /metrics are served: an address, `off`, or `auto` for 127.0.0.1:9646
        /// when that is free
        admin_listen ("NUNCIO_ADMIN_LISTEN", "ADDR"): AdminListen = "auto";
        /// NATS servers that join this node to the others on the same PostgreSQL database, separated by commas:
        /// `nats://host:4222`, `tls://host:4222`; may hold a user and a password
        nats_url ("NUNCIO_NATS_URL", "URL"): SecretUrl;
        /// What operators call this node in `nuncio node list`; the machine's name by default
        node_name ("NUNCIO_NODE_NAME", "NAME"): String;
        /// How long the other nodes believe in this one without a sign of life, and how long it serves clients
        /// without database or bus
        node_lease ("NUNCIO_NODE_LEASE", "SPAN"): Span = "4s";
        /// Certificate and chain, PEM: serves HTTPS and WSS. Read again when the file changes
        tls_cert ("NUNCIO_TLS_CERT", "FILE"): PathBuf;
        /// Private key of the certificate, PEM
        tls_key ("NUNCIO_TLS_KEY", "FILE"): PathBuf;
        /// Client connections that may be open at once; further clients are told to come back
        max_connections ("NUNCIO_MAX_CONNECTIONS", "N"): NonZeroU32 = "100000";
        /// How long a connection may stay without a complete request head, between requests too
        header_timeout ("NUNCIO_HEADER_TIMEOUT", "SPAN"): Span = "60s";
        /// Time that a Server API request has, from its head to its answer
        request_timeout ("NUNCIO_REQUEST_TIMEOUT", "SPAN"): Span = "10s";
        /// How far a Server API request's timestamp may be off this machine's clock
        signature_window ("NUNCIO_SIGNATURE_WINDOW", "SPAN"): Span = "5m";
        /// Signed requests that are remembered for each app, to refuse them when they come again; one takes
        /// about 16 bytes
        replays_remembered ("NUNCIO_REPLAYS_REMEMBERED", "N"): NonZeroU32 = "1000000";
        /// Server API calls per second, app and class of operations, unless the app has its own limit
        api_rate ("NUNCIO_API_RATE", "N"): NonZeroU32 = "10000";
        /// Clients send a ping after so long without sending; after 2.5 times as much silence they are
        /// disconnected
        heartbeat ("NUNCIO_HEARTBEAT", "SPAN"): Span = "30s";
        /// How long a client may take from connecting to its login
        login_timeout ("NUNCIO_LOGIN_TIMEOUT", "SPAN"): Span = "10s";
        /// How long a client may take to read what is written to it; then it is disconnected and catches up
        /// later
        write_timeout ("NUNCIO_WRITE_TIMEOUT", "SPAN"): Span = "10s";
        /// Client operations per second and connection, unless the app has its own limit
        client_rate ("NUNCIO_CLIENT_RATE", "N"): NonZeroU32 = "100";
        /// Members that one group may have
        max_group_members ("NUNCIO_MAX_GROUP_MEMBERS", "N"): NonZeroU32 = "3000";
        /// Members past which a group is big: what happens in it is then written once, and to the inboxes of those
        /// members only whose devices are connected; the others catch up when they come
        big_group_members ("NUNCIO_BIG_GROUP_MEMBERS", "N"): NonZeroU32 = "500";
        /// Whether webhooks may lead to private, loopback and link-local addresses: only where all who can set
        /// webhooks may reach those
        webhook_allow_private ("NUNCIO_WEBHOOK_ALLOW_PRIVATE", "BOOL"): bool = "false";
        /// How long entries of the audit trail are kept
        audit_retention ("NUNCIO_AUDIT_RETENTION", "SPAN"): Span = "365d";
        /// How long a stop waits for requests in progress
        drain_timeout ("NUNCIO_DRAIN_TIMEOUT", "SPAN"): Span = "10s";
        /// Within what time the clients of a full server come back after a stop, each at its own moment
        return_within ("NUNCIO_RETURN_WITHIN", "SPAN"): Span = "5s";
        /// `text` or `json`
        log_format ("NUNCIO_LOG_FORMAT", "FORMAT"): LogFormat = "text";
        /// `error`, `warn`, `info`, `debug` or `trace`, and levels of single modules after a comma:
        /// `info,nuncio_gateway=debug`
        log_level ("NUNCIO_LOG_LEVEL", "FILTER"): LogFilter = "info";
    }
}
