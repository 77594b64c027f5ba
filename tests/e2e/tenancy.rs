//! Apps are tenants: whatever a client of one app asks, it learns nothing of another app's users and changes
//! nothing of theirs, though the ids are the same. (The Server API's operations are tried alike in its
//! own crate, where their table is.)

use nuncio_protocol::frames::{
    self as f, Channel, ProtobufMessage as _, client_frame::Body, server_frame,
};
use nuncio_testkit::{Api, Refused, Wire, World};
use serde_json::{Value, json};

use crate::everywhere;

/// Stands in everything that belongs to the first app.
const MARK: &str = "of-the-first-app";

/// Every client operation, aimed at the first app's users and message. The match below makes this table
/// complete: an operation without a row does not compile.
fn operations(message_id: &str) -> Vec<Body> {
    let channel = || Some(Channel::direct("bob"));
    let bob = || "bob".to_owned();
    let bobs = || vec![bob()];
    let g = || "g".to_owned();
    vec![
        Body::Ping(f::Ping { cursor: 0 }),
        Body::SendMessage(f::SendMessage {
            channel: channel(),
            client_message_id: "m1".into(),
            r#type: "RC:TxtMsg".into(),
            content: "{}".into(),
            ..f::SendMessage::default()
        }),
        Body::Sync(f::Sync { after: 0, limit: 0 }),
        Body::GetHistory(f::GetHistory { channel: channel(), ..f::GetHistory::default() }),
        Body::RecallMessage(f::RecallMessage {
            channel: channel(),
            message_id: message_id.to_owned(),
            extra: String::new(),
        }),
        Body::MarkRead(f::MarkRead { channel: channel(), message_id: message_id.to_owned() }),
        Body::GetChannels(f::GetChannels::default()),
        Body::SendTyping(f::SendTyping { channel: channel(), r#type: "RC:TxtMsg".into() }),
        Body::AddToBlocklist(f::AddToBlocklist { user_id: bob() }),
        Body::CheckBlocked(f::CheckBlocked { user_id: bob() }),
        Body::GetBlocklist(f::GetBlocklist {}),
        Body::RemoveFromBlocklist(f::RemoveFromBlocklist { user_id: bob() }),
        Body::GetProfiles(f::GetProfiles { user_ids: bobs() }),
        Body::UpdateMyProfile(f::UpdateMyProfile {
            basic: "{\"name\":\"B\"}".into(),
            ..f::UpdateMyProfile::default()
        }),
        Body::GetProfileVisibility(f::GetProfileVisibility {}),
        Body::SetProfileVisibility(f::SetProfileVisibility { visibility: 1 }),
        Body::GetAccount(f::GetAccount {}),
        Body::AddFriend(f::AddFriend { user_id: bob(), extra: String::new() }),
        Body::AnswerFriendApplication(f::AnswerFriendApplication { user_id: bob(), accept: true }),
        Body::RemoveFriends(f::RemoveFriends { user_ids: bobs() }),
        Body::GetFriends(f::GetFriends::default()),
        Body::GetFriendsInfo(f::GetFriendsInfo { user_ids: bobs() }),
        Body::CheckFriends(f::CheckFriends { user_ids: bobs() }),
        Body::SetFriendInfo(f::SetFriendInfo {
            user_id: bob(),
            alias: Some("B".into()),
            ..f::SetFriendInfo::default()
        }),
        Body::GetFriendPermission(f::GetFriendPermission {}),
        Body::SetFriendPermission(f::SetFriendPermission { permission: 3 }),
        Body::GetFriendApplications(f::GetFriendApplications::default()),
        Body::Subscribe(f::Subscribe { user_ids: bobs(), r#type: 1, expiry_seconds: 0 }),
        Body::GetPresence(f::GetPresence { user_ids: bobs() }),
        Body::GetSubscriptions(f::GetSubscriptions { r#type: 1, ..f::GetSubscriptions::default() }),
        Body::Unsubscribe(f::Unsubscribe { user_ids: bobs(), r#type: 1 }),
        Body::EditMessage(f::EditMessage {
            channel: channel(),
            message_id: message_id.to_owned(),
            content: "{}".into(),
        }),
        Body::SetChannelSettings(f::SetChannelSettings {
            channel: channel(),
            pinned: Some(true),
            ..f::SetChannelSettings::default()
        }),
        Body::GetChannelSettings(f::GetChannelSettings::default()),
        Body::SetChannelTypeLevel(f::SetChannelTypeLevel { r#type: 3, level: 5 }),
        Body::GetChannelTypeLevels(f::GetChannelTypeLevels {}),
        Body::CreateGroup(f::CreateGroup {
            group_id: "mine".into(),
            info: Some(f::GroupChange { name: Some("M".into()), ..f::GroupChange::default() }),
            user_ids: bobs(),
        }),
        Body::GetGroups(f::GetGroups { group_ids: vec![g()] }),
        Body::UpdateGroup(f::UpdateGroup {
            group_id: g(),
            info: Some(f::GroupChange { name: Some("B".into()), ..f::GroupChange::default() }),
        }),
        Body::JoinGroup(f::JoinGroup { group_id: g() }),
        Body::KickGroupMembers(f::KickGroupMembers {
            group_id: g(),
            user_ids: bobs(),
            leaving: None,
        }),
        Body::InviteToGroup(f::InviteToGroup { group_id: g(), user_ids: bobs() }),
        Body::AnswerGroupInvitation(f::AnswerGroupInvitation {
            group_id: g(),
            inviter_id: bob(),
            accept: true,
            reason: String::new(),
        }),
        Body::AnswerGroupApplication(f::AnswerGroupApplication {
            group_id: g(),
            user_id: bob(),
            inviter_id: String::new(),
            accept: true,
            reason: String::new(),
        }),
        Body::GetGroupApplications(f::GetGroupApplications::default()),
        Body::TransferGroup(f::TransferGroup { group_id: g(), owner_id: bob(), leaving: None }),
        Body::SetGroupAdmins(f::SetGroupAdmins { group_id: g(), user_ids: bobs(), admins: true }),
        Body::GetJoinedGroups(f::GetJoinedGroups::default()),
        Body::GetGroupMembers(f::GetGroupMembers {
            group_id: g(),
            ..f::GetGroupMembers::default()
        }),
        Body::SetGroupMember(f::SetGroupMember {
            group_id: g(),
            user_id: bob(),
            nickname: Some("B".into()),
            extra: None,
        }),
        Body::SetGroupAlias(f::SetGroupAlias { group_id: g(), alias: "B".into() }),
        Body::SetGroupFavorites(f::SetGroupFavorites {
            group_id: g(),
            add: bobs(),
            remove: Vec::new(),
        }),
        Body::GetGroupFavorites(f::GetGroupFavorites { group_id: g() }),
        Body::MuteGroupMembers(f::MuteGroupMembers {
            group_id: g(),
            user_ids: bobs(),
            muted: true,
            minutes: 0,
        }),
        Body::GetGroupMutes(f::GetGroupMutes { group_id: g() }),
        Body::FreezeGroup(f::FreezeGroup { group_id: g(), frozen: true }),
        Body::SetGroupSenders(f::SetGroupSenders {
            group_id: g(),
            add: bobs(),
            remove: Vec::new(),
        }),
        Body::GetGroupSenders(f::GetGroupSenders { group_id: g() }),
        Body::SendReadReceipts(f::SendReadReceipts {
            channel: Some(f::Channel::group(g())),
            message_ids: vec![message_id.to_owned()],
        }),
        Body::GetReadReceipts(f::GetReadReceipts {
            channel: Some(f::Channel::group(g())),
            message_ids: vec![message_id.to_owned()],
        }),
        Body::GetReceiptUsers(f::GetReceiptUsers {
            channel: Some(f::Channel::group(g())),
            message_id: message_id.to_owned(),
            read: true,
            ..f::GetReceiptUsers::default()
        }),
        Body::GetUnreadMentions(f::GetUnreadMentions {
            channel: Some(f::Channel::group(g())),
            ..f::GetUnreadMentions::default()
        }),
        Body::SetChannelTags(f::SetChannelTags {
            tags: vec![f::ChannelTag { id: "t".into(), name: "T".into(), created_at: 0 }],
        }),
        Body::SetTaggedChannels(f::SetTaggedChannels {
            tag_id: "t".into(),
            add: channel().into_iter().collect(),
            remove: Vec::new(),
        }),
        Body::GetChannelTags(f::GetChannelTags { channel: channel() }),
        Body::GetTaggedChannels(f::GetTaggedChannels { tag_id: "t".into() }),
        Body::RemoveChannelTags(f::RemoveChannelTags { tag_ids: vec!["t".into()] }),
        Body::LeaveGroup(f::LeaveGroup { group_id: g(), leaving: None }),
        Body::DismissGroup(f::DismissGroup { group_id: g() }),
        Body::GetPushInfo(f::GetPushInfo {}),
        Body::RegisterPush(f::RegisterPush {
            provider: f::PushProvider::Webhook.into(),
            token: "t".into(),
            ..f::RegisterPush::default()
        }),
        Body::UnregisterPush(f::UnregisterPush {}),
        Body::SetPushSettings(f::SetPushSettings {
            hide_content: Some(true),
            ..f::SetPushSettings::default()
        }),
        Body::GetPushSettings(f::GetPushSettings {}),
        Body::Logout(f::Logout {}),
    ]
}

/// A number for each operation. Whoever adds one is sent here by the compiler, and finds that the table
/// above has as many rows.
fn number(body: &Body) -> usize {
    match body {
        Body::Login(_) => usize::MAX,
        Body::Ping(_) => 0,
        Body::SendMessage(_) => 1,
        Body::Sync(_) => 2,
        Body::GetHistory(_) => 3,
        Body::RecallMessage(_) => 4,
        Body::MarkRead(_) => 5,
        Body::GetChannels(_) => 6,
        Body::SendTyping(_) => 7,
        Body::AddToBlocklist(_) => 8,
        Body::CheckBlocked(_) => 9,
        Body::GetBlocklist(_) => 10,
        Body::RemoveFromBlocklist(_) => 11,
        Body::GetProfiles(_) => 12,
        Body::UpdateMyProfile(_) => 13,
        Body::GetProfileVisibility(_) => 14,
        Body::SetProfileVisibility(_) => 15,
        Body::GetAccount(_) => 16,
        Body::AddFriend(_) => 17,
        Body::AnswerFriendApplication(_) => 18,
        Body::RemoveFriends(_) => 19,
        Body::GetFriends(_) => 20,
        Body::GetFriendsInfo(_) => 21,
        Body::CheckFriends(_) => 22,
        Body::SetFriendInfo(_) => 23,
        Body::GetFriendPermission(_) => 24,
        Body::SetFriendPermission(_) => 25,
        Body::GetFriendApplications(_) => 26,
        Body::Subscribe(_) => 27,
        Body::GetPresence(_) => 28,
        Body::GetSubscriptions(_) => 29,
        Body::Unsubscribe(_) => 30,
        Body::EditMessage(_) => 31,
        Body::SetChannelSettings(_) => 32,
        Body::GetChannelSettings(_) => 33,
        Body::SetChannelTypeLevel(_) => 34,
        Body::GetChannelTypeLevels(_) => 35,
        Body::CreateGroup(_) => 36,
        Body::GetGroups(_) => 37,
        Body::UpdateGroup(_) => 38,
        Body::JoinGroup(_) => 39,
        Body::KickGroupMembers(_) => 40,
        Body::InviteToGroup(_) => 41,
        Body::AnswerGroupInvitation(_) => 42,
        Body::AnswerGroupApplication(_) => 43,
        Body::GetGroupApplications(_) => 44,
        Body::TransferGroup(_) => 45,
        Body::SetGroupAdmins(_) => 46,
        Body::GetJoinedGroups(_) => 47,
        Body::GetGroupMembers(_) => 48,
        Body::SetGroupMember(_) => 49,
        Body::SetGroupAlias(_) => 50,
        Body::SetGroupFavorites(_) => 51,
        Body::GetGroupFavorites(_) => 52,
        Body::MuteGroupMembers(_) => 53,
        Body::GetGroupMutes(_) => 54,
        Body::FreezeGroup(_) => 55,
        Body::SetGroupSenders(_) => 56,
        Body::GetGroupSenders(_) => 57,
        Body::SendReadReceipts(_) => 58,
        Body::GetReadReceipts(_) => 59,
        Body::GetReceiptUsers(_) => 60,
        Body::GetUnreadMentions(_) => 61,
        Body::SetChannelTags(_) => 62,
        Body::SetTaggedChannels(_) => 63,
        Body::GetChannelTags(_) => 64,
        Body::GetTaggedChannels(_) => 65,
        Body::RemoveChannelTags(_) => 66,
        Body::LeaveGroup(_) => 67,
        Body::DismissGroup(_) => 68,
        Body::GetPushInfo(_) => 69,
        Body::RegisterPush(_) => 70,
        Body::UnregisterPush(_) => 71,
        Body::SetPushSettings(_) => 72,
        Body::GetPushSettings(_) => 73,
        Body::Logout(_) => 74,
    }
}

/// What the first app holds, as its own app server and clients see it.
async fn holdings(world: &World) -> Value {
    let mut wire = world.login("alice", "observer").await;
    let entries = wire.sync(0, 500).await.unwrap().entries.len();
    let channels = wire.call(Body::GetChannels(f::GetChannels::default())).await.unwrap();
    let mut parts = vec![json!(entries), json!(format!("{channels:?}"))];
    for user in ["alice", "bob"] {
        for (path, request) in [
            ("/v4/user/get", json!({ "userId": user })),
            ("/v4/user/blocklist/get", json!({ "userId": user })),
            ("/v4/friend/list", json!({ "userId": user })),
            ("/v4/friend/permission/get", json!({ "userIds": [user] })),
            ("/v4/user/profile/batch/get", json!({ "userIds": [user] })),
            ("/v4/group-channel/joined/list", json!({ "userId": user })),
            ("/v4/group-channel/member/list", json!({ "channelId": "g" })),
            ("/v4/group-channel/user/mute-list/get", json!({ "channelId": "g" })),
        ] {
            parts.push(world.api.ok(path, request).await);
        }
    }
    Value::Array(parts)
}

async fn furnish(world: &World) -> String {
    world.login("bob", "phone").await;
    let mut alice = world.login("alice", "phone").await;
    let profile = json!({ "userId": "bob", "userProfile": { "name": MARK } });
    world.api.ok("/v4/user/profile/set", profile).await;
    let add = json!({ "userId": "alice", "targetId": "bob", "action": 2 });
    world.api.ok("/v4/friend/add", add).await;
    let group = json!({ "channelId": "g", "name": MARK, "owner": "alice", "userIds": ["bob"] });
    world.api.ok("/v4/group-channel/create", group).await;
    alice.send("bob", MARK, MARK).await.unwrap().message_id
}

everywhere! {
    async fn a_client_of_another_app_learns_and_changes_nothing(world: World) {
        let message_id = furnish(&world).await;
        let before = holdings(&world).await;
        let other: Api = world.app("production", "premium").await;
        let token = other.token("alice").await;
        other.token("bob").await;
        let mut wire = Wire::login(&world.address, &other.key, &token, "phone").await.unwrap();
        for (index, body) in operations(&message_id).into_iter().enumerate() {
            assert_eq!(number(&body), index, "the table's order");
            let asked = format!("{body:?}");
            let answer = match wire.call(body).await {
                Ok(answer) => server_frame::Body::clone(&answer),
                Err(error) => server_frame::Body::Failure(error.downcast::<Refused>().unwrap().0),
            };
            let told = f::ServerFrame::new(1, answer).encode_to_vec();
            let told = String::from_utf8_lossy(&told);
            assert!(!told.contains(MARK), "{asked} told {told}");
        }
        let last = number(&Body::Logout(f::Logout {}));
        assert_eq!(operations("").len(), last + 1, "a row for each operation");
        assert_eq!(holdings(&world).await, before);
        world.kill().await;
    }

    async fn a_token_opens_nothing_with_another_apps_key(world: World) {
        let token = world.api.token("alice").await;
        let other = world.app("production", "premium").await;
        other.token("alice").await;
        for key in [other.key.as_str(), "nosuchapp"] {
            let outcome = Wire::login(&world.address, key, &token, "phone").await;
            let failure = outcome.err().unwrap().downcast::<Refused>().unwrap().0;
            assert!(matches!(failure.code, 31004 | 31008), "{failure:?}");
        }
        world.kill().await;
    }
}
