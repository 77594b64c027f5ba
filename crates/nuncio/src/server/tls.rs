//! TLS from files, read again when they change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::tasks::Tasks;
use crate::config::TlsFiles;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The certificate in use.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The files' bytes: what changes with them.
#[derive(Eq, PartialEq)]
struct Pem {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Pem {
    async fn read(files: &TlsFiles) -> anyhow::Result<Self> {
        let read = async |path: &Path| {
            tokio::fs::read(path).await.with_context(|| format!("cannot read `{}`", path.display()))
        };
        Ok(Self { cert: read(&files.cert).await?, key: read(&files.key).await? })
    }

    /// Fails when they are not PEM, or do not belong together.
    fn parse(&self, provider: &CryptoProvider, files: &TlsFiles) -> anyhow::Result<CertifiedKey> {
        let chain = CertificateDer::pem_slice_iter(&self.cert)
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("`{}` is not PEM", files.cert.display()))?;
        anyhow::ensure!(!chain.is_empty(), "`{}` holds no certificate", files.cert.display());
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .with_context(|| format!("`{}` holds no private key in PEM", files.key.display()))?;
        CertifiedKey::from_der(chain, key, provider).with_context(|| {
            format!("`{}` and `{}` do not work together", files.cert.display(), files.key.display())
        })
    }
}

/// Reads the files, and keeps looking whether they change: new connections then get the new certificate.
/// Files that cannot be used are reported, and the certificate before stays.
pub(super) async fn acceptor(files: TlsFiles, tasks: &Tasks) -> anyhow::Result<TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let pem = Pem::read(&files).await?;
    let current = Arc::new(Current(ArcSwap::from_pointee(pem.parse(&provider, &files)?)));

    let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];

    let seen = Arc::new(tokio::sync::Mutex::new(pem));
    tasks.every("tls", LOOK, move || {
        let (files, provider) = (files.clone(), Arc::clone(&provider));
        let (current, seen) = (Arc::clone(&current), Arc::clone(&seen));
        async move {
            let pem = Pem::read(&files).await?;
            let mut seen = seen.lock().await;
            if *seen == pem {
                return Ok(());
            }
            let parsed = pem.parse(&provider, &files);
            // Also when it cannot be used: told once, not every second.
            *seen = pem;
            current.0.store(Arc::new(parsed.context("the certificate before stays in use")?));
            tracing::info!("the certificate has changed: new connections get the new one");
            anyhow::Ok(())
        }
    });
    Ok(TlsAcceptor::from(Arc::new(config)))
}
