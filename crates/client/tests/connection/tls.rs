//! Over TLS, with a root certificate that the app adds.
//!
//! The certificates in `certs/` are for `localhost`, last for a hundred years, and the root's key is gone.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use nuncio_client::frames::{ProtobufMessage as _, ServerFrame, server_frame};
use nuncio_client::{Backoff, Client};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::server::welcome;

/// Welcomes one client over TLS.
async fn serve(listener: TcpListener) {
    let chain = CertificateDer::from_pem_slice(include_bytes!("certs/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certs/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let Ok(tls) = TlsAcceptor::from(Arc::new(config)).accept(tcp).await else { return };
    let mut socket = tokio_tungstenite::accept_async(tls).await.unwrap();
    socket.next().await;
    let frame = ServerFrame::new(1, server_frame::Body::Welcome(welcome(0)));
    socket.send(WsMessage::binary(frame.encode_to_vec())).await.unwrap();
    while let Some(Ok(_)) = socket.next().await {}
}

#[tokio::test]
async fn a_root_that_the_app_adds_is_trusted_and_no_other() {
    for trusted in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let serving = tokio::spawn(serve(listener));
        let once = Backoff { attempts: Some(0), ..Backoff::default() };
        let mut builder = Client::builder(url, "app").token("token").reconnect_policy(once);
        if trusted {
            builder = builder.root_certificates(include_bytes!("certs/ca.pem").as_slice());
        }
        let (client, _events) = builder.build().await.unwrap();
        let outcome = client.connect().await;
        assert_eq!(outcome.is_ok(), trusted, "{outcome:?}");
        if let Err(error) = outcome {
            assert!(error.to_string().contains("certificate"), "{error}");
        }
        client.disconnect().await;
        serving.await.unwrap();
    }
}
