//! Server API calls: signed requests over connections that are kept, so many at once.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use nuncio_protocol::signing;

use crate::net::{Id, Net};
use crate::server::App;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
}

/// Signs requests of an app.
pub(crate) struct Signer<'a> {
    app: &'a App,
    nonce: u64,
}

impl<'a> Signer<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        let seed = u64::from(std::process::id()) << 40 | now_ms() & 0xFF_FFFF_FFFF;
        Self { app, nonce: seed.rotate_left(20) }
    }

    /// Writes a whole request.
    pub(crate) fn request(&mut self, path: &str, body: &str, into: &mut Vec<u8>) {
        use std::io::Write as _;
        self.nonce = self.nonce.wrapping_add(1);
        let (nonce, timestamp) = (self.nonce.to_string(), now_ms().to_string());
        let signature = signing::v1(&self.app.secret, &nonce, &timestamp);
        let key = &self.app.key;
        let length = body.len();
        into.clear();
        // Writing into memory does not fail.
        let _ = write!(
            into,
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nApp-Key: {key}\r\nNonce: {nonce}\r\n\
             Timestamp: {timestamp}\r\nSignature: {signature}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "the generator is a client: its clock is its own")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Takes an answer when it is there.
pub(crate) fn take_answer<'b>(
    net: &mut Net,
    id: Id,
    body: &'b mut Vec<u8>,
) -> anyhow::Result<Option<Answer<'b>>> {
    let input = net.input(id);
    let Some(head) = input.windows(4).position(|four| four == b"\r\n\r\n") else {
        if net.has_ended(id) {
            bail!("the server closed the connection instead of answering");
        }
        return Ok(None);
    };
    let text = std::str::from_utf8(&input[..head])?;
    let status = text.get(9..12).context("no status")?.parse()?;
    let length: usize = match text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    }) {
        Some(length) => length.parse()?,
        None => bail!("an answer without Content-Length"),
    };
    let start = head + 4;
    let Some(bytes) = input.get(start..start + length) else { return Ok(None) };
    body.clear();
    body.extend_from_slice(bytes);
    net.take(id, start + length);
    Ok(Some(Answer { status, body: std::str::from_utf8(body)? }))
}

/// Where to call, and as whom.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) app: &'a App,
}

/// Makes calls of one operation, `at_once` at a time, each on a connection of its own. `write` writes the body of each
/// call until it returns false; `done` is told of every answer: which call it was, the answer, and the time.
pub(crate) fn calls(
    target: Target<'_>,
    path: &str,
    at_once: usize,
    mut write: impl FnMut(usize, &mut String) -> bool,
    mut done: impl FnMut(usize, &Answer<'_>, Duration) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut net = Net::new()?;
    let mut signer = Signer::new(target.app);
    let (mut text, mut request, mut body) = (String::new(), Vec::new(), Vec::new());
    // What each connection waits for.
    let mut open: Vec<Option<(usize, Instant)>> = Vec::new();
    let (mut number, mut waiting) = (0, 0);
    let mut begin = |net: &mut Net, id: Id| {
        text.clear();
        if !write(number, &mut text) {
            return None;
        }
        signer.request(path, &text, &mut request);
        let call = (number, Instant::now());
        net.send(id, &request);
        number += 1;
        Some(call)
    };
    for _ in 0..at_once {
        let id = net.connect(target.address)?;
        open.resize(open.len().max(id + 1), None);
        open[id] = begin(&mut net, id);
        waiting += usize::from(open[id].is_some());
    }
    let mut ready = Vec::new();
    while waiting > 0 {
        net.wait(PATIENCE, &mut ready)?;
        anyhow::ensure!(!ready.is_empty(), "{path} was not answered in time");
        for id in ready.drain(..) {
            let Some((number, since)) = open[id] else { continue };
            let Some(answer) = take_answer(&mut net, id, &mut body)? else { continue };
            done(number, &answer, since.elapsed())?;
            open[id] = begin(&mut net, id);
            waiting -= usize::from(open[id].is_none());
        }
    }
    Ok(())
}

/// Fails unless the call succeeded.
pub(crate) fn must_be_ok(path: &str, answer: &Answer<'_>) -> anyhow::Result<()> {
    anyhow::ensure!(answer.status == 200, "{path}: {}", answer.body);
    Ok(())
}
