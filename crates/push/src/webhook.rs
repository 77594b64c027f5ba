//! An app's own gateway, for whatever else there is: a signed request, like any webhook's.

use nuncio_protocol::{Timestamp, signing};
use serde_json::json;

use crate::credentials::Kept;
use crate::notification::Notification;
use crate::{Http, Report, Request, Target, Verdict, by_status};

/// An app's way to its gateway.
pub(crate) struct Webhook {
    url: String,
    secret: String,
    app_key: String,
}

impl Webhook {
    pub(crate) fn read(kept: &Kept, app_key: &str) -> Self {
        let (url, secret) = (kept.text("url"), kept.secret.clone());
        Self { url, secret, app_key: app_key.to_owned() }
    }

    pub(crate) async fn send(
        &self,
        http: &dyn Http,
        target: &Target,
        notification: &Notification,
        now: Timestamp,
    ) -> Report {
        let Notification { title, body, avatar, badge, ttl_seconds, language, ext, .. } =
            notification;
        let id = format!("{}-{}", notification.user_id, notification.message_id);
        let body = json!({
            "type": "push", "id": id, "time": now.0,
            "data": [{
                "token": target.token, "userId": notification.user_id, "title": title,
                "body": body, "avatar": avatar, "badge": badge, "language": language,
                "collapse": notification.collapse(64), "ttlSeconds": ttl_seconds,
                "data": notification.data(), "pushExt": ext,
            }],
        })
        .to_string();
        let nonce = signing::hex(&rand::random::<[u8; 8]>());
        let timestamp = now.0.to_string();
        let v1 = signing::v1(&self.secret, &nonce, &timestamp);
        let path = signing::path_of(&self.url);
        let v2 = signing::v2(&self.secret, "POST", path, body.as_bytes(), &timestamp, &nonce);
        let request = Request {
            url: self.url.clone(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("app-key", self.app_key.clone()),
                ("nuncio-timestamp", timestamp),
                ("nuncio-nonce", nonce),
                ("signature", v1),
                ("nuncio-signature", v2),
            ],
            body: body.into_bytes(),
            http2: false,
        };
        match http.post(request).await {
            Ok(answer) => {
                let verdict = match answer.status {
                    200..300 => Verdict::Sent,
                    410 => Verdict::Gone,
                    _ => by_status(&answer),
                };
                Report::of(&answer, verdict)
            }
            Err(why) => Report::silent(&why),
        }
    }
}
