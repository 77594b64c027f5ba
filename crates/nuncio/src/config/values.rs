//! The types of what an operator can set: each is read from text, and prints back as that text.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::Targets;

/// Reads a value from a string in the file, and writes it as one.
macro_rules! as_text {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = <Self as FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}

/// A span of time: a number and `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Span(pub(crate) Duration);
as_text!(Span);

/// Milliseconds of each unit, longest first.
const SPANS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ms = quantity(text, &SPANS).ok_or_else(|| {
            format!("`{text}` is not a span of time such as `500ms`, `30s`, `10m`, `12h` or `7d`")
        })?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quantity(f, u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &SPANS)
    }
}

/// A number followed by one of `units`, in the smallest unit.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// `quantity` in the largest unit that needs no fraction.
fn write_quantity(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    for (name, factor) in units {
        if value.is_multiple_of(*factor) && (value > 0 || *factor == 1) {
            return write!(f, "{}{name}", value / factor);
        }
    }
    Ok(())
}

/// Where the admin listener listens, if anywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum AdminListen {
    /// At [`AdminListen::USUAL`] when that is free, else nowhere: several servers on one machine then need no
    /// setting.
    Auto,
    /// Nowhere.
    Off,
    /// Here, or the server does not start.
    At(SocketAddr),
}
as_text!(AdminListen);

impl AdminListen {
    /// Where operators look for it.
    pub(crate) const USUAL: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9646);
}

impl FromStr for AdminListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::At).map_err(|_| {
                format!(
                    "`{text}` is neither `auto` nor `off` nor an address such as `127.0.0.1:9646`"
                )
            }),
        }
    }
}

impl fmt::Display for AdminListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
as_text!(LogFormat);

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is neither `text` nor `json`")),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Which log lines are written: a level, and levels of single modules after it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct LogFilter(String);
as_text!(LogFilter);

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Targets>() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(format!(
                "`{text}` is not a filter such as `info`, or `info,nuncio_gateway=debug`"
            )),
        }
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a PostgreSQL database or of NATS servers. Prints without its password.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct SecretUrl(SecretString);

impl SecretUrl {
    /// The whole address, for whoever connects to it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it has the form of one. Not checked on parsing, since whoever reports an error of parsing
    /// repeats the text, and with it the password.
    pub(super) fn is_postgres(&self) -> bool {
        self.expose().starts_with("postgres://") || self.expose().starts_with("postgresql://")
    }
}

impl From<String> for SecretUrl {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<SecretUrl> for String {
    fn from(url: SecretUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters after `?` may hold a password as well.
        let text = self.expose().split('?').next().unwrap_or_default();
        let Some((scheme, rest)) = text.split_once("://") else { return f.write_str("hidden") };
        match rest.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}:hidden@{host}")
            }
            None => write!(f, "{scheme}://{rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_prints_back_in_the_largest_unit_that_fits() {
        for (text, printed) in [
            ("30s", "30s"),
            ("90s", "90s"),
            ("120s", "2m"),
            ("24h", "1d"),
            ("1500ms", "1500ms"),
            ("0s", "0ms"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), printed);
        }
        for bad in ["", "30", "s", "-1s", "1.5h", "1y", "99999999999999999999d", "300000000000000d"]
        {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_admin_address_is_auto_off_or_an_address() {
        for text in ["auto", "off", "127.0.0.1:9", "[::1]:9"] {
            assert_eq!(text.parse::<AdminListen>().unwrap().to_string(), text);
        }
        assert!("9646".parse::<AdminListen>().is_err());
    }

    #[test]
    fn a_database_url_prints_without_what_is_secret() {
        for (text, printed) in [
            ("postgres://u:p%40@h:1/d?password=x", "postgres://u:hidden@h:1/d"),
            ("postgresql://u@h/d", "postgresql://u:hidden@h/d"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://u:p@x@h/d", "postgres://u:hidden@h/d"),
            ("host=h user=u password=p", "hidden"),
        ] {
            let url = SecretUrl::from(text.to_owned());
            assert_eq!(
                (url.to_string().as_str(), url.is_postgres()),
                (printed, printed != "hidden")
            );
        }
    }
}
