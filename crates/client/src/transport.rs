//! From a server's URL to an open WebSocket: TCP, TLS, handshake.

use std::io;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::error::ClientError;

/// Bytes of the largest message that is read: a page of the inbox with room to spare.
const MESSAGE_BYTES: usize = 32 * 1024 * 1024;

/// A server's address, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Server {
    tls: bool,
    host: String,
    port: u16,
    /// The URL of the WebSocket, as the handshake names it.
    url: String,
}

impl Server {
    /// Reads `http`, `https`, `ws` and `wss` URLs; a path before `/connect` may be given.
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let bad = |why: &str| ClientError::BadArgument(format!("server URL `{text}` {why}"));
        let uri: Uri = text.trim().parse().map_err(|e| bad(&format!("is not one: {e}")))?;
        let tls = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(bad("must begin with http, https, ws or wss")),
        };
        if uri.query().is_some() {
            return Err(bad("has a query, which no server takes"));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| bad("has no host"))?;
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let scheme = if tls { "wss" } else { "ws" };
        let path = uri.path().trim_end_matches('/').trim_end_matches("/connect");
        Ok(Self {
            tls,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            url: format!("{scheme}://{host}:{port}{path}/connect"),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// What a TLS connection trusts: the public roots, and what the app adds.
pub(crate) fn tls_config(extra_roots_pem: &[Vec<u8>]) -> Result<Arc<ClientConfig>, ClientError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in extra_roots_pem {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let bad = |e: &dyn std::fmt::Display| {
                ClientError::BadArgument(format!("root certificate cannot be used: {e}"))
            };
            let certificate = certificate.map_err(|e| bad(&e))?;
            roots.add(certificate).map_err(|e| bad(&e))?;
            found = true;
        }
        if !found {
            return Err(ClientError::BadArgument("root certificate: no PEM block found".into()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| ClientError::BadArgument(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Plain or TLS.
pub(crate) trait Link: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

pub(crate) type Socket = WebSocketStream<Box<dyn Link>>;

/// Opens a WebSocket. The caller limits the time.
pub(crate) async fn open(server: &Server, tls: &Arc<ClientConfig>) -> io::Result<Socket> {
    let tcp = TcpStream::connect((server.host.as_str(), server.port)).await?;
    tcp.set_nodelay(true)?;
    let link: Box<dyn Link> = if server.tls {
        let name = ServerName::try_from(server.host.clone()).map_err(io::Error::other)?;
        Box::new(TlsConnector::from(tls.clone()).connect(name, tcp).await?)
    } else {
        Box::new(tcp)
    };
    // The default read buffer alone would be 128 KiB for each connection.
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    let (socket, _) = tokio_tungstenite::client_async_with_config(server.url(), link, Some(config))
        .await
        .map_err(io::Error::other)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Server::parse(text).unwrap().url().to_owned()
    }

    #[test]
    fn addresses_lead_to_the_connect_path() {
        assert_eq!(url("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/connect");
        assert_eq!(url("https://chat.example.org/"), "wss://chat.example.org:443/connect");
        assert_eq!(url("wss://example.org/chat/"), "wss://example.org:443/chat/connect");
        assert_eq!(url("ws://example.org/connect"), "ws://example.org:80/connect");
        assert_eq!(url("http://[::1]:80"), "ws://[::1]:80/connect");
        assert_eq!(Server::parse("http://[::1]:80").unwrap().host, "::1");
    }

    #[test]
    fn what_is_no_address_is_told() {
        for bad in ["", "example.org", "ftp://example.org", "http://", "http://a/?b=c"] {
            assert!(matches!(Server::parse(bad), Err(ClientError::BadArgument(_))), "{bad}");
        }
    }

    #[test]
    fn a_root_certificate_must_be_one() {
        assert!(tls_config(&[]).is_ok());
        assert!(tls_config(&[b"nonsense".to_vec()]).is_err());
    }
}
