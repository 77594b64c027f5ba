//! Apple's push service: HTTP/2, and a token of the app's key with each request.

use nuncio_protocol::Timestamp;
use serde_json::json;

use crate::credentials::{CredentialsError, Kept};
use crate::jwt::{Cached, Key};
use crate::notification::{Notification, shorten};
use crate::{Answer, Http, Report, Request, Target, Verdict, by_status, is_header};

/// Where notifications are sent, unless the app says otherwise; the second for builds under development.
const ENDPOINTS: [&str; 2] = ["https://api.push.apple.com", "https://api.sandbox.push.apple.com"];
/// How long a token is used: Apple wants it renewed between 20 and 60 minutes.
const TOKEN_MS: i64 = 45 * 60 * 1000;
/// Bytes of a notification.
const MOST: usize = 4096;

/// An app's way to APNs.
pub(crate) struct Apns {
    key: Key,
    key_id: String,
    team_id: String,
    topic: String,
    endpoint: String,
    token: Cached,
}

impl Apns {
    pub(crate) fn read(kept: &Kept) -> Result<Self, CredentialsError> {
        let endpoint = kept.text("endpoint");
        let own = ENDPOINTS[usize::from(kept.setup["sandbox"] == true)];
        Ok(Self {
            key: Key::p256_pem(&kept.secret)?,
            key_id: kept.text("keyId"),
            team_id: kept.text("teamId"),
            topic: kept.text("topic"),
            endpoint: if endpoint.is_empty() { own.to_owned() } else { endpoint },
            token: Cached::default(),
        })
    }

    fn provider_token(&self, now: Timestamp) -> Result<String, String> {
        if let Some(token) = self.token.get(now) {
            return Ok(token);
        }
        let claims = json!({ "iss": self.team_id, "iat": now.0 / 1000 });
        let token = self.key.sign(Some(&self.key_id), &claims)?;
        self.token.set(token.clone(), now.plus_ms(TOKEN_MS));
        Ok(token)
    }

    pub(crate) async fn send(
        &self,
        http: &dyn Http,
        target: &Target,
        notification: &Notification,
        now: Timestamp,
    ) -> Report {
        // It becomes part of the path.
        if !target.token.chars().all(|c| c.is_ascii_alphanumeric()) {
            let excerpt = "the device's token is none of APNs".to_owned();
            return Report { verdict: Verdict::Gone, status: 0, excerpt };
        }
        let token = match self.provider_token(now) {
            Ok(token) => token,
            Err(why) => return Report::silent(&why),
        };
        let own = notification.config("APNs");
        // It becomes a header.
        let fits = |id: &&str| (1..=64).contains(&id.len()) && is_header(id);
        let collapse = own["apns-collapse-id"].as_str().filter(fits);
        let expires = now.0 / 1000 + i64::from(notification.ttl_seconds);
        let request = Request {
            url: format!("{}/3/device/{}", self.endpoint, target.token),
            headers: vec![
                ("authorization", format!("bearer {token}")),
                ("apns-topic", self.topic.clone()),
                ("apns-push-type", "alert".to_owned()),
                ("apns-priority", "10".to_owned()),
                ("apns-expiration", expires.to_string()),
                (
                    "apns-collapse-id",
                    collapse.map_or_else(|| notification.collapse(64), str::to_owned),
                ),
                ("content-type", "application/json".to_owned()),
            ],
            body: body(notification),
            http2: true,
        };
        match http.post(request).await {
            Ok(answer) => {
                let verdict = self.verdict(&answer);
                Report::of(&answer, verdict)
            }
            Err(why) => Report::silent(&why),
        }
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        if answer.is_success() {
            return Verdict::Sent;
        }
        let told = answer.json();
        match (answer.status, told["reason"].as_str().unwrap_or_default()) {
            (410, _) | (400, "BadDeviceToken" | "DeviceTokenNotForTopic") => Verdict::Gone,
            (403, "ExpiredProviderToken") => {
                self.token.clear();
                Verdict::Retry
            }
            (400, "TopicDisallowed" | "BadTopic" | "MissingTopic") => Verdict::Credentials,
            _ => by_status(answer),
        }
    }
}

/// The notification in so few bytes as Apple takes: what is too long loses the end of its text.
fn body(notification: &Notification) -> Vec<u8> {
    let own = notification.config("APNs");
    let text = |member: &str| own[member].as_str().filter(|text| !text.is_empty());
    let make = |body: &str| {
        let mut alert = json!({ "body": body });
        if let Some(title) = &notification.title {
            alert["title"] = json!(title);
        }
        let mut aps = json!({
            "alert": alert, "badge": notification.badge, "sound": text("sound").unwrap_or("default"),
            "mutable-content": 1,
            "thread-id": text("thread-id").map_or_else(|| notification.collapse(64), str::to_owned),
        });
        if let Some(category) = text("category") {
            aps["category"] = json!(category);
        }
        json!({ "aps": aps, "nuncio": notification.data(), "avatar": notification.avatar })
            .to_string()
            .into_bytes()
    };
    shorten(&notification.body, MOST, make)
}
