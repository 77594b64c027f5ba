//! The lines that go out.

use std::io;

use nuncio_protocol::frames::Message;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::Reference;
use super::values::{EditedLine, MessageLine};
use crate::error::{Cause, ClientError};
use crate::outbox::Sent;

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Output {
    Connected {
        user_id: String,
    },
    Message(MessageLine),
    Sent {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Reference,
        message_id: String,
        sent_at: i64,
    },
    Result {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Reference,
        value: Box<RawValue>,
    },
    Error {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Reference,
        #[serde(flatten)]
        cause: CauseLine,
    },
    Disconnected {
        #[serde(flatten)]
        cause: CauseLine,
        will_reconnect: bool,
    },
    Event(Value),
    #[serde(rename = "event")]
    Edited(EditedLine),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CauseLine {
    code: u32,
    name: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys: Vec<String>,
}

impl From<Cause> for CauseLine {
    fn from(cause: Cause) -> Self {
        Self {
            code: cause.code,
            name: cause.name,
            message: cause.message,
            until: cause.until.map(|until| until.0),
            reason: cause.reason,
            retry_after_ms: cause
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            keys: cause.keys,
        }
    }
}

impl Output {
    pub(super) fn message(message: &Message, me: &str) -> Self {
        Self::Message(MessageLine::new(message, me))
    }

    pub(super) fn sent(reference: Reference, outcome: Result<Sent, ClientError>) -> Self {
        match outcome {
            Ok(sent) => {
                Self::Sent { reference, message_id: sent.message_id, sent_at: sent.sent_at }
            }
            Err(error) => Self::error(reference, &error),
        }
    }

    pub(super) fn result(
        reference: Reference,
        outcome: Result<Box<RawValue>, ClientError>,
    ) -> Self {
        match outcome {
            Ok(value) => Self::Result { reference, value },
            Err(error) => Self::error(reference, &error),
        }
    }

    pub(super) fn error(reference: Reference, error: &ClientError) -> Self {
        Self::Error { reference, cause: error.cause().into() }
    }

    pub(super) fn disconnected(cause: &Cause, will_reconnect: bool) -> Self {
        Self::Disconnected { cause: cause.clone().into(), will_reconnect }
    }
}

/// Writes lines, each whole and at once.
pub(super) struct Writer<W>(W);

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(writer: W) -> Self {
        Self(writer)
    }

    pub(super) async fn write(&mut self, output: &Output) -> io::Result<()> {
        let mut line = serde_json::to_vec(output)?;
        line.push(b'\n');
        self.0.write_all(&line).await?;
        self.0.flush().await
    }
}
