//! The older, form-encoded API, its user part and what goes with it, as a table: each row is an operation of the table of
//! operations under its older path, with the older names of its members.
//!
//! A request is put into the operation's words, the operation answers, and the answer is put into the
//! older words: code 200, no `result` around it, and `url` beside a failure.

mod joined_groups;
mod quiet_hours;
mod rows;
mod test_users;

use axum::http::HeaderMap;
use nuncio_protocol::Code;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::operation::Declared;
use crate::pipeline::body;

pub(crate) use rows::{MISSING, ROWS};

/// One older path.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    pub(crate) operation: &'static Declared,
    encoding: Encoding,
    members: &'static [Member],
    answer: Reply,
    /// Entries that a list may have, where the older limit is another.
    pub(crate) most: Option<usize>,
}

/// An older path whose feature this server does not have.
pub(crate) struct Missing {
    pub(crate) path: &'static str,
    feature: &'static str,
}

enum Encoding {
    Form,
    Json,
}

/// A member of the request: its older name, the operation's name for it, and its form.
struct Member(&'static str, &'static str, Form);

enum Form {
    /// One value; numbers and truth are understood from text.
    One,
    /// Repeated keys, or values with commas between them, or both.
    List,
    /// A JSON object as text.
    JsonText,
}

/// How the operation's result becomes the members of the answer.
enum Reply {
    /// Nothing but the code.
    Plain,
    /// These members, renamed.
    Renamed(&'static [(&'static str, &'static str)]),
    /// Made by hand.
    Made(fn(&Value) -> Value),
}

impl Row {
    /// A request's members, in the operation's words.
    pub(crate) fn members(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Map<String, Value>, ApiError> {
        let given = match self.encoding {
            Encoding::Form => form(headers, body)?,
            Encoding::Json => json(headers, body)?,
        };
        if given.is_empty() && (self.operation.check)(Map::new()).is_err() {
            let sentence = "the body is empty: send a form with the operation's members";
            return Err(ApiError::new(Code::EmptyBody, sentence));
        }
        let mut members = Map::new();
        for Member(theirs, ours, form) in self.members {
            let mut values =
                given.iter().filter(|(name, _)| name == theirs).map(|(_, value)| value);
            let value = match form {
                Form::One => values.next().cloned(),
                Form::List => {
                    let list: Vec<Value> = values.flat_map(entries).collect();
                    (!list.is_empty()).then_some(Value::Array(list))
                }
                Form::JsonText => values.next().map(|text| json_text(theirs, text)).transpose()?,
            };
            if let Some(value) = value {
                members.insert((*ours).to_owned(), value);
            }
        }
        Ok(members)
    }

    /// The older name of one of the operation's members.
    pub(crate) fn older_name(&self, ours: &str) -> String {
        let row = self.members.iter().find(|Member(_, name, _)| *name == ours);
        row.map_or(ours, |Member(theirs, ..)| *theirs).to_owned()
    }

    /// The members of a successful answer.
    pub(crate) fn answer(&self, result: &Value) -> Map<String, Value> {
        let made = match self.answer {
            Reply::Plain => Value::Null,
            Reply::Renamed(names) => renamed(result, names),
            Reply::Made(make) => make(result),
        };
        match made {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

impl Missing {
    /// Says that there is no such thing here.
    pub(crate) fn refusal(&self) -> ApiError {
        ApiError::new(Code::ServiceOff, format!("this server has no {}", self.feature))
    }
}

/// The pairs of a form.
fn form(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, Value)>, ApiError> {
    body::expect_type(headers, "application/x-www-form-urlencoded")?;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body)
        .map_err(|_| ApiError::new(Code::BadParameter, "the body is not a form"))?;
    Ok(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

fn json(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, Value)>, ApiError> {
    Ok(body::json(headers, body)?.into_iter().collect())
}

/// The entries of one value that is meant for a list.
fn entries(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            text.split(',').filter(|part| !part.is_empty()).map(Value::from).collect()
        }
        Value::Array(entries) => entries.clone(),
        other => vec![other.clone()],
    }
}

fn json_text(member: &str, value: &Value) -> Result<Value, ApiError> {
    let text = value.as_str().unwrap_or_default();
    serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| ApiError::member(Code::BadParameter, member, "is not a JSON object as text"))
}

/// The members of `object` that have an older name, under it.
fn renamed(object: &Value, names: &[(&str, &str)]) -> Value {
    names
        .iter()
        .filter_map(|(ours, theirs)| Some(((*theirs).to_owned(), object.get(ours)?.clone())))
        .collect()
}
