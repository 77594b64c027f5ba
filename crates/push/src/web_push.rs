//! Web Push: RFC 8030, encrypted by RFC 8291, with the app named by RFC 8292 (VAPID).

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD as BASE64};
use nuncio_protocol::Timestamp;
use nuncio_protocol::values::WebhookUrl;
use serde_json::json;

use crate::credentials::{CredentialsError, Kept};
use crate::encryption::{self, AUTH, MOST, POINT};
use crate::jwt::Key;
use crate::notification::{Notification, shorten};
use crate::{Http, Report, Request, Target, Verdict, by_status};

/// How long a token is good, in seconds: at most a day is allowed.
const TOKEN_SECONDS: i64 = 12 * 3600;

/// The private key in a kept secret.
pub(crate) fn key(secret: &str) -> Result<Key, CredentialsError> {
    let der = BASE64.decode(secret).map_err(|_| CredentialsError::Key("is not base64url"))?;
    Key::p256_der(&der)
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let decoded = BASE64.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    decoded.try_into().ok()
}

/// Whether these can be a subscription's endpoint and keys; else which of them cannot, and why.
pub fn check_keys(
    endpoint: &str,
    p256dh: &str,
    auth: &str,
) -> Result<(), (&'static str, &'static str)> {
    if endpoint.is_empty() || WebhookUrl::try_from(endpoint).is_err() {
        return Err(("token", "is no subscription's endpoint: it must be an https address"));
    }
    let Some(point) = decode::<POINT>(p256dh).filter(|point| point[0] == 4) else {
        return Err(("p256dh", "must be 65 bytes as base64url: a point of P-256"));
    };
    let Some(auth) = decode::<AUTH>(auth) else {
        return Err(("auth", "must be 16 bytes as base64url"));
    };
    // Whether it lies on the curve is what the agreement finds out.
    match encryption::encrypt(b"", &point, &auth) {
        Ok(_) => Ok(()),
        Err(_) => Err(("p256dh", "is no point of P-256")),
    }
}

/// An app's way to browsers.
pub(crate) struct WebPush {
    key: Key,
    public: String,
    subject: String,
}

impl WebPush {
    pub(crate) fn read(kept: &Kept) -> Result<Self, CredentialsError> {
        let key = key(&kept.secret)?;
        let public = BASE64.encode(key.public());
        Ok(Self { key, public, subject: kept.text("subject") })
    }

    fn request(
        &self,
        target: &Target,
        notification: &Notification,
        now: Timestamp,
    ) -> Result<Request, Report> {
        let ends = |verdict, why: &str| Report { verdict, ..Report::silent(why) };
        let no_key = || ends(Verdict::Gone, "the subscription's keys are none");
        let receiver = decode(&target.p256dh).ok_or_else(no_key)?;
        let auth = decode(&target.auth).ok_or_else(no_key)?;
        let text = shorten(&notification.body, MOST, |body| {
            json!({
                "title": notification.title, "body": body, "icon": notification.avatar,
                "tag": notification.collapse(32), "badge": notification.badge,
                "data": notification.data(),
            })
            .to_string()
            .into_bytes()
        });
        if text.len() > MOST {
            // What the sender passes on is too long: no fault of the device.
            return Err(ends(Verdict::Refused, "the notification is too long for Web Push"));
        }
        let body = encryption::encrypt(&text, &receiver, &auth)
            .map_err(|why| ends(Verdict::Gone, &why))?;
        let claims = json!({
            "aud": origin(&target.token), "exp": now.0 / 1000 + TOKEN_SECONDS, "sub": self.subject,
        });
        let token = self.key.sign(None, &claims).map_err(|why| Report::silent(&why))?;
        Ok(Request {
            url: target.token.clone(),
            headers: vec![
                ("authorization", format!("vapid t={token}, k={}", self.public)),
                ("ttl", notification.ttl_seconds.to_string()),
                ("urgency", "high".to_owned()),
                ("topic", notification.collapse(32)),
                ("content-encoding", "aes128gcm".to_owned()),
                ("content-type", "application/octet-stream".to_owned()),
            ],
            body,
            http2: false,
        })
    }

    pub(crate) async fn send(
        &self,
        http: &dyn Http,
        target: &Target,
        notification: &Notification,
        now: Timestamp,
    ) -> Report {
        let request = match self.request(target, notification, now) {
            Ok(request) => request,
            Err(report) => return report,
        };
        match http.post(request).await {
            Ok(answer) => {
                let verdict = match answer.status {
                    200..300 => Verdict::Sent,
                    404 | 410 => Verdict::Gone,
                    _ => by_status(&answer),
                };
                Report::of(&answer, verdict)
            }
            Err(why) => Report::silent(&why),
        }
    }
}

/// The origin of an absolute URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |place| place + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |place| host + place);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_the_origin_alone() {
        for (url, expected) in [
            ("https://push.example/send/1?x=/", "https://push.example"),
            ("https://push.example:444", "https://push.example:444"),
            ("https://push.example?x", "https://push.example"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    #[test]
    fn keys_that_are_none_are_told_by_name() {
        let point = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let (endpoint, auth) = ("https://push.example/1", "BTBZMqHH6r4Tts7J_aSIgg");
        let wrong = |endpoint: &str, p256dh: &str, auth: &str| {
            check_keys(endpoint, p256dh, auth).unwrap_err().0
        };
        assert_eq!(check_keys(endpoint, point, auth), Ok(()));
        assert_eq!(check_keys(endpoint, &format!("{point}="), &format!("{auth}==")), Ok(()));
        assert_eq!(wrong("ftp://push.example/1", point, auth), "token");
        assert_eq!(wrong(endpoint, "BCVx", auth), "p256dh");
        let off = point.replace("xs", "ys");
        assert_eq!(wrong(endpoint, &off, auth), "p256dh");
        assert_eq!(wrong(endpoint, point, "BTBZ"), "auth");
    }
}
