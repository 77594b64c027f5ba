//! The operations that a `call` line names.
//!
//! Parameters are members of `params`. A channel is `channelType` (`direct` when left out) and `channelId`.

use std::collections::HashMap;
use std::time::Duration;

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Channel, History};
use nuncio_protocol::values::{Alias, FriendExtra, FriendPermission, MessageType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::channel_tags;
use super::groups;
use super::input::{self, bad};
use super::push;
use super::receipts;
use super::values::{self, ChannelLine, WholeMessage};
use crate::client::Client;
use crate::error::ClientError;
use crate::ops::friends::{FriendApplicationQuery, FriendInfoChange, Page};
use crate::ops::messages::HistoryFrom;
use crate::shared::State;

/// Every method that a `call` line may name, with its parameters; those in brackets may be left out.
pub const METHODS: &[(&str, &str)] = &[
    ("addToBlocklist", "userId"),
    ("removeFromBlocklist", "userId"),
    ("checkBlocked", "userId"),
    ("getBlocklist", ""),
    ("getHistory", "channelId [channelType fromMessageId fromTime ascending limit]"),
    ("recallMessage", "channelId messageId [channelType extra]"),
    ("editMessage", "channelId messageId content [channelType]"),
    ("markRead", "channelId [channelType messageId]"),
    ("getChannels", "[before limit channelTypes channelIds]"),
    ("setChannelSettings", "channelId [channelType pinned level removedMessageId]"),
    ("getChannelSettings", ""),
    ("setChannelTypeLevel", "channelType level"),
    ("getChannelTypeLevels", ""),
    ("sendTyping", "channelId [channelType type]"),
    ("getProfiles", "userIds"),
    ("getMyProfile", ""),
    ("updateMyProfile", "[basic ext]"),
    ("getProfileVisibility", ""),
    ("setProfileVisibility", "visibility"),
    ("getAccount", ""),
    ("addFriend", "userId [extra]"),
    ("acceptFriendApplication", "userId"),
    ("refuseFriendApplication", "userId"),
    ("removeFriends", "userIds"),
    ("getFriends", "[pageToken limit]"),
    ("getFriendsInfo", "userIds"),
    ("checkFriends", "userIds"),
    ("setFriendInfo", "userId [alias extProfile]"),
    ("getFriendPermission", ""),
    ("setFriendPermission", "permission"),
    ("getFriendApplications", "[directions statuses pageToken limit ascending]"),
    ("subscribe", "userIds [type expirySeconds]"),
    ("unsubscribe", "userIds [type]"),
    ("getPresence", "userIds"),
    ("getSubscriptions", "[type pageToken limit]"),
    ("getSyncState", ""),
    ("getConnectionState", ""),
    ("getUserInfo", "userId"),
    ("refreshUserInfo", "userId"),
    ("getLocalMessages", "channelId [channelType before limit]"),
    ("getLocalChannels", "[limit]"),
    ("logout", ""),
];

/// Entries of a local list when no limit is given, and at most.
const LOCAL_ENTRIES: u32 = 100;

pub(super) struct Params(serde_json::Map<String, Value>);

impl Params {
    pub(super) fn new(params: Value) -> Result<Self, ClientError> {
        match params {
            Value::Null => Ok(Self(serde_json::Map::new())),
            Value::Object(members) => Ok(Self(members)),
            _ => Err(bad("`params` must be an object")),
        }
    }

    /// A member that may be left out.
    pub(super) fn maybe<T: DeserializeOwned>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, ClientError> {
        let value = self.0.remove(key).unwrap_or_default();
        serde_json::from_value(value).map_err(|e| bad(format_args!("`{key}`: {e}")))
    }

    pub(super) fn or_default<T: DeserializeOwned + Default>(
        &mut self,
        key: &str,
    ) -> Result<T, ClientError> {
        Ok(self.maybe(key)?.unwrap_or_default())
    }

    pub(super) fn must<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, ClientError> {
        self.maybe(key)?.ok_or_else(|| bad(format_args!("`{key}` is missing")))
    }

    pub(super) fn user(&mut self) -> Result<UserId, ClientError> {
        self.must("userId")
    }

    pub(super) fn users(&mut self) -> Result<Vec<UserId>, ClientError> {
        self.must("userIds")
    }

    pub(super) fn channel(&mut self) -> Result<Channel, ClientError> {
        let kind = self.maybe::<Value>("channelType")?;
        let id: String = self.must("channelId")?;
        input::channel(kind.as_ref(), &id)
    }

    pub(super) fn page(&mut self) -> Result<(Option<String>, u32), ClientError> {
        Ok((self.maybe("pageToken")?, self.or_default("limit")?))
    }

    /// A name from a list of names.
    pub(super) fn named<T>(
        &mut self,
        key: &str,
        default: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ClientError> {
        let name = self.maybe::<String>(key)?.unwrap_or_else(|| default.to_owned());
        find(&name).ok_or_else(|| bad(format_args!("`{key}`: `{name}` is not one of its values")))
    }

    pub(super) fn all_named<T>(
        &mut self,
        key: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ClientError> {
        let names: Vec<String> = self.or_default(key)?;
        names
            .iter()
            .map(|n| find(n).ok_or_else(|| bad(format_args!("`{key}`: `{n}` is not one"))))
            .collect()
    }

    /// What is left over is a mistake that had better be told.
    pub(super) fn done(self) -> Result<(), ClientError> {
        match self.0.keys().next() {
            Some(key) => Err(bad(format_args!("there is no parameter `{key}`"))),
            None => Ok(()),
        }
    }
}

pub(super) fn raw(value: impl Serialize) -> Result<Box<RawValue>, ClientError> {
    to_raw_value(&value).map_err(bad)
}

pub(super) fn done(outcome: Result<(), ClientError>) -> Result<Box<RawValue>, ClientError> {
    outcome.and_then(|()| raw(json!({})))
}

pub(super) fn each<T>(items: &[T], to_json: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(to_json).collect()
}

pub(super) fn page<T>(name: &str, page: &Page<T>, to_json: impl Fn(&T) -> Value) -> Value {
    let mut value = json!({ "totalCount": page.total_count });
    value[name] = each(&page.items, to_json).into();
    if let Some(token) = &page.next_page_token {
        value["nextPageToken"] = token.clone().into();
    }
    value
}

/// A stretch of a channel's history.
pub(super) fn history(client: &Client, history: &History) -> Result<Box<RawValue>, ClientError> {
    let me = client.user_id();
    raw(HistoryLine {
        messages: history.messages.iter().map(|m| WholeMessage::new(m, &me)).collect(),
        has_more: history.has_more,
    })
}

/// Calls a method.
pub(super) async fn call(
    client: &Client,
    method: &str,
    params: Value,
) -> Result<Box<RawValue>, ClientError> {
    let mut p = Params::new(params)?;
    // Parameters are read before the call is begun.
    macro_rules! with {
        ($($name:ident = $value:expr),* ; $call:expr) => {{
            $(let $name = $value;)*
            p.done()?;
            $call
        }};
    }
    match method {
        "addToBlocklist" => {
            with!(user = p.user()?; done(client.add_to_blocklist(&user).await))
        }
        "removeFromBlocklist" => {
            with!(user = p.user()?; done(client.remove_from_blocklist(&user).await))
        }
        "checkBlocked" => with!(user = p.user()?; raw(client.check_blocked(&user).await?)),
        "getBlocklist" => with!(; raw(client.get_blocklist().await?)),
        "getHistory" | "recallMessage" | "editMessage" | "setChannelSettings" | "markRead"
        | "getChannels" | "sendTyping" | "getLocalMessages" | "getLocalChannels" => {
            messages(client, method, p).await
        }
        "getChannelSettings" => with!(;
            raw(each(&client.get_channel_settings().await?, values::channel_settings))),
        "setChannelTypeLevel" => {
            with!(kind = input::channel_type(&p.must::<Value>("channelType")?)?, level = p.must("level")?;
            done(client.set_channel_type_level(kind, level).await))
        }
        "getChannelTypeLevels" => with!(;
            raw(each(&client.get_channel_type_levels().await?, |set| values::channel_type_level(*set)))),
        "getProfiles" => with!(users = p.users()?;
            raw(each(&client.get_profiles(&users).await?, values::profile))),
        "getMyProfile" => with!(; raw(values::profile(&client.get_my_profile().await?))),
        "updateMyProfile" => with!(
            basic = p.or_default::<serde_json::Map<String, Value>>("basic")?,
            ext = p.or_default::<HashMap<String, String>>("ext")?;
            done(client.update_my_profile(&basic, ext).await)),
        "getProfileVisibility" => with!(; {
            let visibility = client.get_profile_visibility().await?;
            raw(json!({ "visibility": values::visibility_name(visibility) }))
        }),
        "setProfileVisibility" => with!(
            visibility = p.named("visibility", "", values::visibility)?;
            done(client.set_profile_visibility(visibility).await)),
        "getAccount" => with!(; raw(values::account(&client.get_account().await?))),
        "addFriend"
        | "acceptFriendApplication"
        | "refuseFriendApplication"
        | "removeFriends"
        | "getFriends"
        | "getFriendsInfo"
        | "checkFriends"
        | "setFriendInfo"
        | "getFriendPermission"
        | "setFriendPermission"
        | "getFriendApplications" => Box::pin(friends(client, method, p)).await,
        "subscribe" => with!(
            users = p.users()?,
            kind = p.named("type", ONLINE, values::subscription_type)?,
            expiry = p.maybe::<u64>("expirySeconds")?.map(Duration::from_secs);
            done(client.subscribe(&users, kind, expiry).await)),
        "unsubscribe" => with!(
            users = p.users()?,
            kind = p.named("type", ONLINE, values::subscription_type)?;
            done(client.unsubscribe(&users, kind).await)),
        "getPresence" => with!(users = p.users()?;
            raw(each(&client.get_presence(&users).await?, values::presence))),
        "getSubscriptions" => with!(
        kind = p.named("type", ONLINE, values::subscription_type)?,
        at = p.page()?;
        raw(page(
            "subscriptions",
            &client.get_subscriptions(kind, at.0, at.1).await?,
            values::subscription,
        ))),
        "getSyncState" => with!(; {
            let state = client.sync_state();
            raw(json!({ "cursor": state.cursor, "head": state.head }))
        }),
        "getConnectionState" => with!(; raw(json!({ "state": match client.state() {
            State::Disconnected => "disconnected",
            State::Connecting => "connecting",
            State::Connected => "connected",
            State::Suspended(_) => "suspended",
            State::Stopped(_) => "stopped",
        } }))),
        "getUserInfo" => with!(user = p.user()?;
            raw(values::user_info(&client.user_info(&user).await?))),
        "refreshUserInfo" => with!(user = p.user()?;
            raw(values::user_info(&client.refresh_user_info(&user).await?))),
        "logout" => with!(; done(client.logout().await)),
        _ if push::METHODS.iter().any(|(name, _)| *name == method) => {
            Box::pin(push::call(client, method, p)).await
        }
        _ if groups::METHODS.iter().any(|(name, _)| *name == method) => {
            Box::pin(groups::call(client, method, p)).await
        }
        _ if channel_tags::METHODS.iter().any(|(name, _)| *name == method) => {
            Box::pin(channel_tags::call(client, method, p)).await
        }
        _ if receipts::METHODS.iter().any(|(name, _)| *name == method) => {
            Box::pin(receipts::call(client, method, p)).await
        }
        _ => {
            let names: Vec<_> = all_methods().map(|(name, _)| *name).collect();
            Err(bad(format_args!("there is no method `{method}`; there are {}", names.join(", "))))
        }
    }
}

/// The methods of all tables.
fn all_methods() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    [METHODS, groups::METHODS, receipts::METHODS, channel_tags::METHODS, push::METHODS]
        .into_iter()
        .flatten()
}

/// The kind of subscription that is meant when none is given.
const ONLINE: &str = "onlineStatus";

async fn messages(
    client: &Client,
    method: &str,
    mut p: Params,
) -> Result<Box<RawValue>, ClientError> {
    let me = client.user_id();
    if method == "getChannels" {
        return channels(client, p).await;
    }
    if method == "getLocalChannels" {
        let limit = p.maybe::<u32>("limit")?.unwrap_or(LOCAL_ENTRIES).min(LOCAL_ENTRIES);
        p.done()?;
        let channels = client.local_channels(limit).await?;
        return raw(channels.iter().map(|c| ChannelLine::new(c, &me)).collect::<Vec<_>>());
    }
    let channel = p.channel()?;
    match method {
        "getHistory" => {
            let from = match (p.maybe("fromMessageId")?, p.maybe("fromTime")?) {
                (Some(id), None) => HistoryFrom::Message(id),
                (None, Some(at)) => HistoryFrom::Time(at),
                (None, None) => HistoryFrom::End,
                _ => return Err(bad("give `fromMessageId` or `fromTime`, not both")),
            };
            let (ascending, limit) = (p.or_default("ascending")?, p.or_default("limit")?);
            p.done()?;
            let history = client.get_history(&channel, from, ascending, limit).await?;
            self::history(client, &history)
        }
        "recallMessage" => {
            let (message, extra): (String, String) = (p.must("messageId")?, p.or_default("extra")?);
            p.done()?;
            done(client.recall_message(&channel, &message, &extra).await)
        }
        "editMessage" => {
            let (message, content): (String, Value) = (p.must("messageId")?, p.must("content")?);
            p.done()?;
            let content = input::new_content(&content)?;
            let edited = client.edit_message(&channel, &message, &content).await?;
            raw(WholeMessage::new(&edited, &me))
        }
        "setChannelSettings" => {
            let (pinned, level) = (p.maybe("pinned")?, p.maybe("level")?);
            let removed: Option<String> = p.maybe("removedMessageId")?;
            p.done()?;
            done(client.set_channel_settings(&channel, pinned, level, removed.as_deref()).await)
        }
        "markRead" => {
            let message: Option<String> = p.maybe("messageId")?;
            p.done()?;
            done(client.mark_read(&channel, message.as_deref()).await)
        }
        "sendTyping" => {
            let kind = p.maybe::<String>("type")?.unwrap_or_else(|| "RC:TxtMsg".into());
            let kind = MessageType::try_from(kind).map_err(|e| bad(format_args!("`type` {e}")))?;
            p.done()?;
            done(client.send_typing(&channel, &kind).await)
        }
        _ => {
            let before: Option<String> = p.maybe("before")?;
            let limit = p.maybe::<u32>("limit")?.unwrap_or(LOCAL_ENTRIES).min(LOCAL_ENTRIES);
            p.done()?;
            let messages = client.local_messages(&channel, before.as_deref(), limit).await?;
            raw(messages.iter().map(|m| WholeMessage::new(m, &me)).collect::<Vec<_>>())
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryLine {
    messages: Vec<WholeMessage>,
    has_more: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelsLine {
    channels: Vec<ChannelLine>,
    has_more: bool,
    total_unread_count: u32,
}

async fn channels(client: &Client, mut p: Params) -> Result<Box<RawValue>, ClientError> {
    let me = client.user_id();
    let before = p.or_default("before")?;
    let limit = p.or_default("limit")?;
    let types: Vec<Value> = p.or_default("channelTypes")?;
    let types: Vec<_> = types.iter().map(input::channel_type).collect::<Result<_, _>>()?;
    let ids: Vec<String> = p.or_default("channelIds")?;
    p.done()?;
    let states = if ids.is_empty() {
        client.get_channels(before, limit, &types).await?
    } else {
        let channels: Result<Vec<_>, _> = ids.iter().map(|id| input::channel(None, id)).collect();
        client.get_channels_by_id(&channels?).await?
    };
    raw(ChannelsLine {
        channels: states.channels.iter().map(|c| ChannelLine::new(c, &me)).collect(),
        has_more: states.has_more,
        total_unread_count: states.total_unread_count,
    })
}

async fn friends(
    client: &Client,
    method: &str,
    mut p: Params,
) -> Result<Box<RawValue>, ClientError> {
    match method {
        "addFriend" => {
            let user = p.user()?;
            let extra = FriendExtra::try_from(p.or_default::<String>("extra")?)
                .map_err(|e| bad(format_args!("`extra` {e}")))?;
            p.done()?;
            raw(json!({ "added": client.add_friend(&user, &extra).await? }))
        }
        "acceptFriendApplication" | "refuseFriendApplication" => {
            let user = p.user()?;
            p.done()?;
            done(if method == "acceptFriendApplication" {
                client.accept_friend_application(&user).await
            } else {
                client.refuse_friend_application(&user).await
            })
        }
        "removeFriends" => {
            let users = p.users()?;
            p.done()?;
            done(client.remove_friends(&users).await)
        }
        "getFriends" => {
            let (token, limit) = p.page()?;
            p.done()?;
            let friends = client.get_friends(token, limit).await?;
            raw(page("friends", &friends, values::friend))
        }
        "getFriendsInfo" => {
            let users = p.users()?;
            p.done()?;
            raw(each(&client.get_friends_info(&users).await?, values::friend))
        }
        "checkFriends" => {
            let users = p.users()?;
            p.done()?;
            let relations = client.check_friends(&users).await?;
            raw(each(&relations, |r| json!({ "userId": r.user_id, "friend": r.friend })))
        }
        "setFriendInfo" => {
            let user = p.user()?;
            let alias = p.maybe::<String>("alias")?.map(Alias::try_from).transpose();
            let alias = alias.map_err(|e| bad(format_args!("`alias` {e}")))?;
            let ext_profile = p.maybe("extProfile")?;
            p.done()?;
            done(client.set_friend_info(&user, FriendInfoChange { alias, ext_profile }).await)
        }
        "getFriendPermission" => {
            p.done()?;
            raw(values::permission(client.get_friend_permission().await?))
        }
        "setFriendPermission" => {
            let number: i64 = p.must("permission")?;
            let permission = FriendPermission::try_from(number)
                .map_err(|e| bad(format_args!("`permission` {e}")))?;
            p.done()?;
            done(client.set_friend_permission(permission).await)
        }
        _ => {
            let query = FriendApplicationQuery {
                directions: p.all_named("directions", values::direction)?,
                statuses: p.all_named("statuses", values::status)?,
                page_token: p.maybe("pageToken")?,
                limit: p.or_default("limit")?,
                ascending: p.or_default("ascending")?,
            };
            p.done()?;
            let applications = client.get_friend_applications(query).await?;
            raw(page("applications", &applications, values::application))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn client() -> Client {
        Client::builder("http://127.0.0.1:1", "key").token("t").build().await.unwrap().0
    }

    /// Parameters with which each method gets as far as the connection.
    fn enough(method: &str) -> Value {
        let (_, params) = all_methods().find(|(name, _)| *name == method).unwrap();
        let must = params.split('[').next().unwrap_or_default();
        let member = |key: &str| match key {
            "userIds" | "groupIds" | "messageIds" | "tagIds" => json!(["bob"]),
            "tags" => json!([{ "id": "t", "name": "T" }]),
            "info" => json!({ "name": "G", "permissions": { "join": 1 } }),
            "channelType" => json!("group"),
            "level" => json!(5),
            "provider" => json!("webhook"),
            "startTime" => json!("22:00:00"),
            "spanMinutes" => json!(480),
            "permission" => json!(2),
            "visibility" => json!("friends"),
            _ => json!("bob"),
        };
        must.split_whitespace().map(|key| (key.to_owned(), member(key))).collect()
    }

    #[tokio::test]
    async fn every_method_of_the_table_is_there_with_the_parameters_it_says() {
        let client = client().await;
        for (method, _) in all_methods() {
            let outcome = call(&client, method, enough(method)).await;
            let local =
                ["getSyncState", "getConnectionState", "getLocalMessages", "getLocalChannels"];
            match outcome {
                Ok(_) => assert!(local.contains(method), "{method}"),
                Err(error) => assert_eq!(error.code(), 30002, "{method}: {error}"),
            }
        }
    }

    #[tokio::test]
    async fn mistakes_are_told() {
        let client = client().await;
        let told = async |method: &str, params: Value| {
            let error = call(&client, method, params).await.unwrap_err();
            assert_eq!(error.code(), 33003);
            error.to_string()
        };
        assert_eq!(told("addToBlocklist", json!({})).await, "`userId` is missing");
        assert!(
            told("addToBlocklist", json!({"userId": "a b"}))
                .await
                .starts_with("`userId`: contains ' '")
        );
        assert_eq!(told("getBlocklist", json!({"user": 1})).await, "there is no parameter `user`");
        assert!(told("fly", Value::Null).await.starts_with("there is no method `fly`"));
        assert_eq!(told("getBlocklist", json!([1])).await, "`params` must be an object");
    }
}
