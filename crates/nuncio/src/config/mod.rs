//! What an operator can set, read once at the start.
//!
//! Every setting has one name in three spellings: the flag `--drain-timeout`, `NUNCIO_DRAIN_TIMEOUT` in the
//! environment, and `drain-timeout` in the file. A flag wins over the environment, that over the file, and
//! that over the default. [`settings`] is the table; [`values`] holds the types of what stands in it.

mod settings;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

pub(crate) use settings::{Config, Given, SETTINGS, ServeFlags, StoreFlags};
pub(crate) use values::{AdminListen, LogFilter, LogFormat, Span};

/// A lease that is shorter would run out whenever the database is busy.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// A certificate and its key, as files.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    /// The certificate and its chain, PEM.
    pub(crate) cert: PathBuf,
    /// The private key, PEM.
    pub(crate) key: PathBuf,
}

impl Given {
    /// Reads a configuration file; what is wrong in it is an error that names the line and the right names.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration `{}`", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("cannot understand the configuration `{}`", path.display()))
    }
}

impl Config {
    /// What is in force when somebody has set `given`: the rest by default.
    pub(crate) fn load(given: Given) -> anyhow::Result<Self> {
        let config = Self::resolve(given.or(Given::defaults()))?;
        if config.database_url.as_ref().is_some_and(|url| !url.is_postgres()) {
            bail!(
                "`database-url` is not an address such as `postgres://user:password@host:5432/name`"
            );
        }
        if config.nats_url.is_some() {
            if config.database_url.is_none() {
                bail!("`nats-url` joins nodes on one PostgreSQL database: set `database-url` too");
            }
            if config.master_key_file.is_none() {
                bail!(
                    "the nodes of a cluster share one master key: give each the same file, by \
                     `master-key-file` (`openssl rand -hex 32` makes a key)"
                );
            }
        }
        if config.node_lease.0 < SHORTEST_LEASE {
            bail!("`node-lease` must be at least {}", Span(SHORTEST_LEASE));
        }
        if config.tls_cert.is_some() != config.tls_key.is_some() {
            bail!("`tls-cert` and `tls-key` belong together: give both, or neither");
        }
        for (name, span) in [
            ("header-timeout", config.header_timeout),
            ("request-timeout", config.request_timeout),
            ("heartbeat", config.heartbeat),
            ("login-timeout", config.login_timeout),
            ("write-timeout", config.write_timeout),
            ("audit-retention", config.audit_retention),
        ] {
            if span.0.is_zero() {
                bail!("`{name}` must be longer than {span}");
            }
        }
        Ok(config)
    }

    /// The files that TLS needs; `None` to serve without it.
    pub(crate) fn tls(&self) -> Option<TlsFiles> {
        Some(TlsFiles { cert: self.tls_cert.clone()?, key: self.tls_key.clone()? })
    }

    /// The file that holds the master key.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data.join("master.key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_nothing_set_every_setting_has_its_default() {
        let config = Config::load(Given::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:9645");
        assert_eq!(config.drain_timeout.0, Duration::from_secs(10));
        assert_eq!(config.master_key(), Path::new("./data/master.key"));
    }

    #[test]
    fn a_misspelt_key_is_an_error_with_its_line_and_the_right_names() {
        let error = toml::from_str::<Given>("data = 'x'\nlistn = '127.0.0.1:1'").unwrap_err();
        insta::assert_snapshot!(error, @"
        TOML parse error at line 2, column 1
          |
        2 | listn = '127.0.0.1:1'
          | ^^^^^
        unknown field `listn`, expected one of `data`, `database-url`, `master-key-file`, `listen`, `admin-listen`, `nats-url`, `node-name`, `node-lease`, `tls-cert`, `tls-key`, `max-connections`, `header-timeout`, `request-timeout`, `signature-window`, `replays-remembered`, `api-rate`, `heartbeat`, `login-timeout`, `write-timeout`, `client-rate`, `max-group-members`, `big-group-members`, `webhook-allow-private`, `audit-retention`, `drain-timeout`, `return-within`, `log-format`, `log-level`
        ");
    }

    #[test]
    fn a_wrong_value_is_an_error_with_its_line() {
        let error = toml::from_str::<Given>("\ndrain-timeout = '10 parsecs'").unwrap_err();
        insta::assert_snapshot!(error, @"
        TOML parse error at line 2, column 17
          |
        2 | drain-timeout = '10 parsecs'
          |                 ^^^^^^^^^^^^
        `10 parsecs` is not a span of time such as `500ms`, `30s`, `10m`, `12h` or `7d`
        ");
    }

    #[test]
    fn a_certificate_without_a_key_is_refused() {
        let given = Given { tls_cert: Some("cert.pem".into()), ..Given::default() };
        let error = Config::load(given).unwrap_err();
        assert!(error.to_string().contains("belong together"), "{error}");
    }

    #[test]
    fn a_node_of_a_cluster_needs_the_database_and_the_key_that_the_others_have() {
        let nats = Given { nats_url: Some("nats://n1:4222".to_owned().into()), ..Given::default() };
        let error = Config::load(nats.clone()).unwrap_err().to_string();
        assert!(error.contains("set `database-url` too"), "{error}");
        let url = "postgres://db.example.org/nuncio".to_owned().into();
        let keyless = Given { database_url: Some(url), ..nats };
        let error = Config::load(keyless.clone()).unwrap_err().to_string();
        assert!(error.contains("`master-key-file`"), "{error}");
        let whole = Given { master_key_file: Some("master.key".into()), ..keyless };
        Config::load(whole).unwrap();
    }

    #[test]
    fn nothing_can_be_given_no_time_or_no_room() {
        let given = Given { heartbeat: "0s".parse().ok(), ..Given::default() };
        let error = Config::load(given).unwrap_err();
        assert_eq!(error.to_string(), "`heartbeat` must be longer than 0ms");
        assert!(toml::from_str::<Given>("max-connections = 0").is_err());
    }

    #[test]
    fn the_password_of_the_database_does_not_print() {
        let text = "database-url = 'postgres://nuncio:hunter2@db.example.org/nuncio'";
        let given: Given = toml::from_str(text).unwrap();
        let config = Config::load(given.clone()).unwrap();
        for shown in [
            format!("{given:?}"),
            format!("{config:?}"),
            toml::to_string(&given).unwrap(),
            config.database_url.unwrap().to_string(),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
