use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};

use super::*;

/// The word `plain`, compressed.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xc8\x49\xcc\xcc\x03\x00\xcf\x62\x20\x19\x05\x00\x00\x00";
static FILES: [File; 3] = [
    File { path: "assets/app-AB12.js", etag: "W/\"1\"", kept: Kept { contents: GZIP, gzip: true } },
    File { path: "index.html", etag: "W/\"2\"", kept: Kept { contents: b"index", gzip: false } },
    File { path: "worker.js", etag: "W/\"3\"", kept: Kept { contents: b"worker", gzip: false } },
];
const SITE: Site = Site { name: "console", files: &FILES, framed_by: "'none'" };

async fn ask(site: Site, path: &str, headers: &[(HeaderName, &'static str)]) -> (Response, String) {
    let (answer, body) = ask_bytes(site, path, headers).await;
    (answer, String::from_utf8(body).unwrap())
}

async fn ask_bytes(
    site: Site,
    path: &str,
    headers: &[(HeaderName, &'static str)],
) -> (Response, Vec<u8>) {
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
    let (head, body) = site.answer(path, &headers.collect()).into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    (Response::from_parts(head, axum::body::Body::empty()), body.into())
}

fn header(response: &Response, name: HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_file_named_by_its_contents_is_kept_for_good_and_others_are_asked_for_again() {
    let (script, _) = ask(SITE, "assets/app-AB12.js", &[]).await;
    assert_eq!(header(&script, CACHE_CONTROL), "public, max-age=31536000, immutable");
    let (worker, body) = ask(SITE, "worker.js", &[]).await;
    assert_eq!((header(&worker, CACHE_CONTROL), body.as_str()), ("no-cache", "worker"));
    assert_eq!(header(&worker, CONTENT_TYPE), "text/javascript; charset=utf-8");
}

#[tokio::test]
async fn who_has_a_file_is_not_sent_it_again() {
    for tags in ["W/\"2\"", "\"2\"", "\"x\", W/\"2\"", "*"] {
        let (answer, body) = ask(SITE, "index.html", &[(IF_NONE_MATCH, tags)]).await;
        assert_eq!((answer.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{tags}");
        assert_eq!(header(&answer, ETAG), "W/\"2\"");
    }
    let (answer, _) = ask(SITE, "index.html", &[(IF_NONE_MATCH, "W/\"1\"")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_compressed_form_is_for_who_reads_it() {
    for (accepted, expected) in [
        ("gzip, deflate, br", GZIP),
        ("br;q=1.0, GZIP;q=0.5", GZIP),
        ("gzip;q=0", b"plain"),
        ("br", b"plain"),
        ("", b"plain"),
    ] {
        let headers = [(ACCEPT_ENCODING, accepted)];
        let (answer, body) = ask_bytes(SITE, "assets/app-AB12.js", &headers).await;
        assert_eq!(body, expected, "{accepted}");
        assert_eq!(header(&answer, CONTENT_ENCODING) == "gzip", expected == GZIP);
        assert_eq!(header(&answer, VARY), "Accept-Encoding");
    }
    let (_, body) = ask(SITE, "index.html", &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(body, "index", "there is no smaller form");
}

#[tokio::test]
async fn an_address_of_the_page_is_the_page_and_a_missing_file_is_missing() {
    assert_eq!(ask(SITE, "users/alice", &[]).await.1, "index");
    for path in ["assets/gone.js", "../Cargo.toml", "favicon.ico"] {
        assert_eq!(ask(SITE, path, &[]).await.0.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need() {
    for path in ["index.html", "gone.js", "worker.js"] {
        let (answer, _) = ask(SITE, path, &[]).await;
        let policy = header(&answer, CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'self'; "), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&answer, X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(header(&answer, REFERRER_POLICY), "no-referrer");
    }
}

#[tokio::test]
async fn a_build_without_pages_says_how_to_make_them() {
    let site = Site { files: &[], ..SITE };
    let (answer, page) = ask(site, "index.html", &[]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(page.contains("The console is not in this build"), "{page}");
    assert!(page.contains("<pre>make build</pre>"), "{page}");
}
