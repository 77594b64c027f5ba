//! The way to app servers: HTTP and HTTPS, to public addresses unless the operator allows others.
//!
//! An address is checked where it is used: a name is resolved once, and connected to is what was checked. No
//! redirect is followed and no proxy asked, which could lead elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use nuncio_core::{Courier, Letter, Reply};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// Idle connections that are kept to one host, and for how long.
const IDLE: (usize, Duration) = (16, Duration::from_secs(30));

const NOT_PUBLIC: &str =
    "its address is not a public one: allow that with the setting `webhook-allow-private`";

/// Carries webhooks.
pub(crate) struct HttpCourier {
    client: Client,
    /// For servers that speak nothing but HTTP/2.
    http2: Client,
    allow_private: bool,
}

impl HttpCourier {
    pub(crate) fn new(allow_private: bool) -> anyhow::Result<Self> {
        let client = || {
            let client = Client::builder()
                .user_agent(concat!("Nuncio/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_max_idle_per_host(IDLE.0)
                .pool_idle_timeout(IDLE.1);
            if allow_private { client } else { client.dns_resolver(Arc::new(PublicOnly)) }
        };
        let http2 = client().http2_prior_knowledge().build();
        let client = client().http1_only().build();
        let failed = "cannot prepare to call webhooks";
        Ok(Self { client: client.context(failed)?, http2: http2.context(failed)?, allow_private })
    }
}

#[async_trait]
impl Courier for HttpCourier {
    async fn post(&self, letter: Letter) -> Result<Reply, String> {
        let Letter { url, headers, body, timeout, most, http2 } = letter;
        let url = Url::parse(&url).map_err(|error| format!("the URL is not one: {error}"))?;
        // A host that is an address is not resolved.
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if let Ok(address) = host.parse::<IpAddr>()
            && !self.allow_private
            && !is_public(address)
        {
            return Err(NOT_PUBLIC.to_owned());
        }
        let client = if http2 { &self.http2 } else { &self.client };
        let mut request = client.post(url).timeout(timeout);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.body(body).send().await.map_err(|error| told(&error))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header("retry-after").and_then(|v| pause(v, header("date")));
        let mut reply = Reply { status: response.status().as_u16(), body: Vec::new(), retry_after };
        while reply.body.len() < most {
            match response.chunk().await.map_err(|error| told(&error))? {
                Some(chunk) => {
                    let room = most - reply.body.len();
                    reply.body.extend(&chunk[..chunk.len().min(room)]);
                }
                None => break,
            }
        }
        Ok(reply)
    }
}

/// What a `Retry-After` header says: seconds, or a moment, which is counted from the server's own time.
fn pause(value: &str, date: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text).ok();
    let (then, now) = (moment(value)?.timestamp(), moment(date?)?.timestamp());
    then.duration_since(now).try_into().ok()
}

/// The innermost cause of a failure, which says most.
fn told(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Resolves names to public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<_> = found.into_iter().filter(|a| is_public(a.ip())).collect();
            if public.is_empty() {
                return Err(NOT_PUBLIC.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address can be anybody's on the internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = a == 0
        || a >= 240
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b));
    !(reserved
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Addresses of the other kind in disguise: mapped, translated, tunnelled.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        // Documentation, and ranges that lead through relays or nowhere.
        [0x2001, 0x0db8 | 0..0x0200, ..] | [0x3fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_given_in_seconds_or_as_a_moment() {
        let (then, now) = ("Fri, 27 Nov 2026 10:00:07 GMT", "Fri, 27 Nov 2026 10:00:00 GMT");
        let seven = Some(Duration::from_secs(7));
        assert_eq!((pause("7", None), pause(then, Some(now))), (seven, seven));
        for (value, date) in [("soon", Some(now)), (then, None), (now, Some(then))] {
            assert_eq!(pause(value, date), None, "{value} {date:?}");
        }
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in ["1.1.1.1", "203.0.112.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
