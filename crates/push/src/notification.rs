//! What a notification says: made once, whatever provider carries it.

use nuncio_protocol::frames::{Channel, ChannelType, Message, PushConfig};
use nuncio_protocol::{Timestamp, signing};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::texts::{self, Texts};

/// How long a provider keeps a notification for a device that it does not reach, in seconds: as long as the message is
/// worth telling of.
const TTL_SECONDS: i64 = 24 * 60 * 60;
/// Characters of a message's text that are shown.
const TEXT_CHARS: usize = 256;

/// What a notification is made of.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Who is told.
    pub user_id: &'a str,
    /// The message, as that user sees it.
    pub message: &'a Message,
    /// Unread messages in the channel.
    pub count: i64,
    /// The sender's name, as who is told sees it; may be empty.
    pub sender_name: &'a str,
    /// Likewise the avatar.
    pub sender_avatar: &'a str,
    /// Of a message to a group: the group's name and avatar.
    pub group: Option<(&'a str, &'a str)>,
    /// Unread messages in all of the user's channels.
    pub badge: i64,
    /// Whether the message mentions the user.
    pub mentioned: bool,
    /// How the sender wants it pushed.
    pub options: &'a PushConfig,
    /// Whether what the message says is left out, unless the sender insists.
    pub hide_content: bool,
    /// In which language; empty: English.
    pub language: &'a str,
}

/// A notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Who is told.
    pub user_id: String,
    /// The first line; `None` where the sender wants none.
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// A picture's address; may be empty.
    pub avatar: String,
    /// The number at the app's icon.
    pub badge: i64,
    /// Where the message is, as the user sees it.
    pub channel: Channel,
    /// The message.
    pub message_id: String,
    /// Who wrote it.
    pub sender_id: String,
    /// Its type.
    pub message_type: String,
    /// Unread messages in the channel.
    pub count: i64,
    /// What the sender passes on to the app; may be empty.
    pub data: String,
    /// How long it is worth carrying.
    pub ttl_seconds: u32,
    /// The language of its text.
    pub language: String,
    /// What the sender says to single providers.
    pub ext: Value,
}

impl Notification {
    /// Makes it.
    #[must_use]
    pub fn new(facts: &Facts<'_>, now: Timestamp) -> Self {
        let Facts { message, options, .. } = facts;
        let sender =
            if facts.sender_name.is_empty() { &message.sender_id } else { facts.sender_name };
        let channel = message.channel.clone().unwrap_or_default();
        let (from, avatar) = match facts.group {
            Some((name, avatar)) => (if name.is_empty() { &channel.id } else { name }, avatar),
            None => (sender, facts.sender_avatar),
        };
        let title = match options.title.as_str() {
            _ if options.no_title => None,
            "" => Some(from.to_owned()),
            title => Some(title.to_owned()),
        };
        let left = (message.sent_at + TTL_SECONDS * 1000 - now.0) / 1000;
        Self {
            user_id: facts.user_id.to_owned(),
            title,
            body: body(facts, sender),
            avatar: avatar.to_owned(),
            badge: facts.badge,
            message_id: message.id.clone(),
            sender_id: message.sender_id.clone(),
            message_type: message.r#type.clone(),
            count: facts.count,
            data: options.data.clone(),
            ttl_seconds: u32::try_from(left.clamp(60, TTL_SECONDS)).unwrap_or(60),
            language: facts.language.to_owned(),
            ext: serde_json::from_str(&options.ext).unwrap_or_default(),
            channel,
        }
    }

    /// One that says that all is well, for trying a provider out.
    #[must_use]
    pub fn test(title: &str) -> Self {
        Self {
            user_id: String::new(),
            title: Some(title.to_owned()),
            body: "This is a test of the push service.".to_owned(),
            avatar: String::new(),
            badge: 0,
            channel: Channel::default(),
            message_id: String::new(),
            sender_id: String::new(),
            message_type: String::new(),
            count: 0,
            data: String::new(),
            ttl_seconds: 60,
            language: String::new(),
            ext: Value::Null,
        }
    }

    /// By what a newer notification takes the place of an older one: a word for the channel, of so many letters and
    /// digits at most.
    pub(crate) fn collapse(&self, most: usize) -> String {
        let name = format!("{}:{}", self.channel.r#type, self.channel.id);
        let mut word = signing::hex(&Sha256::digest(name.as_bytes()));
        word.truncate(most.min(32));
        word
    }

    /// What the receiving app is told besides, all of it texts.
    pub(crate) fn data(&self) -> Value {
        json!({
            "channelType": self.channel.r#type.to_string(), "channelId": self.channel.id,
            "messageId": self.message_id, "senderId": self.sender_id,
            "messageType": self.message_type, "unreadCount": self.count.to_string(),
            "pushData": self.data,
        })
    }

    /// What the sender says to one provider: the `pushConfigs` of the Server API's `pushExt`.
    pub(crate) fn config(&self, provider: &str) -> Value {
        let configs = match &self.ext["pushConfigs"] {
            Value::Array(configs) => configs.iter().collect(),
            one => vec![one],
        };
        let mut found = configs.into_iter().map(|config| &config[provider]);
        found.find(|config| config.is_object()).cloned().unwrap_or_default()
    }
}

fn body(facts: &Facts<'_>, sender: &str) -> String {
    let Facts { message, options, .. } = facts;
    let texts = texts::of(facts.language);
    if facts.hide_content && !options.force_content {
        return texts.message.to_owned();
    }
    let said = match options.content.as_str() {
        "" => text_of(message, texts),
        content => return content.to_owned(),
    };
    let is_group =
        message.channel.as_ref().is_some_and(|c| c.r#type == i32::from(ChannelType::Group));
    let mention = if facts.mentioned { texts.mention } else { "" };
    match (is_group, mention) {
        (false, _) => said,
        (true, "") => format!("{sender}: {said}"),
        (true, mention) => format!("[{mention}] {sender}: {said}"),
    }
}

/// What a message says, by its type.
fn text_of(message: &Message, texts: &Texts) -> String {
    let content: Value = serde_json::from_str(&message.content).unwrap_or_default();
    let member = |name: &str| content[name].as_str().filter(|text| !text.trim().is_empty());
    let word = |word: &str| format!("[{word}]");
    match message.r#type.as_str() {
        "RC:TxtMsg" | "RC:ReferenceMsg" | "RC:StreamMsg" => {
            let text = member("content").or_else(|| member("text"));
            text.map_or_else(|| texts.message.to_owned(), cut)
        }
        "RC:InfoNtf" => member("message").map_or_else(|| texts.message.to_owned(), cut),
        "RC:ImgMsg" => word(texts.image),
        "RC:GIFMsg" | "RC:StkMsg" => word(texts.sticker),
        "RC:VcMsg" | "RC:HQVCMsg" => word(texts.voice),
        "RC:SightMsg" => word(texts.video),
        "RC:FileMsg" => match member("name") {
            Some(name) => format!("[{}] {}", texts.file, cut(name)),
            None => word(texts.file),
        },
        "RC:LBSMsg" => word(texts.location),
        "RC:CardMsg" => word(texts.card),
        "RC:CombineMsg" | "RC:CombineV2Msg" => word(texts.history),
        "RC:ImgTextMsg" => match member("title") {
            Some(title) => cut(title),
            None => texts.message.to_owned(),
        },
        _ => texts.message.to_owned(),
    }
}

/// The beginning of a text, on one line.
fn cut(text: &str) -> String {
    let line = |c: char| if c.is_control() { ' ' } else { c };
    let mut cut: String = text.trim().chars().take(TEXT_CHARS).map(line).collect();
    if cut.len() < text.trim().len() {
        cut.push('…');
    }
    cut
}

/// Makes something with a text, and again with less of it until it has `most` bytes at most, or nothing is left of the text.
pub(crate) fn shorten(text: &str, most: usize, make: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let mut kept = text.chars().count();
    loop {
        let whole = make(&text.chars().take(kept).collect::<String>());
        if whole.len() <= most || kept == 0 {
            return whole;
        }
        kept = kept * 2 / 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(r#type: &str, content: &Value) -> Message {
        Message {
            id: "m1".into(),
            channel: Some(Channel::direct("bob")),
            sender_id: "bob".into(),
            r#type: r#type.into(),
            content: content.to_string(),
            sent_at: 1000,
            ..Message::default()
        }
    }

    fn facts<'a>(message: &'a Message, options: &'a PushConfig) -> Facts<'a> {
        Facts {
            user_id: "ada",
            message,
            count: 1,
            sender_name: "Bob",
            sender_avatar: "https://a.example/bob",
            group: None,
            badge: 3,
            mentioned: false,
            options,
            hide_content: false,
            language: "",
        }
    }

    #[test]
    fn a_message_is_told_by_its_type_in_the_users_language() {
        let (none, file) = (PushConfig::default(), json!({ "name": "a.pdf" }));
        for (kind, content, language, expected) in [
            ("RC:TxtMsg", json!({ "content": " hi\nyou " }), "", "hi you"),
            ("RC:ImgMsg", json!({}), "de-AT", "[Bild]"),
            ("RC:FileMsg", file.clone(), "en", "[File] a.pdf"),
            ("RC:FileMsg", json!({}), "zh_CN", "[文件]"),
            ("app:own", json!({ "content": "secret" }), "xx", "You have a new message"),
            ("RC:TxtMsg", json!([]), "fr", "Vous avez un nouveau message"),
        ] {
            let message = message(kind, &content);
            let facts = Facts { language, ..facts(&message, &none) };
            let made = Notification::new(&facts, Timestamp(1000));
            assert_eq!(made.body, expected, "{kind} {language}");
            assert_eq!((made.title.as_deref(), made.ttl_seconds), (Some("Bob"), 86_400));
        }
        let long = message("RC:TxtMsg", &json!({ "content": "é".repeat(300) }));
        let made = Notification::new(&facts(&long, &none), Timestamp(1000));
        assert_eq!(made.body.chars().count(), TEXT_CHARS + 1);
    }

    #[test]
    fn a_group_is_the_title_and_the_sender_in_the_text() {
        let mut message = message("RC:TxtMsg", &json!({ "content": "hi" }));
        message.channel = Some(Channel::group("club"));
        let none = PushConfig::default();
        let group =
            Facts { group: Some(("Club", "https://a.example/club")), ..facts(&message, &none) };
        let made = Notification::new(&group, Timestamp(0));
        assert_eq!((made.title.as_deref(), made.body.as_str()), (Some("Club"), "Bob: hi"));
        assert_eq!(made.avatar, "https://a.example/club");
        let made = Notification::new(&Facts { mentioned: true, ..group }, Timestamp(0));
        assert_eq!(made.body, "[Mentioned you] Bob: hi");
    }

    #[test]
    fn what_the_sender_says_wins_but_for_what_the_user_hides() {
        let message = message("RC:TxtMsg", &json!({ "content": "hi" }));
        let options = PushConfig {
            title: "Order".into(),
            content: "It is on its way".into(),
            data: "o=1".into(),
            ..PushConfig::default()
        };
        let made = |options: &PushConfig, hide_content| {
            let made = Notification::new(
                &Facts { hide_content, ..facts(&message, options) },
                Timestamp(0),
            );
            (made.title, made.body)
        };
        let title = || Some("Order".to_owned());
        assert_eq!(made(&options, false), (title(), "It is on its way".to_owned()));
        assert_eq!(made(&options, true), (title(), "You have a new message".to_owned()));
        let forced = PushConfig { force_content: true, no_title: true, ..options };
        assert_eq!(made(&forced, true), (None, "It is on its way".to_owned()));
    }

    #[test]
    fn what_is_said_to_one_provider_is_found_in_a_list_or_an_object() {
        let message = message("RC:TxtMsg", &json!({}));
        for ext in [
            r#"{"pushConfigs":[{"HW":{"x":1}},{"APNs":{"thread-id":"t"}}]}"#,
            r#"{"pushConfigs":{"APNs":{"thread-id":"t"}}}"#,
        ] {
            let options = PushConfig { ext: ext.into(), ..PushConfig::default() };
            let made = Notification::new(&facts(&message, &options), Timestamp(0));
            assert_eq!(made.config("APNs")["thread-id"], "t");
            assert!(made.config("FCM").is_null());
        }
    }

    #[test]
    fn a_text_is_shortened_until_it_fits() {
        let make = |text: &str| format!("<{text}>").into_bytes();
        assert_eq!(shorten("abc", 5, make), b"<abc>");
        assert_eq!(shorten("ééé", 5, make), b"<\xc3\xa9>");
        assert_eq!(shorten("abc", 1, make), b"<>");
    }
}
