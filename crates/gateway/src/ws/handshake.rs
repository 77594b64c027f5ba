//! From an HTTP request to a WebSocket.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};

/// What RFC 6455 has appended to the client's key before it is hashed.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The connection below a WebSocket.
pub(crate) type Io = TokioIo<Upgraded>;

/// Says yes to a request for a WebSocket: the answer, and the connection once that has been written. Else
/// the status and the sentence that say why not.
pub(crate) fn accept(
    request: &mut Request,
) -> Result<(Response, OnUpgrade), (StatusCode, &'static str)> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "a WebSocket is opened with GET"));
    }
    if !has_token(headers, header::CONNECTION, "upgrade")
        || !has_token(headers, header::UPGRADE, "websocket")
    {
        return Err((StatusCode::UPGRADE_REQUIRED, "only WebSocket connections are served here"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "only version 13 of WebSocket is spoken here"));
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .map(|key| key.as_bytes().to_vec())
        .filter(|key| STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16))
        .ok_or((StatusCode::BAD_REQUEST, "`Sec-WebSocket-Key` is not 16 bytes in base64"))?;
    let proof = STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize());
    let answer = [
        (header::CONNECTION, "upgrade".to_owned()),
        (header::UPGRADE, "websocket".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, proof),
    ];
    let upgrade = hyper::upgrade::on(request);
    Ok(((StatusCode::SWITCHING_PROTOCOLS, answer).into_response(), upgrade))
}

/// Whether a header that is a list of words holds `word`.
fn has_token(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(key: &str) -> Request {
        Request::get("/connect")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", key)
            .body(Body::empty())
            .unwrap()
    }

    #[test]
    fn the_proof_is_that_of_the_standard() {
        // The example of RFC 6455, 1.3.
        let (answer, _) = accept(&mut request("dGhlIHNhbXBsZSBub25jZQ==")).unwrap();
        assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    }

    #[test]
    fn what_does_not_ask_for_a_websocket_is_told_so() {
        let status = |request: &mut Request| accept(request).err().unwrap().0;
        assert_eq!(status(&mut request("short")), StatusCode::BAD_REQUEST);
        for missing in ["connection", "upgrade", "sec-websocket-version"] {
            let mut request = request("dGhlIHNhbXBsZSBub25jZQ==");
            request.headers_mut().remove(missing);
            assert_eq!(status(&mut request), StatusCode::UPGRADE_REQUIRED, "{missing}");
        }
        let mut post = request("dGhlIHNhbXBsZSBub25jZQ==");
        *post.method_mut() = Method::POST;
        assert_eq!(status(&mut post), StatusCode::METHOD_NOT_ALLOWED);
    }
}
