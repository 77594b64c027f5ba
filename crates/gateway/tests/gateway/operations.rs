//! Every operation once, from frame to frame; and the refusals that clients know by their own codes.

use std::collections::BTreeSet;

use nuncio_gateway::OPERATIONS;
use nuncio_protocol::frames::client_frame::Body as Ask;
use nuncio_protocol::frames::server_frame::Body as Answer;
use nuncio_protocol::frames::{
    self as f, AddFriend, AddToBlocklist, AnswerFriendApplication, Channel, ChannelSettings,
    ChannelType, ChannelTypeLevel, CheckBlocked, CheckFriends, EditMessage, GetAccount,
    GetBlocklist, GetChannelSettings, GetChannelTypeLevels, GetChannels, GetFriendApplications,
    GetFriendPermission, GetFriends, GetFriendsInfo, GetHistory, GetPresence, GetProfileVisibility,
    GetProfiles, GetSubscriptions, Logout, MarkRead, Ping, ProfileVisibility, RecallMessage,
    RemoveFriends, RemoveFromBlocklist, SendTyping, SetChannelSettings, SetChannelTypeLevel,
    SetFriendInfo, SetFriendPermission, SetProfileVisibility, Subscribe, SubscriptionType, Sync,
    Unsubscribe, UpdateMyProfile, entry, friend_application, friend_event,
};
use nuncio_protocol::{Code, limits};
use nuncio_testkit::Wire;

use crate::world::{World, answer, number, refusal, user};
use crate::{group_operations, push_operations};

/// Asks and remembers what was asked.
pub(crate) struct Asker {
    pub(crate) wire: Wire,
    pub(crate) asked: BTreeSet<String>,
}

impl Asker {
    pub(crate) async fn ask(&mut self, body: Ask) -> Answer {
        let shown = format!("{body:?}");
        self.asked.insert(shown.split('(').next().unwrap().to_owned());
        answer(&mut self.wire, body).await
    }

    pub(crate) async fn done(&mut self, body: Ask) {
        let answer = self.ask(body).await;
        assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
    }
}

fn bob() -> String {
    "bob".to_owned()
}

fn with_bob() -> Channel {
    Channel::direct("bob")
}

fn online_status() -> i32 {
    SubscriptionType::OnlineStatus.into()
}

#[tokio::test]
async fn every_operation_does_what_its_name_says() {
    let world = World::new().await;
    let mut bobs = world.login("bob", "b").await;
    let mut ada = Asker { wire: world.login("ada", "a").await, asked: ["Login".to_owned()].into() };
    messages(&mut ada, &mut bobs).await;
    blocklist(&mut ada).await;
    profiles(&mut ada).await;
    friends(&mut ada, &mut bobs).await;
    presence(&mut ada).await;
    Box::pin(group_operations::all(&mut ada, &mut bobs)).await;
    Box::pin(push_operations::all(&world, &mut ada)).await;
    ada.done(Ask::Logout(Logout {})).await;
    let all: BTreeSet<_> = OPERATIONS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(ada.asked, all, "each operation has its place in this test");
}

async fn messages(ada: &mut Asker, bobs: &mut Wire) {
    let Answer::Pong(pong) = ada.ask(Ask::Ping(Ping { cursor: 0 })).await else { panic!() };
    assert_eq!(pong.inbox_head, 0);
    let Answer::MessageSent(sent) = ada.ask(Wire::text("bob", "m1", "hello")).await else {
        panic!()
    };
    let Answer::SyncPage(page) = ada.ask(Ask::Sync(Sync { after: 0, limit: 10 })).await else {
        panic!()
    };
    assert_eq!((page.entries.len(), page.head), (1, 1));

    let history = GetHistory { channel: Some(with_bob()), ..GetHistory::default() };
    let Answer::History(found) = ada.ask(Ask::GetHistory(history.clone())).await else { panic!() };
    assert_eq!((found.messages.len(), found.has_more), (1, false));
    let before = GetHistory { from_message_id: sent.message_id.clone(), ..history.clone() };
    let Answer::History(found) = ada.ask(Ask::GetHistory(before)).await else { panic!() };
    assert!(found.messages.is_empty());
    let until = GetHistory { from_time: sent.sent_at + 1, ..history };
    let Answer::History(found) = ada.ask(Ask::GetHistory(until)).await else { panic!() };
    assert_eq!(found.messages[0].id, sent.message_id);

    bobs.entry().await.unwrap();
    let channels = answer(bobs, Ask::GetChannels(GetChannels::default())).await;
    let Answer::ChannelStates(states) = channels else { panic!() };
    assert_eq!((states.total_unread_count, states.channels[0].unread_count), (1, 1));
    let channel = Some(Channel::direct("ada"));
    let read = MarkRead { channel, message_id: sent.message_id.clone() };
    answer(bobs, Ask::MarkRead(read)).await;
    ada.done(Ask::MarkRead(MarkRead { channel: Some(with_bob()), message_id: String::new() }))
        .await;
    let Answer::ChannelStates(states) = ada.ask(Ask::GetChannels(GetChannels::default())).await
    else {
        panic!()
    };
    assert_eq!(states.channels[0].latest_message.as_ref().unwrap().id, sent.message_id);

    let edit = EditMessage {
        channel: Some(with_bob()),
        message_id: sent.message_id.clone(),
        content: r#"{"content":"Hello!"}"#.to_owned(),
    };
    let Answer::MessageEdited(answered) = ada.ask(Ask::EditMessage(edit.clone())).await else {
        panic!()
    };
    let message = answered.message.unwrap();
    assert_eq!((&message.id, &message.content), (&sent.message_id, &edit.content));
    assert!(message.edited_at > message.sent_at);
    let told = loop {
        if let Some(entry::Body::Edited(edited)) = bobs.entry().await.unwrap().body {
            break edited.message.unwrap();
        }
    };
    assert_eq!(told.channel, Some(Channel::direct("ada")));
    assert_eq!((told.content, told.edited_at), (message.content, message.edited_at));

    let recall = RecallMessage {
        channel: Some(with_bob()),
        message_id: sent.message_id.clone(),
        extra: "typo".to_owned(),
    };
    ada.done(Ask::RecallMessage(recall)).await;
    let recalled = loop {
        if let Some(entry::Body::Recalled(recalled)) = bobs.entry().await.unwrap().body {
            break recalled;
        }
    };
    let last = sent.message_id;
    assert_eq!((&recalled.message_id, recalled.extra.as_str()), (&last, "typo"));
    let pin = SetChannelSettings {
        channel: Some(with_bob()),
        pinned: Some(true),
        level: Some(5),
        removed_message_id: None,
    };
    ada.done(Ask::SetChannelSettings(pin.clone())).await;
    let remove = SetChannelSettings { removed_message_id: Some(last.clone()), ..pin };
    let remove = SetChannelSettings { pinned: None, level: None, ..remove };
    ada.done(Ask::SetChannelSettings(remove)).await;
    let get = Ask::GetChannelSettings(GetChannelSettings::default());
    let Answer::ChannelSettings(page) = ada.ask(get).await else { panic!() };
    let expected = ChannelSettings {
        channel: Some(with_bob()),
        pinned: true,
        level: 5,
        removed_message_id: last,
    };
    assert_eq!((page.settings, page.has_more), (vec![expected], false));
    for level in [1, 5] {
        let of_groups = SetChannelTypeLevel { r#type: ChannelType::Group.into(), level };
        ada.done(Ask::SetChannelTypeLevel(of_groups)).await;
    }
    let get = Ask::GetChannelTypeLevels(GetChannelTypeLevels {});
    let Answer::ChannelTypeLevels(found) = ada.ask(get).await else { panic!() };
    let groups = ChannelTypeLevel { r#type: ChannelType::Group.into(), level: 5 };
    assert_eq!(found.levels, [groups]);
    channel_tags(ada).await;
    let typing = SendTyping { channel: Some(with_bob()), r#type: "RC:TxtMsg".to_owned() };
    ada.done(Ask::SendTyping(typing)).await;
}

async fn channel_tags(ada: &mut Asker) {
    let tag = |id: &str, name: &str| f::ChannelTag {
        id: id.to_owned(),
        name: name.to_owned(),
        created_at: 0,
    };
    let tags = vec![tag("work", "Work"), tag("home", "Home")];
    ada.done(Ask::SetChannelTags(f::SetChannelTags { tags })).await;
    let put = f::SetTaggedChannels {
        tag_id: "work".to_owned(),
        add: vec![with_bob(), f::Channel::group("g")],
        remove: Vec::new(),
    };
    ada.done(Ask::SetTaggedChannels(put)).await;
    let take = f::SetTaggedChannels {
        tag_id: "work".to_owned(),
        remove: vec![f::Channel::group("g")],
        add: Vec::new(),
    };
    ada.done(Ask::SetTaggedChannels(take)).await;
    let get = Ask::GetTaggedChannels(f::GetTaggedChannels { tag_id: "work".to_owned() });
    let Answer::TaggedChannels(found) = ada.ask(get).await else { panic!() };
    assert_eq!(found.channels, [with_bob()]);
    for (channel, names) in [(None, vec!["Home", "Work"]), (Some(with_bob()), vec!["Work"])] {
        let get = Ask::GetChannelTags(f::GetChannelTags { channel });
        let Answer::ChannelTags(found) = ada.ask(get).await else { panic!() };
        let mut found: Vec<_> = found.tags.iter().map(|tag| tag.name.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, names);
    }
    let end = f::RemoveChannelTags { tag_ids: vec!["work".to_owned()] };
    ada.done(Ask::RemoveChannelTags(end)).await;
    for bad in [
        Ask::SetChannelTags(f::SetChannelTags::default()),
        Ask::SetChannelTags(f::SetChannelTags { tags: vec![tag("", "Empty")] }),
        Ask::RemoveChannelTags(f::RemoveChannelTags::default()),
        Ask::GetTaggedChannels(f::GetTaggedChannels { tag_id: "work".to_owned() }),
    ] {
        assert_eq!(refusal(&mut ada.wire, bad).await.code, 1002);
    }
}

async fn blocklist(ada: &mut Asker) {
    ada.done(Ask::AddToBlocklist(AddToBlocklist { user_id: bob() })).await;
    let Answer::BlockedState(state) =
        ada.ask(Ask::CheckBlocked(CheckBlocked { user_id: bob() })).await
    else {
        panic!()
    };
    assert!(state.blocked);
    let Answer::UserIds(list) = ada.ask(Ask::GetBlocklist(GetBlocklist {})).await else { panic!() };
    assert_eq!(list.user_ids, ["bob"]);
    ada.done(Ask::RemoveFromBlocklist(RemoveFromBlocklist { user_id: bob() })).await;
    let Answer::UserIds(list) = ada.ask(Ask::GetBlocklist(GetBlocklist {})).await else { panic!() };
    assert!(list.user_ids.is_empty());
}

async fn profiles(ada: &mut Asker) {
    let update = UpdateMyProfile {
        basic: r#"{"name":"Ada L.","level":3}"#.to_owned(),
        ext: [("ext_team".to_owned(), "blue".to_owned())].into(),
    };
    ada.done(Ask::UpdateMyProfile(update)).await;
    let Answer::Profiles(mine) = ada.ask(Ask::GetProfiles(GetProfiles::default())).await else {
        panic!()
    };
    assert_eq!(mine.profiles[0].user_id, "ada");
    assert!(mine.profiles[0].basic.contains("Ada L."), "{}", mine.profiles[0].basic);
    assert_eq!(mine.profiles[0].ext["ext_team"], "blue");
    let of_bob = GetProfiles { user_ids: vec![bob()] };
    let Answer::Profiles(theirs) = ada.ask(Ask::GetProfiles(of_bob)).await else { panic!() };
    assert_eq!(theirs.profiles.len(), 1);

    let visibility = ProfileVisibility::Friends.into();
    ada.done(Ask::SetProfileVisibility(SetProfileVisibility { visibility })).await;
    let get = Ask::GetProfileVisibility(GetProfileVisibility {});
    let Answer::ProfileVisibility(state) = ada.ask(get).await else { panic!() };
    assert_eq!(state.visibility, visibility);
    let Answer::Account(account) = ada.ask(Ask::GetAccount(GetAccount {})).await else { panic!() };
    assert_eq!((account.user_id.as_str(), account.muted_in_direct_channels), ("ada", false));
}

async fn friends(ada: &mut Asker, bobs: &mut Wire) {
    let add = AddFriend { user_id: bob(), extra: "hi".to_owned() };
    let Answer::AddFriendResult(result) = ada.ask(Ask::AddFriend(add)).await else { panic!() };
    assert!(!result.added, "bob must consent");
    let list = GetFriendApplications {
        directions: vec![friend_application::Direction::Sent.into()],
        statuses: vec![friend_application::Status::Pending.into()],
        ..GetFriendApplications::default()
    };
    let Answer::FriendApplications(page) = ada.ask(Ask::GetFriendApplications(list)).await else {
        panic!()
    };
    assert_eq!((page.total_count, page.applications[0].user_id.as_str()), (1, "bob"));
    assert_eq!(page.applications[0].extra, "hi");
    let yes = AnswerFriendApplication { user_id: "ada".to_owned(), accept: true };
    answer(bobs, Ask::AnswerFriendApplication(yes)).await;
    let added = loop {
        if let Some(entry::Body::Friend(event)) = ada.wire.entry().await.unwrap().body
            && event.kind() == friend_event::Kind::Added
        {
            break event;
        }
    };
    assert_eq!(added.user_ids, ["bob"]);

    let info = SetFriendInfo {
        user_id: bob(),
        alias: Some("Bobby".to_owned()),
        ext_profile: [("ext_met".to_owned(), "school".to_owned())].into(),
        set_ext_profile: true,
    };
    ada.done(Ask::SetFriendInfo(info)).await;
    let Answer::Friends(all) = ada.ask(Ask::GetFriends(GetFriends::default())).await else {
        panic!()
    };
    assert_eq!((all.total_count, all.friends[0].alias.as_str()), (1, "Bobby"));
    let ids = vec![bob(), "eve".to_owned()];
    let Answer::Friends(some) =
        ada.ask(Ask::GetFriendsInfo(GetFriendsInfo { user_ids: ids.clone() })).await
    else {
        panic!()
    };
    assert_eq!(
        (some.friends.len(), some.friends[0].ext_profile["ext_met"].as_str()),
        (1, "school")
    );
    let Answer::FriendRelations(relations) =
        ada.ask(Ask::CheckFriends(CheckFriends { user_ids: ids })).await
    else {
        panic!()
    };
    let relations: Vec<_> =
        relations.relations.iter().map(|r| (r.user_id.as_str(), r.friend)).collect();
    assert_eq!(relations, [("bob", true), ("eve", false)]);
    ada.done(Ask::RemoveFriends(RemoveFriends { user_ids: vec![bob()] })).await;

    ada.done(Ask::SetFriendPermission(SetFriendPermission { permission: 3 })).await;
    let Answer::FriendPermission(state) =
        ada.ask(Ask::GetFriendPermission(GetFriendPermission {})).await
    else {
        panic!()
    };
    assert_eq!(state.permission, 3);
    answer(bobs, Ask::SetFriendPermission(SetFriendPermission { permission: 2 })).await;
    let add = AddFriend { user_id: "ada".to_owned(), extra: String::new() };
    assert_eq!(refusal(bobs, Ask::AddFriend(add)).await.code, number(Code::NobodyMayAdd));
    let add = AddFriend { user_id: bob(), extra: String::new() };
    ada.ask(Ask::AddFriend(add)).await;
    let no = AnswerFriendApplication { user_id: "ada".to_owned(), accept: false };
    answer(bobs, Ask::AnswerFriendApplication(no)).await;
    let gone = AnswerFriendApplication { user_id: bob(), accept: true };
    ada.asked.insert("AnswerFriendApplication".to_owned());
    let refused = refusal(&mut ada.wire, Ask::AnswerFriendApplication(gone)).await;
    assert_eq!(refused.code, number(Code::NoSuchRequest));
}

async fn presence(ada: &mut Asker) {
    let subscribe =
        Subscribe { user_ids: vec![bob()], r#type: online_status(), expiry_seconds: 600 };
    ada.done(Ask::Subscribe(subscribe)).await;
    let list = GetSubscriptions { r#type: online_status(), ..GetSubscriptions::default() };
    let Answer::Subscriptions(page) = ada.ask(Ask::GetSubscriptions(list.clone())).await else {
        panic!()
    };
    assert_eq!(page.subscriptions[0].user_id, "bob");
    let get = GetPresence { user_ids: vec![bob(), "eve".to_owned()] };
    let Answer::PresenceStates(states) = ada.ask(Ask::GetPresence(get)).await else { panic!() };
    let online: Vec<_> = states.states.iter().map(|s| (s.user_id.as_str(), s.online)).collect();
    assert_eq!(online, [("bob", true), ("eve", false)]);
    ada.done(Ask::Unsubscribe(Unsubscribe { user_ids: vec![bob()], r#type: online_status() }))
        .await;
    let Answer::Subscriptions(page) = ada.ask(Ask::GetSubscriptions(list)).await else { panic!() };
    assert!(page.subscriptions.is_empty());
}

#[tokio::test]
async fn refusals_carry_the_codes_that_clients_know() {
    let world = World::new().await;
    let (mut ada, mut bob) = (world.login("ada", "a").await, world.login("bob", "b").await);
    let app = world.app.id;
    let send = || Wire::text("bob", "m1", "hello");

    world.core.block(app, user("bob"), vec![user("ada")]).await.unwrap();
    let refused = refusal(&mut ada, send()).await;
    assert_eq!((refused.code, refused.name.as_str()), (405, "IN_BLOCKLIST"));
    let add = || Ask::AddFriend(AddFriend { user_id: "bob".to_owned(), extra: String::new() });
    assert_eq!(refusal(&mut ada, add()).await.code, 25462);
    let mirrored = Ask::AddFriend(AddFriend { user_id: "ada".to_owned(), extra: String::new() });
    assert_eq!(refusal(&mut bob, mirrored).await.code, 25464);
    world.core.unblock(app, user("bob"), vec![user("ada")]).await.unwrap();

    world.core.set_whitelist_enabled(app, vec![user("bob")], true).await.unwrap();
    assert_eq!(refusal(&mut ada, send()).await.code, 407);
    world.core.set_whitelist_enabled(app, vec![user("bob")], false).await.unwrap();

    world.core.set_app(app, |app| app.only_friends = true).await.unwrap();
    assert_eq!(refusal(&mut ada, send()).await.code, 40321);
    world.core.set_app(app, |app| app.only_friends = false).await.unwrap();

    world.core.mute(app, vec![user("ada")], true).await.unwrap();
    assert_eq!(refusal(&mut ada, send()).await.code, 40322);
    world.core.mute(app, vec![user("ada")], false).await.unwrap();

    answer(&mut ada, add()).await;
    assert_eq!(refusal(&mut ada, add()).await.code, 25461);
    let yes = AnswerFriendApplication { user_id: "ada".to_owned(), accept: true };
    answer(&mut bob, Ask::AnswerFriendApplication(yes)).await;
    assert_eq!(refusal(&mut ada, add()).await.code, 25460);
    let oneself = Ask::AddFriend(AddFriend { user_id: "ada".to_owned(), extra: String::new() });
    assert_eq!(refusal(&mut ada, oneself).await.code, 25473);
    let nobody = Ask::AddFriend(AddFriend { user_id: "nobody".to_owned(), extra: String::new() });
    assert_eq!(refusal(&mut ada, nobody).await.code, 24366);
    let stranger = SetFriendInfo { user_id: "eve".to_owned(), ..SetFriendInfo::default() };
    world.token("eve").await;
    assert_eq!(refusal(&mut ada, Ask::SetFriendInfo(stranger)).await.code, 25469);

    let unknown = RecallMessage {
        channel: Some(with_bob()),
        message_id: "0000000000001".to_owned(),
        extra: String::new(),
    };
    assert_eq!(refusal(&mut ada, Ask::RecallMessage(unknown.clone())).await.code, 22201);
    let nonsense = RecallMessage { message_id: "nonsense".to_owned(), ..unknown.clone() };
    assert_eq!(refusal(&mut ada, Ask::RecallMessage(nonsense)).await.code, 22201);
    let nowhere = RecallMessage { channel: None, ..unknown.clone() };
    assert_eq!(refusal(&mut ada, Ask::RecallMessage(nowhere)).await.code, 25101);
    let bobs = bob.send("ada", "m2", "mine").await.unwrap();
    let anothers_id = bobs.message_id.clone();
    let anothers = RecallMessage { message_id: bobs.message_id, ..unknown };
    assert_eq!(refusal(&mut ada, Ask::RecallMessage(anothers)).await.code, 25107);

    let edit = |id: &str, content: &str| {
        let (message_id, content) = (id.to_owned(), content.to_owned());
        Ask::EditMessage(EditMessage { channel: Some(with_bob()), message_id, content })
    };
    assert_eq!(refusal(&mut ada, edit("nonsense", "{}")).await.code, 22201);
    assert_eq!(refusal(&mut ada, edit(&anothers_id, "{}")).await.code, 25107);
    let mine = ada.send("bob", "m3", "mine").await.unwrap().message_id;
    assert_eq!(refusal(&mut ada, edit(&mine, "no JSON")).await.code, 1002);
    let long = format!("\"{}\"", "x".repeat(limits::CONTENT_BYTES));
    assert_eq!(refusal(&mut ada, edit(&mine, &long)).await.code, 20115);
    world.core.block(app, user("bob"), vec![user("ada")]).await.unwrap();
    assert_eq!(refusal(&mut ada, edit(&mine, "{}")).await.code, 405);
    world.core.unblock(app, user("bob"), vec![user("ada")]).await.unwrap();
    world.core.set_app(app, |app| app.settings.message_edit_minutes = 0).await.unwrap();
    assert_eq!(refusal(&mut ada, edit(&mine, "{}")).await.code, 20114);

    let level = |level: i32| {
        let channel = Some(with_bob());
        let level = Some(level);
        Ask::SetChannelSettings(SetChannelSettings { channel, level, ..Default::default() })
    };
    assert_eq!(refusal(&mut ada, level(3)).await.code, 1002);
    for (r#type, level) in [(1, 3), (10, 5), (0, 5)] {
        let set = Ask::SetChannelTypeLevel(SetChannelTypeLevel { r#type, level });
        assert_eq!(refusal(&mut ada, set).await.code, 1002);
    }

    let update = |basic: &str, ext: &[(&str, &str)]| {
        let ext = ext.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Ask::UpdateMyProfile(UpdateMyProfile { basic: basic.to_owned(), ext })
    };
    let refused = refusal(&mut ada, update(r#"{"shoe":1}"#, &[])).await;
    assert_eq!((refused.code, refused.keys), (24361, vec!["shoe".to_owned()]));
    assert_eq!(refusal(&mut ada, update(r#"{"uniqueId":"x"}"#, &[])).await.code, 24360);
    assert_eq!(refusal(&mut ada, update(r#"{"level":101}"#, &[])).await.code, 24368);
    assert_eq!(refusal(&mut ada, update("", &[("colour", "red")])).await.code, 24362);
    assert_eq!(refusal(&mut ada, update("[]", &[])).await.code, 1002);
    let many = Ask::GetProfiles(GetProfiles { user_ids: vec!["ada".to_owned(); 101] });
    assert_eq!(refusal(&mut ada, many).await.code, 24365);
    let page = Ask::GetFriends(GetFriends { page_token: "forged".to_owned(), limit: 0 });
    assert_eq!(refusal(&mut ada, page).await.code, 25432);
}
