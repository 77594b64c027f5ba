//! Firebase Cloud Messaging, HTTP v1: an access token by OAuth 2.0 for a service account, then a call for each message.

use nuncio_protocol::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::credentials::{CredentialsError, Kept};
use crate::jwt::{Cached, Key};
use crate::notification::Notification;
use crate::{Answer, Http, Report, Request, Target, Verdict, by_status, is_header};

/// Where messages are sent, unless the app says otherwise.
const ENDPOINT: &str = "https://fcm.googleapis.com";
/// What an access token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long the token is good that asks for one, in seconds: the longest that is allowed.
const ASSERTION_SECONDS: i64 = 3600;
/// How long before its end an access token is used no more.
const MARGIN_MS: i64 = 60_000;
/// How long one is used at most, whatever its issuer says, in seconds.
const LONGEST_SECONDS: i64 = 24 * 3600;

/// What is needed of a service account's file.
#[derive(Deserialize)]
pub(crate) struct Account {
    pub(crate) project_id: String,
    pub(crate) client_email: String,
    private_key: String,
    token_uri: String,
}

impl Account {
    pub(crate) fn read(text: &str) -> Result<Self, CredentialsError> {
        let account: Self = serde_json::from_str(text).map_err(|error| {
            CredentialsError::Malformed(format!("the service account: {error}"))
        })?;
        Key::rsa_pem(&account.private_key)?;
        Ok(account)
    }
}

/// An app's way to FCM.
pub(crate) struct Fcm {
    account: Account,
    key: Key,
    url: String,
    access: Cached,
    /// One asks for an access token, the others wait for it.
    asking: Mutex<()>,
}

impl Fcm {
    pub(crate) fn read(kept: &Kept) -> Result<Self, CredentialsError> {
        let account = Account::read(&kept.secret)?;
        let key = Key::rsa_pem(&account.private_key)?;
        let endpoint = kept.text("endpoint");
        let endpoint = if endpoint.is_empty() { ENDPOINT } else { endpoint.as_str() };
        let url = format!("{endpoint}/v1/projects/{}/messages:send", account.project_id);
        Ok(Self { account, key, url, access: Cached::default(), asking: Mutex::default() })
    }

    async fn access_token(&self, http: &dyn Http, now: Timestamp) -> Result<String, Report> {
        if let Some(token) = self.access.get(now) {
            return Ok(token);
        }
        let _asking = self.asking.lock().await;
        if let Some(token) = self.access.get(now) {
            return Ok(token);
        }
        let seconds = now.0 / 1000;
        let claims = json!({
            "iss": self.account.client_email, "scope": SCOPE, "aud": self.account.token_uri,
            "iat": seconds, "exp": seconds + ASSERTION_SECONDS,
        });
        let assertion = self.key.sign(None, &claims).map_err(|why| Report::silent(&why))?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
        ];
        let body = serde_urlencoded::to_string(form).unwrap_or_default().into_bytes();
        let request = Request {
            url: self.account.token_uri.clone(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body,
            http2: false,
        };
        let answer = http.post(request).await.map_err(|why| Report::silent(&why))?;
        let told = answer.json();
        let (Some(token), Some(lasts)) =
            (told["access_token"].as_str().filter(|t| is_header(t)), told["expires_in"].as_i64())
        else {
            let verdict = match by_status(&answer) {
                // Google tells a wrong account or key by 400.
                Verdict::Refused => Verdict::Credentials,
                other => other,
            };
            return Err(Report::of(&answer, verdict));
        };
        self.access
            .set(token.to_owned(), now.plus_ms(lasts.clamp(0, LONGEST_SECONDS) * 1000 - MARGIN_MS));
        Ok(token.to_owned())
    }

    pub(crate) async fn send(
        &self,
        http: &dyn Http,
        target: &Target,
        notification: &Notification,
        now: Timestamp,
    ) -> Report {
        let token = match self.access_token(http, now).await {
            Ok(token) => token,
            Err(report) => return report,
        };
        let request = Request {
            url: self.url.clone(),
            headers: vec![
                ("authorization", format!("Bearer {token}")),
                ("content-type", "application/json".to_owned()),
            ],
            body: body(target, notification).to_string().into_bytes(),
            http2: false,
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
        let details = told["error"]["details"].as_array().into_iter().flatten();
        let codes: Vec<_> = details.filter_map(|detail| detail["errorCode"].as_str()).collect();
        let says = told["error"]["message"].as_str().unwrap_or_default();
        match answer.status {
            // The same status comes where the project is not known: then the device is not to blame.
            404 if codes.contains(&"UNREGISTERED") => Verdict::Gone,
            403 if codes.contains(&"SENDER_ID_MISMATCH") => Verdict::Gone,
            400 if says.contains("registration token") => Verdict::Gone,
            401 => {
                self.access.clear();
                Verdict::Retry
            }
            404 => Verdict::Credentials,
            _ => by_status(answer),
        }
    }
}

fn body(target: &Target, notification: &Notification) -> Value {
    let Notification { title, body, avatar, badge, .. } = notification;
    let own = notification.config("FCM");
    let text = |member: &str| own[member].as_str().filter(|text| !text.is_empty());
    let mut shown = json!({ "body": body });
    if let Some(title) = title {
        shown["title"] = json!(title);
    }
    if let Some(image) = text("imageUrl").or(Some(avatar.as_str()).filter(|url| !url.is_empty())) {
        shown["image"] = json!(image);
    }
    let collapse = notification.collapse(32);
    let mut android = json!({ "tag": collapse, "notification_count": badge });
    if let Some(channel) = text("channel_id") {
        android["channel_id"] = json!(channel);
    }
    json!({
        "message": {
            "token": target.token,
            "notification": shown,
            "data": notification.data(),
            "android": {
                "collapse_key": text("collapse_key").unwrap_or(&collapse),
                "priority": "HIGH",
                "ttl": format!("{}s", notification.ttl_seconds),
                "notification": android,
            },
        },
    })
}
