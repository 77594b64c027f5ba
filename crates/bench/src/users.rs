//! Users of the server: registered over the Server API, logged in over the client protocol, or another server's.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::dialect::Door;
use crate::frames::{self, Said};
use crate::http::{self, Target};
use crate::net::{Id, Net};
use crate::progress::Progress;
use crate::stats::Latencies;
use crate::ws::{self, Kind};

/// Logins under way at once, and calls.
pub(crate) const AT_ONCE: usize = 64;
/// How long a login may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The operation that registers and issues a token.
const ISSUE: &str = "/v4/auth/access-token/issue";

/// A user's id. The digits are scattered, so that users who are registered one after the other do not lie side by
/// side in the database.
pub(crate) fn name(number: usize) -> String {
    // An odd factor makes of each number below 2^32 another one.
    let scattered = (number as u64).wrapping_mul(2_654_435_761) & 0xFFFF_FFFF;
    format!("u{scattered:08x}")
}

/// Registers users `from` to `to` and returns their tokens, with the times that the calls took.
pub(crate) fn register(
    target: Target<'_>,
    from: usize,
    to: usize,
    at_once: usize,
) -> anyhow::Result<(Vec<String>, Latencies)> {
    let mut tokens = vec![String::new(); to - from];
    let mut latencies = Latencies::default();
    let mut progress = Progress::new("users registered");
    http::calls(
        target,
        ISSUE,
        at_once,
        |number, text| {
            let user = name(from + number);
            let _ = write!(text, r#"{{"userId":"{user}","name":"Name of {user}"}}"#);
            from + number < to
        },
        |number, answer, took| {
            http::must_be_ok(ISSUE, answer)?;
            let token = answer.body.split_once(r#""accessToken":""#);
            let (token, _) =
                token.and_then(|(_, rest)| rest.split_once('"')).context("no token")?;
            token.clone_into(&mut tokens[number]);
            latencies.add(took);
            progress.step();
            Ok(())
        },
    )?;
    Ok((tokens, latencies))
}

/// Logs users in, `at_once` at a time; their connections stay open, in the order of `credentials`.
pub(crate) fn log_in(
    net: &mut Net,
    door: Door<'_>,
    credentials: &[String],
    at_once: usize,
) -> anyhow::Result<(Vec<Id>, Latencies)> {
    log_in_at(net, &[door.address], door, credentials, at_once)
}

/// The same, at one address after the other.
pub(crate) fn log_in_at(
    net: &mut Net,
    addresses: &[SocketAddr],
    door: Door<'_>,
    credentials: &[String],
    at_once: usize,
) -> anyhow::Result<(Vec<Id>, Latencies)> {
    struct Login {
        number: usize,
        upgraded: bool,
        begun: Instant,
        /// How often it was tried again; its time goes on meanwhile.
        again: u32,
    }
    let mut progress = Progress::new("users logged in");
    let greeting = door.dialect.greeting();
    let mut ids = vec![0; credentials.len()];
    let mut latencies = Latencies::default();
    let mut open: Vec<Option<Login>> = Vec::new();
    let (mut begun_with, mut waiting) = (0, 0);
    let (mut ready, mut payload) = (Vec::new(), Vec::new());
    loop {
        while waiting < at_once && begun_with < credentials.len() {
            let begun = Instant::now();
            let id = net.connect(addresses[begun_with % addresses.len()])?;
            net.send(id, &greeting);
            if open.len() <= id {
                open.resize_with(id + 1, || None);
            }
            open[id] = Some(Login { number: begun_with, upgraded: false, begun, again: 0 });
            begun_with += 1;
            waiting += 1;
        }
        if waiting == 0 {
            return Ok((ids, latencies));
        }
        net.wait(PATIENCE, &mut ready)?;
        anyhow::ensure!(!ready.is_empty(), "a login was not answered in time");
        for id in ready.drain(..) {
            let Some(login) = open.get_mut(id).and_then(Option::as_mut) else { continue };
            let known = (door.key, credentials[login.number].as_str());
            match door.dialect.log_in(net, id, known, &mut login.upgraded, &mut payload) {
                Ok(true) => {
                    ids[login.number] = id;
                    latencies.add(login.begun.elapsed());
                    open[id] = None;
                    waiting -= 1;
                    progress.step();
                }
                Ok(false) => {
                    anyhow::ensure!(!net.has_ended(id), "a connection ended before its login");
                }
                Err(error) if login.again < door.dialect.drops_logins() => {
                    writeln!(std::io::stderr(), "  a login is tried again: {error:#}")?;
                    let (number, again, begun) = (login.number, login.again + 1, login.begun);
                    open[id] = None;
                    net.close(id);
                    let id = net.connect(addresses[number % addresses.len()])?;
                    net.send(id, &greeting);
                    if open.len() <= id {
                        open.resize_with(id + 1, || None);
                    }
                    open[id] = Some(Login { number, upgraded: false, begun, again });
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Has each of some connections send heartbeats and wait for the answers, in `rounds` of all of them at once.
pub(crate) fn beat(net: &mut Net, ids: &[Id], rounds: usize) -> anyhow::Result<()> {
    let ping = frames::ping();
    let (mut ready, mut payload) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for id in ids {
            net.send(*id, &ping);
        }
        let mut waiting = ids.len();
        while waiting > 0 {
            net.wait(PATIENCE, &mut ready)?;
            anyhow::ensure!(!ready.is_empty(), "a heartbeat was not answered in time");
            for id in ready.drain(..) {
                while let Some(kind) = ws::take_frame(net, id, &mut payload) {
                    anyhow::ensure!(kind != Kind::Close, "the server closed a connection");
                    waiting -= usize::from(frames::read(&payload, "") == Said::Pong);
                }
            }
        }
    }
    Ok(())
}
