//! What the fuzzer in `fuzz/` calls: everything about push that strangers say. It panics when what was read breaks a promise.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use nuncio_protocol::Timestamp;
use nuncio_protocol::frames::{Channel, Message, ProtobufMessage as _, PushConfig};
use nuncio_protocol::push::PushOptions;
use serde_json::{Value, json};

use crate::encryption::{AUTH, POINT};
use crate::jwt::Key;
use crate::{
    Answer, Facts, Http, Kept, Notification, PROVIDERS, Request, Sender, Target, Verdict,
    check_keys, is_header, prepare,
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Reads `bytes`, the first of which says as what: a provider's answer, a browser's subscription, what a sender says about
/// push, or credentials.
pub fn push(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind {
        0 => answer(bytes),
        1 => subscription(bytes),
        2 => options(bytes),
        _ => credentials(bytes),
    }
}

/// A service that gives each request the next answer, and the last one over and over.
struct Answering {
    answers: Mutex<Vec<Answer>>,
    asked: Mutex<Vec<Request>>,
}

#[async_trait]
impl Http for Answering {
    async fn post(&self, request: Request) -> Result<Answer, String> {
        for (name, value) in &request.headers {
            assert!(is_header(value), "{name}: {value:?}");
        }
        self.asked.lock().map_err(|e| e.to_string())?.push(request);
        let mut answers = self.answers.lock().map_err(|e| e.to_string())?;
        let next = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Ok(next)
    }
}

/// Nothing here waits for anything.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

/// Credentials that are good, for each provider.
fn good() -> &'static [(Value, Kept)] {
    static GOOD: OnceLock<Vec<(Value, Kept)>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let rsa = KeyPair::generate(KeySize::Rsa2048).ok();
        let rsa = rsa.and_then(|key| AsDer::<Pkcs8V1Der<'_>>::as_der(&key).ok());
        let rsa = rsa.map(|der| pem(der.as_ref())).unwrap_or_default();
        let p256 = Key::new_p256().map(|der| pem(&der)).unwrap_or_default();
        let account = json!({
            "project_id": "p", "client_email": "a@p.example", "private_key": rsa,
            "token_uri": "https://p.example/token",
        });
        let given = [
            json!({ "serviceAccount": account }),
            json!({ "key": p256, "keyId": "k", "teamId": "t", "topic": "com.example" }),
            json!({ "subject": "mailto:a@p.example" }),
            json!({ "url": "https://p.example/push" }),
        ];
        let prepared = PROVIDERS.iter().zip(given).map(|((name, provider), given)| {
            let kept = prepare(*provider, given.clone(), None);
            (given, kept.unwrap_or_else(|error| panic!("{name}: {error}")))
        });
        prepared.collect()
    })
}

/// Sends through each provider, to one who answers like this; returns what was asked of them last.
fn send_to_all(notification: &Notification, target: &Target, answers: &[Answer]) -> Vec<Request> {
    let mut last = Vec::new();
    for ((name, provider), (_, kept)) in PROVIDERS.iter().zip(good()) {
        let Ok(sender) = Sender::new(*provider, kept, "app") else { panic!("{name}") };
        let http = Answering { answers: Mutex::new(answers.to_vec()), asked: Mutex::default() };
        let report = now(sender.send(&http, target, notification, NOW));
        let Some(report) = report else { panic!("{name} waits for something") };
        assert!(report.excerpt.chars().count() <= 256, "{name}");
        assert!(!report.excerpt.chars().any(char::is_control), "{name}");
        if report.verdict == Verdict::Sent {
            assert!((200..300).contains(&report.status), "{name}: {report:?}");
        }
        let asked = http.asked.into_inner().unwrap_or_default();
        // That a device is gone, its provider says, not what somebody has written.
        if report.verdict == Verdict::Gone {
            assert!(!asked.is_empty(), "{name}: {report:?}");
        }
        assert!(asked.len() <= 2, "{name} was asked {} times", asked.len());
        last.extend(asked.into_iter().last());
    }
    last
}

fn target() -> Target {
    let der = Key::new_p256().and_then(|der| Key::p256_der(&der));
    let point = der.map(|key| BASE64.encode(key.public())).unwrap_or_default();
    Target { token: "https".to_owned(), p256dh: point, auth: BASE64.encode([7; AUTH]) }
}

/// A status and a body: what a provider answers at once, and what it answers once it has given an access token.
fn answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk() else { return };
    let answer =
        Answer { status: u16::from_be_bytes(*status), body: body.to_vec(), retry_after: None };
    let token = json!({ "access_token": "t", "expires_in": 3600 }).to_string().into_bytes();
    let token = Answer { status: 200, body: token, retry_after: None };
    let notification = Notification::test("t");
    send_to_all(&notification, &target(), std::slice::from_ref(&answer));
    send_to_all(&notification, &target(), &[token, answer]);
}

/// An address, a point and a secret, in lines.
fn subscription(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default().to_owned();
    let target = Target { token: next(), p256dh: next(), auth: next() };
    let checked = check_keys(&target.token, &target.p256dh, &target.auth);
    let Some((_, kept)) = good().get(2) else { return };
    let Ok(sender) = Sender::new(PROVIDERS[2].1, kept, "app") else { return };
    let taken = Answer { status: 201, ..Answer::default() };
    let http = Answering { answers: Mutex::new(vec![taken]), asked: Mutex::default() };
    let report = now(sender.send(&http, &target, &Notification::test("t"), NOW));
    // What was registered can be sent to.
    if checked.is_ok() {
        assert_eq!(report.map(|report| report.verdict), Some(Verdict::Sent));
        let asked = http.asked.into_inner().unwrap_or_default();
        assert!(asked[0].body.len() > POINT && asked[0].body.len() <= 4096);
    }
}

/// What the sender of a message says about push.
fn options(bytes: &[u8]) {
    let Ok(config) = PushConfig::decode(bytes) else { return };
    let Ok(said) = PushOptions::new(config.clone()) else { return };
    assert_eq!(said.is_none(), config == PushConfig::default());
    if let Some(said) = said {
        assert_eq!(PushOptions::decode(&said.encode()).ok(), Some(said));
    }
    let message = Message {
        id: "m".into(),
        channel: Some(Channel::direct("bob")),
        sender_id: "bob".into(),
        r#type: "RC:TxtMsg".into(),
        content: json!({ "content": "hello" }).to_string(),
        sent_at: NOW.0,
        ..Message::default()
    };
    let facts = Facts {
        user_id: "ada",
        message: &message,
        count: 1,
        sender_name: "Bob",
        sender_avatar: "",
        group: None,
        badge: 1,
        mentioned: false,
        options: &config,
        hide_content: true,
        language: "",
    };
    let made = Notification::new(&facts, NOW);
    assert!(config.force_content || !made.body.contains("hello"));
    let token = json!({ "access_token": "t", "expires_in": 3600 }).to_string().into_bytes();
    send_to_all(&made, &target(), &[Answer { status: 200, body: token, retry_after: None }]);
}

/// Credentials as JSON: what of them is taken, can be used.
fn credentials(bytes: &[u8]) {
    let Ok(given) = serde_json::from_slice::<Value>(bytes) else { return };
    for ((name, provider), (_, before)) in PROVIDERS.iter().zip(good()) {
        for before in [None, Some(before)] {
            let Ok(kept) = prepare(*provider, given.clone(), before) else { continue };
            assert!(Sender::new(*provider, &kept, "app").is_ok(), "{name}");
            assert!((1..=10_000).contains(&crate::per_second(&kept.setup)), "{name}");
            assert!(!kept.setup.to_string().contains("PRIVATE KEY"), "{name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn what_the_fuzzer_found_worth_keeping_keeps_the_promises() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/push");
        let mut inputs = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            super::push(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0);
    }
}
