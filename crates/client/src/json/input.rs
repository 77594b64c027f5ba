//! The lines that come in: bounded, and parsed into typed requests.

use std::io;

use nuncio_protocol::frames::{Channel, ChannelType};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ClientMessageId, UserId};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use super::Reference;
use crate::error::ClientError;
use crate::ops::messages::NewMessage;

/// Bytes of the longest line: the largest content with every byte escaped fits.
pub(super) const LINE_BYTES: usize = 1024 * 1024;

/// What reading brought.
pub(super) enum Line {
    Text(String),
    TooLong,
    End,
}

/// Reads lines; may be dropped between two awaits without losing a byte.
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    too_long: bool,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), too_long: false }
    }

    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let bytes = self.reader.fill_buf().await?;
            if bytes.is_empty() {
                let last = self.take();
                return Ok(if matches!(&last, Line::Text(text) if text.is_empty()) {
                    Line::End
                } else {
                    last
                });
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() > LINE_BYTES {
                self.too_long = true;
                self.line = Vec::new();
            } else if !self.too_long {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(bytes.len(), |at| at + 1);
            self.reader.consume(used);
            if end.is_some() {
                return Ok(self.take());
            }
        }
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            return Line::TooLong;
        }
        Line::Text(String::from_utf8_lossy(&line).into_owned())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Input {
    Send(Send),
    Call(Call),
    Disconnect(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Send {
    #[serde(rename = "ref")]
    pub(super) reference: Reference,
    to: String,
    text: Option<String>,
    channel_type: Option<Value>,
    r#type: Option<String>,
    content: Option<Box<RawValue>>,
    client_message_id: Option<String>,
    #[serde(default)]
    pub(super) transient: bool,
    #[serde(default)]
    uncounted: bool,
    #[serde(default)]
    needs_receipt: bool,
    push_config: Option<Box<super::push::Config>>,
    #[serde(default)]
    to_user_ids: Vec<UserId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    #[serde(rename = "ref")]
    pub(super) reference: Reference,
    pub(super) method: String,
    #[serde(default)]
    pub(super) params: Value,
}

pub(super) fn bad(what: impl std::fmt::Display) -> ClientError {
    ClientError::BadArgument(what.to_string())
}

/// Reads a line; of one that cannot be read at least its `ref`, when that can be found.
pub(super) fn parse(line: &str) -> Result<Input, (Reference, ClientError)> {
    serde_json::from_str(line).map_err(|error| {
        let reference = serde_json::from_str::<Value>(line).ok().and_then(|value| {
            let inner = value.as_object()?.values().next()?;
            inner.get("ref").filter(|reference| !reference.is_null()).cloned()
        });
        (reference, bad(format_args!("not a line that can be followed: {error}")))
    })
}

/// Whether a line asks to disconnect.
pub(super) fn is_disconnect(line: &str) -> bool {
    matches!(parse(line), Ok(Input::Disconnect(_)))
}

/// A channel from its type (`direct` when not given) and id.
pub(super) fn channel(kind: Option<&Value>, id: &str) -> Result<Channel, ClientError> {
    let kind = match kind {
        None | Some(Value::Null) => ChannelType::Direct,
        Some(kind) => channel_type(kind)?,
    };
    if kind == ChannelType::Direct {
        UserId::try_from(id).map_err(|e| bad(format_args!("the channel's id {e}")))?;
    }
    Ok(Channel { r#type: kind.into(), id: id.to_owned() })
}

/// A channel type by its name, or by its number.
pub(super) fn channel_type(kind: &Value) -> Result<ChannelType, ClientError> {
    let found = match kind {
        Value::String(name) => {
            ChannelType::from_str_name(&format!("CHANNEL_TYPE_{}", name.to_uppercase()))
        }
        Value::Number(number) => {
            number.as_i64().and_then(|n| i32::try_from(n).ok()).and_then(|n| n.try_into().ok())
        }
        _ => None,
    };
    found.filter(|kind| *kind != ChannelType::Unspecified).ok_or_else(|| {
        bad(format_args!("`{kind}` is no channel type: direct, group, open, system or community"))
    })
}

impl Send {
    pub(super) fn into_message(self) -> Result<NewMessage, ClientError> {
        let channel = channel(self.channel_type.as_ref(), &self.to)?;
        let (kind, content) = match (self.text, self.content) {
            (Some(text), None) => {
                (self.r#type.unwrap_or_else(|| "RC:TxtMsg".into()), text_content(&text))
            }
            (None, Some(content)) => {
                let kind = self.r#type.ok_or_else(|| bad("`content` needs a `type`"))?;
                (kind, content_text(&content))
            }
            _ => return Err(bad("give either `text`, or `type` and `content`")),
        };
        let kind = MessageType::try_from(kind).map_err(|e| bad(format_args!("`type` {e}")))?;
        let content = checked(content)?;
        let mut message = NewMessage::custom(channel, &kind, &content);
        if let Some(id) = self.client_message_id {
            let id = ClientMessageId::try_from(id)
                .map_err(|e| bad(format_args!("`clientMessageId` {e}")))?;
            message = message.client_message_id(id);
        }
        if self.transient {
            message = message.transient();
        }
        if self.uncounted {
            message = message.uncounted();
        }
        if self.needs_receipt {
            message = message.needs_receipt();
        }
        if let Some(config) = self.push_config {
            message = message.push((*config).into());
        }
        if !self.to_user_ids.is_empty() {
            message = message.to_members(&self.to_user_ids);
        }
        Ok(message)
    }
}

/// The content of a text message.
fn text_content(text: &str) -> String {
    serde_json::json!({ "content": text }).to_string()
}

fn checked(content: String) -> Result<Content, ClientError> {
    if content.len() > nuncio_protocol::limits::CONTENT_BYTES {
        let (bytes, limit) = (content.len(), nuncio_protocol::limits::CONTENT_BYTES);
        return Err(ClientError::ContentTooLarge { bytes, limit });
    }
    Content::try_from(content).map_err(|e| bad(format_args!("`content` {e}")))
}

/// What a message shall say instead.
pub(super) fn new_content(content: &Value) -> Result<Content, ClientError> {
    let content = to_raw_value(content).map_err(|e| bad(format_args!("`content`: {e}")))?;
    checked(content_text(&content))
}

/// The content's text as it was written, so that it passes through unchanged.
fn content_text(content: &RawValue) -> String {
    match serde_json::from_str::<String>(content.get()) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() => text,
        _ => content.get().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn lines_are_bounded() {
        let long = "x".repeat(LINE_BYTES + 1);
        let text = format!("one\n\n{long}\ntwo");
        let mut lines = Lines::new(text.as_bytes());
        let mut next = async || match lines.next().await.unwrap() {
            Line::Text(text) => text,
            Line::TooLong => "(too long)".into(),
            Line::End => "(end)".into(),
        };
        for expected in ["one", "", "(too long)", "two", "(end)"] {
            assert_eq!(next().await, expected);
        }
    }

    #[test]
    fn a_bad_line_keeps_its_ref() {
        let (reference, error) =
            parse(r#"{"send":{"ref":"7","to":"bob","txt":"hi"}}"#).unwrap_err();
        assert_eq!(reference, Some(Value::from("7")));
        assert!(error.to_string().contains("unknown field `txt`"), "{error}");
        assert_eq!(parse("nonsense").unwrap_err().0, None);
    }

    #[test]
    fn content_passes_unchanged() {
        let text = |json: &str| content_text(&RawValue::from_string(json.to_owned()).unwrap());
        assert_eq!(
            text(r#"{"b": 1.50, "a":12345678901234567890123}"#),
            r#"{"b": 1.50, "a":12345678901234567890123}"#
        );
        assert_eq!(text(r#""{\"a\":1}""#), r#"{"a":1}"#);
        assert_eq!(text(r#""just text""#), r#""just text""#);
    }

    #[test]
    fn channel_types_have_names_and_numbers() {
        assert_eq!(channel_type(&Value::from("direct")).unwrap(), ChannelType::Direct);
        assert_eq!(channel_type(&Value::from(3)).unwrap(), ChannelType::Group);
        for bad in [Value::from("nope"), Value::from(0), Value::from(true)] {
            assert!(channel_type(&bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_line_is_followed_or_explained(line in "\\PC{0,200}") {
            if let Ok(Input::Send(send)) = parse(&line) {
                let _ = send.into_message();
            }
        }

        #[test]
        fn any_send_is_followed_or_explained(to in "\\PC{0,80}", text in "\\PC{0,80}", kind in "\\PC{0,40}") {
            let line = serde_json::json!({"send": {"to": to, "text": text, "type": kind}}).to_string();
            let Ok(Input::Send(send)) = parse(&line) else { return Err(TestCaseError::fail("not a send")) };
            let _ = send.into_message();
        }
    }
}
