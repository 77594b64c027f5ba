//! TLS to clients from files, and their change; and TLS to the database.

use std::path::Path;
use std::time::Duration;

use nuncio_testkit::postgres::Durable;

use crate::run::{Running, nuncio, refused, wait_for};

/// Writes a new certificate for 127.0.0.1 and its key; returns it, to be trusted.
fn write_certificate(folder: &Path) -> reqwest::Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

/// Whether the server shows the certificate that is trusted.
async fn is_trusted(url: &str, certificate: &reqwest::Certificate) -> bool {
    let client = reqwest::Client::builder()
        .tls_certs_only([certificate.clone()])
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    client.get(format!("{url}/healthz")).send().await.is_ok_and(|answer| answer.status() == 200)
}

async fn serve(folder: &Path) -> Running {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    Running::serve(&folder.join("data"), &["--tls-cert", &cert, "--tls-key", &key]).await
}

#[tokio::test]
async fn a_changed_certificate_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_certificate(folder.path());
    let server = serve(folder.path()).await;
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    assert!(is_trusted(&server.url, &first).await);

    let second = write_certificate(folder.path());
    wait_for(async || is_trusted(&server.url, &second).await.then_some(())).await;
    assert!(!is_trusted(&server.url, &first).await);
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_reported_and_the_certificate_before_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_certificate(folder.path());
    let server = serve(folder.path()).await;
    std::fs::write(folder.path().join("cert.pem"), "not a certificate").unwrap();
    // Longer than the server takes to look.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(is_trusted(&server.url, &first).await);
    let log = server.stop().await.log;
    assert_eq!(log.matches("the certificate before stays in use").count(), 1, "{log}");
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let cert = std::fs::read(folder.path().join("cert.pem")).unwrap();
    write_certificate(folder.path());
    std::fs::write(folder.path().join("cert.pem"), cert).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, cert, key) = (path("data"), path("cert.pem"), path("key.pem"));
    #[rustfmt::skip]
    let told = refused(&[
        "serve", "--data", &data, "--listen", "127.0.0.1:0", "--admin-listen", "off",
        "--tls-cert", &cert, "--tls-key", &key,
    ], 1)
    .await;
    assert!(told.contains("do not work together"), "{told}");
}

#[tokio::test]
async fn the_way_to_postgres_is_encrypted_and_the_server_is_who_the_url_says() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("ca.pem"), made.cert.pem()).unwrap();
    std::fs::write(path("other.pem"), other.cert.pem()).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    // It takes no connection that is not encrypted.
    let database =
        tokio::task::spawn_blocking(move || Durable::start_encrypted(&certificate, &key));
    let database = database.await.unwrap();
    let options = |query: &str| {
        let url = format!("{}?{query}", database.url());
        ["--database-url".to_owned(), url, "--master-key-file".to_owned(), path("master.key")]
    };

    let trusted = format!("sslmode=verify-full&sslrootcert={}", path("ca.pem"));
    for query in [&trusted, "sslmode=require", "sslmode=prefer", ""] {
        let mut command = nuncio();
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "off"]);
        command.args(options(query));
        let server = Running::start(command).await;
        let ready = reqwest::get(format!("{}/readyz", server.url)).await.unwrap();
        assert_eq!(ready.status(), 200, "{query}");
        assert_eq!(server.stop().await.code, Some(0));
    }

    let untrusted = format!("sslmode=verify-full&sslrootcert={}", path("other.pem"));
    for (query, part) in [
        ("sslmode=disable", "no encryption"),
        (&untrusted, "certificate"),
        ("sslmode=verify-full", "certificate"),
    ] {
        let options = options(query);
        let arguments: Vec<&str> =
            ["app", "list"].into_iter().chain(options.iter().map(String::as_str)).collect();
        let told = refused(&arguments, 1).await;
        assert!(told.contains(part), "{query}: {told}");
    }
    let of_another_name = options(&trusted)[1].replace("127.0.0.1", "localhost");
    let told = refused(
        &[
            "app",
            "list",
            "--database-url",
            &of_another_name,
            "--master-key-file",
            &path("master.key"),
        ],
        1,
    )
    .await;
    assert!(told.contains("certificate"), "{told}");
}
