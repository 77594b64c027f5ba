//! TLS to PostgreSQL, by the connection URL's `sslmode`:
//!
//! - `disable`: none.
//! - `prefer` (the default) and `require`: encrypted when the server can, or always; who the server is, is not
//!   checked, as in PostgreSQL's own programs.
//! - `verify-full`: encrypted, and the server's certificate is checked for its host name, against the public
//!   roots or those in the file that `sslrootcert` names.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Inner;

use crate::error::StoreError;

/// How to connect: what `tokio_postgres` knows, and what it leaves to us.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: Tls,
}

impl Target {
    /// Reads a connection URL.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let bad = |why: String| StoreError::Unavailable(format!("the database URL: {why}"));
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut verify, mut roots, mut rest) = (false, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", "verify-full")) => {
                    verify = true;
                    rest.push("sslmode=require");
                }
                Some(("sslmode", "verify-ca" | "allow")) => {
                    return Err(bad("`sslmode` is disable, prefer, require or verify-full".into()));
                }
                Some(("sslrootcert", _)) => {
                    let read: Result<Vec<(String, String)>, _> = serde_urlencoded::from_str(pair);
                    roots = read.map_err(|e| bad(e.to_string()))?.pop().map(|(_, file)| file);
                }
                _ => rest.push(pair),
            }
        }
        if roots.is_some() && !verify {
            return Err(bad("`sslrootcert` is looked at with `sslmode=verify-full` alone".into()));
        }
        let config =
            format!("{address}?{}", rest.join("&")).parse().map_err(|e| bad(format!("{e}")))?;
        let tls = if verify { verifying(roots.as_deref()) } else { unverifying() };
        Ok(Self { config, tls: tls.map_err(bad)? })
    }
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

fn verifying(file: Option<&str>) -> Result<Tls, String> {
    let mut roots = RootCertStore::empty();
    match file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let wrong = |error: &dyn std::fmt::Display| format!("`sslrootcert` {file}: {error}");
            for root in CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))? {
                roots.add(root.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
            }
            if roots.is_empty() {
                return Err(wrong(&"holds no certificate"));
            }
        }
    }
    let config = builder()?.with_root_certificates(roots).with_no_client_auth();
    Ok(Tls(Arc::new(config).into()))
}

fn unverifying() -> Result<Tls, String> {
    let verifier = Anybody(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Tls(Arc::new(config).into()))
}

/// Takes any server's certificate, as its owner asked by `sslmode`.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Makes TLS connections for `tokio_postgres`.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Handshake> {
        Ok(Handshake(
            self.0.clone(),
            ServerName::try_from(domain.to_owned()).map_err(io::Error::other),
        ))
    }
}

pub(super) struct Handshake(TlsConnector, io::Result<ServerName<'static>>);

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Stream<S>>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Stream(self.0.connect(self.1?, stream).await?)) })
    }
}

/// An encrypted connection.
pub(super) struct Stream<S>(Inner<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_tls_is_read_from_the_url() {
        for good in [
            "postgres://u@h/d",
            "postgres://u@h/d?sslmode=disable",
            "postgres://u@h/d?options=-csearch_path%3Dx&sslmode=require",
            "postgres://u@h/d?sslmode=verify-full&connect_timeout=3",
        ] {
            Target::parse(good).map(drop).unwrap();
        }
        for bad in [
            "postgres://u@h/d?sslmode=verify-ca",
            "postgres://u@h/d?sslmode=sometimes",
            "postgres://u@h/d?sslrootcert=/no/such/file",
            "postgres://u@h/d?sslmode=verify-full&sslrootcert=%2Fno%2Fsuch%2Ffile",
        ] {
            assert!(matches!(Target::parse(bad), Err(StoreError::Unavailable(_))), "{bad}");
        }
    }
}
