//! As much of XMPP as a load needs: a login with a password in plain text, messages, and the count of those that the
//! server has taken (XEP-0198); over TCP (RFC 6120) and over WebSocket (RFC 7395), where each frame is one stanza.

use std::fmt::Write as _;

use anyhow::bail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::frames::Said;
use crate::net::{Id, Net};
use crate::users;
use crate::ws::{self, Kind};

/// The host that the server serves.
pub(crate) const HOST: &str = "localhost";
/// The password of every user.
pub(crate) const PASSWORD: &str = "secret";
/// No stanza that a load is about is longer.
const STANZA_BYTES: usize = 16 * 1024;

/// What carries the stanzas.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Tcp,
    WebSocket,
}

impl Transport {
    /// What a client says first on a connection.
    pub(crate) fn greeting(self) -> Vec<u8> {
        match self {
            Self::Tcp => self.opening().into_bytes(),
            Self::WebSocket => ws::upgrade("/websocket", Some("xmpp")),
        }
    }

    /// What begins a stream, at first and once more after the password.
    fn opening(self) -> String {
        match self {
            Self::Tcp => format!(
                "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
                 to='{HOST}' version='1.0'>"
            ),
            Self::WebSocket => format!(
                "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{HOST}' version='1.0'/>"
            ),
        }
    }

    /// The namespace that each stanza states by itself where no stream is around it.
    fn namespace(self) -> &'static str {
        match self {
            Self::Tcp => "",
            Self::WebSocket => " xmlns='jabber:client'",
        }
    }

    fn say(self, net: &mut Net, id: Id, stanza: &str) {
        match self {
            Self::Tcp => net.send(id, stanza.as_bytes()),
            Self::WebSocket => {
                let mut frame = Vec::with_capacity(stanza.len() + 8);
                ws::text(stanza.as_bytes(), &mut frame);
                net.send(id, &frame);
            }
        }
    }

    /// Goes on with a login as far as what has come allows; returns whether the user is in. With `counted` the server
    /// is asked to tell how many stanzas it has taken.
    pub(crate) fn log_in(
        self,
        net: &mut Net,
        id: Id,
        (user, counted): (&str, bool),
        upgraded: &mut bool,
        payload: &mut Vec<u8>,
    ) -> anyhow::Result<bool> {
        if self == Self::WebSocket && !*upgraded {
            if !ws::take_upgraded(net, id)? {
                return Ok(false);
            }
            *upgraded = true;
            self.say(net, id, &self.opening());
        }
        while self.take_stanza(net, id, payload)? {
            let stanza = std::str::from_utf8(payload)?;
            match name(stanza) {
                "features" if stanza.contains("<mechanism") => {
                    let proof = STANDARD.encode(format!("\0{user}\0{PASSWORD}"));
                    let auth = format!(
                        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>"
                    );
                    self.say(net, id, &auth);
                }
                "success" => self.say(net, id, &self.opening()),
                "features" => {
                    let bind = format!(
                        "<iq{} type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                        self.namespace()
                    );
                    self.say(net, id, &bind);
                }
                "iq" => {
                    anyhow::ensure!(stanza.contains("<jid>"), "no resource was bound: {stanza}");
                    self.say(net, id, &format!("<presence{}/>", self.namespace()));
                }
                // The user's own, which the server tells all of the user's devices.
                "presence" if counted => self.say(net, id, "<enable xmlns='urn:xmpp:sm:3'/>"),
                "presence" | "enabled" => return Ok(true),
                // What was kept while the user was away comes along.
                "xml" | "stream" | "open" | "message" | "r" => {}
                _ => bail!("a login was answered with {stanza}"),
            }
        }
        Ok(false)
    }

    /// Takes what has come next, if it is all there.
    pub(crate) fn take(
        self,
        net: &mut Net,
        id: Id,
        payload: &mut Vec<u8>,
        prefix: &str,
    ) -> anyhow::Result<Option<Said>> {
        if !self.take_stanza(net, id, payload)? {
            anyhow::ensure!(!net.has_ended(id), "the server closed a connection");
            return Ok(None);
        }
        read(std::str::from_utf8(payload)?, prefix).map(Some)
    }

    fn take_stanza(self, net: &mut Net, id: Id, payload: &mut Vec<u8>) -> anyhow::Result<bool> {
        match self {
            Self::Tcp => {
                let input = net.input(id);
                let some = &input[..input.len().min(STANZA_BYTES)];
                let Some(length) = first_stanza(some) else {
                    anyhow::ensure!(input.len() < STANZA_BYTES, "a stanza has no end");
                    return Ok(false);
                };
                payload.clear();
                payload.extend_from_slice(&input[..length]);
                net.take(id, length);
                Ok(true)
            }
            Self::WebSocket => loop {
                match ws::take_frame(net, id, payload) {
                    Some(Kind::Message) => return Ok(true),
                    Some(Kind::Other) => {}
                    Some(Kind::Close) => {
                        bail!("the server closed a connection: {}", payload.escape_ascii())
                    }
                    None => return Ok(false),
                }
            },
        }
    }
}

/// Parses what may be a part of a stream: its first tag has no end, its last has no beginning.
fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    (config.check_end_names, config.allow_unmatched_ends) = (false, true);
    reader
}

/// How long the first stanza is, or what else stands by itself, if it is all there.
fn first_stanza(input: &[u8]) -> Option<usize> {
    // A character whose end has not come yet waits for it.
    let text = match std::str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&input[..error.valid_up_to()]).ok()?,
    };
    let mut reader = reader(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if tag.name().as_ref() != "stream:stream" => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => return None,
            _ => {}
        }
        if depth == 0 {
            return usize::try_from(reader.buffer_position()).ok();
        }
    }
}

/// The name of a stanza, without a prefix; empty of what has none.
fn name(stanza: &str) -> &str {
    let Some(rest) = stanza.trim_start().strip_prefix('<') else { return "" };
    let rest = rest.strip_prefix(['?', '/']).unwrap_or(rest);
    let end = rest.find([' ', '>', '/', '?', '\'', '\n']).unwrap_or(rest.len());
    rest[..end].rsplit(':').next().unwrap_or_default()
}

/// What a stanza says.
fn read(stanza: &str, prefix: &str) -> anyhow::Result<Said> {
    let mut reader = reader(stanza);
    let (Event::Start(tag) | Event::Empty(tag)) = reader.read_event()? else {
        return Ok(Said::Other);
    };
    match tag.name().as_ref() {
        "message" => {
            let is_error = attribute(&tag, "type")?.is_some_and(|kind| kind == "error");
            anyhow::ensure!(!is_error, "a message was refused: {stanza}");
            let id = attribute(&tag, "id")?;
            let number = id.as_deref().and_then(|id| id.strip_prefix(prefix)?.parse().ok());
            Ok(number.map_or(Said::Other, Said::Came))
        }
        "a" => {
            let count = attribute(&tag, "h")?.and_then(|count| count.parse().ok());
            Ok(count.map_or(Said::Other, Said::SentInAll))
        }
        "stream:error" | "close" => bail!("the server ends a connection: {stanza}"),
        _ => Ok(Said::Other),
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> anyhow::Result<Option<String>> {
    let attribute = tag.try_get_attribute(name)?;
    Ok(attribute
        .map(|attribute| String::from_utf8_lossy(attribute.value.as_ref().as_ref()).into_owned()))
}

/// Messages from one user to another, numbered from 0.
pub(crate) struct Messages {
    transport: Transport,
    before: String,
    after: String,
    text: String,
    bytes: Vec<u8>,
    /// The server is asked after each how many it has taken.
    counted: bool,
}

impl Messages {
    /// Messages of `bytes` bytes to user number `to`, with ids that begin with `prefix`.
    pub(crate) fn new(
        (transport, counted): (Transport, bool),
        to: usize,
        prefix: &str,
        bytes: usize,
    ) -> Self {
        let (to, namespace) = (users::name(to), transport.namespace());
        Self {
            transport,
            before: format!("<message{namespace} to='{to}@{HOST}' type='chat' id='{prefix}"),
            after: format!("'><body>{}</body></message>", "x".repeat(bytes)),
            text: String::new(),
            bytes: Vec::new(),
            counted,
        }
    }

    /// The bytes that send message `number`.
    pub(crate) fn number(&mut self, number: u64) -> &[u8] {
        const REQUEST: &str = "<r xmlns='urn:xmpp:sm:3'/>";
        self.text.clear();
        // Writing into memory does not fail.
        let _ = write!(self.text, "{}{number}{}", self.before, self.after);
        self.bytes.clear();
        match self.transport {
            Transport::Tcp => {
                self.bytes.extend_from_slice(self.text.as_bytes());
                if self.counted {
                    self.bytes.extend_from_slice(REQUEST.as_bytes());
                }
            }
            Transport::WebSocket => {
                ws::text(self.text.as_bytes(), &mut self.bytes);
                if self.counted {
                    ws::text(REQUEST.as_bytes(), &mut self.bytes);
                }
            }
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_taken_apart_stanza_by_stanza() {
        let stream = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0'>\
                      <stream:features><bind xmlns='b'/></stream:features>\
                      <message to='ü' id='0-12'><body>a &gt; b</body></message> <a h='3'/></stream:stream>";
        let mut rest = stream.as_bytes();
        let mut names = Vec::new();
        while let Some(length) = first_stanza(rest) {
            names.push(name(std::str::from_utf8(&rest[..length]).unwrap()).to_owned());
            rest = &rest[length..];
        }
        assert_eq!(names, ["xml", "stream", "features", "message", "", "a", "stream"]);
        assert_eq!(rest, b"");
        // However it is cut, nothing is taken before it is all there.
        let message = "<message to='ü' id='0-12'><body>a &gt; b</body></message>";
        for end in 0..message.len() {
            assert_eq!(first_stanza(&message.as_bytes()[..end]), None, "{end}");
        }
        assert_eq!(first_stanza(message.as_bytes()), Some(message.len()));
    }

    #[test]
    fn what_came_and_what_was_taken_are_told_apart() {
        let said = |stanza| read(stanza, "0-").unwrap();
        let archived =
            "<message from='a' id='0-12' type='chat'><stanza-id id='99'/><body>x</body></message>";
        assert_eq!(said(archived), Said::Came(12));
        assert_eq!(said("<a xmlns='urn:xmpp:sm:3' h='7'/>"), Said::SentInAll(7));
        assert_eq!(said("<r xmlns='urn:xmpp:sm:3'/>"), Said::Other);
        assert!(read("<message type='error' id='0-1'/>", "0-").is_err());
    }

    #[test]
    fn a_message_is_one_stanza_with_its_number() {
        let mut messages = Messages::new((Transport::Tcp, false), 1, "0-", 100);
        let text = String::from_utf8(messages.number(5).to_vec()).unwrap();
        assert_eq!(first_stanza(text.as_bytes()), Some(text.len()));
        assert_eq!(read(&text, "0-").unwrap(), Said::Came(5));
        assert!(text.contains(&"x".repeat(100)));
    }
}
