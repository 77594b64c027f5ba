//! What the fuzzer in `fuzz/` calls: everything that is read of a request before the store is asked. It
//! panics when what was read breaks a promise.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use nuncio_protocol::{Timestamp, limits};
use serde_json::{Map, Value, from_value};

use super::answer::Answer;
use super::idempotency::IdempotencyKey;
use super::request_id::RequestId;
use super::signature::Credentials;
use super::{Route, body};
use crate::error::ApiError;
use crate::{OPERATIONS, legacy, wire};

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const WINDOW_SECONDS: u32 = 300;

/// Reads a request: a line with the path, lines with a header each, an empty line, the body.
pub fn request(bytes: &[u8]) {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &bytes[bytes.len()..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let path = lines.next().and_then(|line| str::from_utf8(line).ok()).unwrap_or_default();
    let headers: HeaderMap = lines.filter_map(header).collect();
    let route = route(path);

    let request_id = RequestId::of(&headers);
    assert!((1..=limits::REQUEST_ID_BYTES).contains(&request_id.to_string().len()));
    for outcome in [credentials(&headers, path, body), members(route, &headers, body)] {
        if let Err(error) = outcome {
            refused(route, &error, &request_id);
        }
    }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

fn route(path: &str) -> Route {
    let v4 = OPERATIONS.iter().find(|o| o.path == path || o.aliases.contains(&path));
    let row = legacy::ROWS.iter().find(|row| row.path == path);
    v4.map(Route::V4).or_else(|| row.map(Route::Legacy)).unwrap_or(Route::Unknown)
}

fn credentials(headers: &HeaderMap, path: &str, body: &[u8]) -> Result<(), ApiError> {
    let credentials = Credentials::read(headers)?;
    let sent_at = credentials.check_time(NOW, WINDOW_SECONDS)?;
    assert!(NOW.0.abs_diff(sent_at.0) <= u64::from(WINDOW_SECONDS) * 1000);
    credentials.verify_v1("secret")?;
    credentials.v2.map_or(Ok(()), |v2| credentials.verify_v2("secret", path, body, v2))
}

fn members(route: Route, headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    let members = match route {
        Route::Legacy(row) => row.members(headers, body)?,
        _ => body::json(headers, body)?,
    };
    if !members.is_empty() {
        let again = Value::Object(members.clone()).to_string();
        let again = body::json(&HeaderMap::new(), again.as_bytes())?;
        assert!(members.keys().eq(again.keys()), "members got lost or were null");
    }
    let operation = match route {
        Route::V4(operation) => operation,
        Route::Legacy(row) => row.operation,
        _ => return Ok(()),
    };
    IdempotencyKey::read(headers, operation.path, body)?;
    values(&members)?;
    (operation.check)(members)
}

/// What operations make of members, whichever member it is.
fn values(members: &Map<String, Value>) -> Result<(), ApiError> {
    for (name, value) in members {
        if let Ok(id) = from_value::<wire::Id>(value.clone()) {
            let user = wire::user(name, &id)?;
            assert_eq!(Some(user.as_str()), value.as_str());
            assert!((1..=limits::USER_ID_BYTES).contains(&user.as_str().len()));
        }
        if let Ok(ids) = from_value::<Vec<wire::Id>>(value.clone()) {
            let users = wire::users(name, &ids, limits::BATCH)?;
            assert!(users.len() <= ids.len() && ids.len() <= limits::BATCH);
        }
        if let Ok(number) = from_value::<wire::Integer>(value.clone()) {
            assert!((1..=100).contains(&wire::within(name, Some(number), 20, 1, 100)?));
        }
        if let Ok(types) = from_value::<wire::ChannelTypes>(value.clone()) {
            types.must_be_direct(name)?;
        }
    }
    Ok(())
}

/// A refusal becomes an answer, whatever the request quoted in it holds.
fn refused(route: Route, error: &ApiError, request_id: &RequestId) {
    let answer = Answer::failure(route, error, request_id);
    let text: Result<Value, _> = serde_json::from_str(&answer.body);
    assert!(text.is_ok_and(|answer| answer.is_object()), "an answer is not JSON");
    assert!((400..500).contains(&answer.status), "a caller's mistake is told as the server's");
    drop(answer.into_response());
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn what_the_fuzzer_found_worth_keeping_keeps_the_promises() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/request");
        let mut inputs = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            super::request(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0);
    }
}
