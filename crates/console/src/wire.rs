//! Values as they are on the wire, and checked values made of them.

use nuncio_protocol::UserId;
use nuncio_protocol::limits;
use serde::{Deserialize, Serialize};

use crate::error::ConsoleError;

/// An object without members.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Nothing {}

/// A page of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing<T> {
    pub(crate) items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_token: Option<String>,
}

/// The checked value of a member.
pub(crate) fn value<T, V>(member: &str, text: T) -> Result<V, ConsoleError>
where
    V: TryFrom<T>,
    V::Error: std::fmt::Display,
{
    V::try_from(text).map_err(|error| ConsoleError::member(member, error))
}

/// The users that `userIds` names: 1 to 20.
pub(crate) fn users(ids: &[String]) -> Result<Vec<UserId>, ConsoleError> {
    if ids.is_empty() || ids.len() > limits::BATCH {
        let fault = format!("must have 1 to {} entries", limits::BATCH);
        return Err(ConsoleError::member("userIds", fault));
    }
    ids.iter().map(|id| value("userIds", id.as_str())).collect()
}

/// How many entries a page has.
pub(crate) fn page_size(asked: Option<i64>) -> Result<i64, ConsoleError> {
    match asked.unwrap_or(50) {
        size @ 1..=100 => Ok(size),
        _ => Err(ConsoleError::member("pageSize", "must be 1 to 100")),
    }
}

/// The fault of a page token.
pub(crate) fn bad_page() -> ConsoleError {
    nuncio_protocol::Refusal::BadPageToken.into()
}
