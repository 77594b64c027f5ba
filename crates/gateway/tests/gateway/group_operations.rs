//! The operations on groups, from frame to frame.

use nuncio_protocol::frames::client_frame::Body as Ask;
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::frames::server_frame::Body as Answer;
use nuncio_protocol::frames::{
    self as f, GroupChange, GroupPermissionsChange, GroupResult, UserIds,
};
use nuncio_testkit::Wire;

use crate::operations::Asker;
use crate::world::{World, answer, refusal};

fn g() -> String {
    "g".to_owned()
}

fn bobs() -> Vec<String> {
    vec!["bob".to_owned()]
}

fn waiting(answer: &Answer) -> Process {
    let Answer::GroupResult(result) = answer else { panic!("{answer:?}") };
    result.process()
}

fn ids(answer: Answer) -> Vec<String> {
    let Answer::UserIds(UserIds { user_ids }) = answer else { panic!("{answer:?}") };
    user_ids
}

/// Ada asks for each once; bob is who it is about.
pub(crate) async fn all(ada: &mut Asker, bob: &mut Wire) {
    let info = GroupChange {
        name: Some("G".to_owned()),
        permissions: Some(GroupPermissionsChange {
            invite_handle: Some(1),
            ..GroupPermissionsChange::default()
        }),
        ..GroupChange::default()
    };
    let create = f::CreateGroup { group_id: g(), info: Some(info), user_ids: Vec::new() };
    assert_eq!(waiting(&ada.ask(Ask::CreateGroup(create)).await), Process::Done);
    let mine = f::JoinGroup { group_id: g() };
    assert_eq!(waiting(&ada.ask(Ask::JoinGroup(mine.clone())).await), Process::Done);

    // Bob asks and is refused, is invited and consents.
    let asked = answer(bob, Ask::JoinGroup(mine)).await;
    assert_eq!(waiting(&asked), Process::ApprovalPending);
    let refused = f::AnswerGroupApplication {
        group_id: g(),
        user_id: "bob".to_owned(),
        reason: "not yet".to_owned(),
        ..f::AnswerGroupApplication::default()
    };
    assert_eq!(waiting(&ada.ask(Ask::AnswerGroupApplication(refused)).await), Process::Done);
    let list = f::GetGroupApplications::default();
    let Answer::GroupApplications(page) = ada.ask(Ask::GetGroupApplications(list)).await else {
        panic!()
    };
    assert_eq!((page.total_count, page.applications[0].reason.as_str()), (1, "not yet"));
    let invite = f::InviteToGroup { group_id: g(), user_ids: bobs() };
    let invited = ada.ask(Ask::InviteToGroup(invite)).await;
    assert_eq!(
        invited,
        Answer::GroupResult(GroupResult { process: Process::ConsentPending.into() })
    );
    let answers = |accept| {
        Ask::AnswerGroupInvitation(f::AnswerGroupInvitation {
            group_id: g(),
            inviter_id: "ada".to_owned(),
            accept,
            reason: String::new(),
        })
    };
    answer(bob, answers(true)).await;
    ada.asked.insert("AnswerGroupInvitation".to_owned());

    let get = f::GetGroups { group_ids: vec![g(), "nothing".to_owned()] };
    let Answer::Groups(groups) = ada.ask(Ask::GetGroups(get)).await else { panic!() };
    assert_eq!((groups.groups.len(), groups.groups[0].member_count), (1, 2));
    let announcement = Some("Sunday".to_owned());
    let info = Some(GroupChange { announcement, ..GroupChange::default() });
    ada.done(Ask::UpdateGroup(f::UpdateGroup { group_id: g(), info })).await;
    let admins = f::SetGroupAdmins { group_id: g(), user_ids: bobs(), admins: true };
    ada.done(Ask::SetGroupAdmins(admins)).await;
    let member = f::SetGroupMember {
        group_id: g(),
        user_id: "bob".to_owned(),
        nickname: Some("B".to_owned()),
        extra: None,
    };
    ada.done(Ask::SetGroupMember(member)).await;
    let list = f::GetGroupMembers { group_id: g(), role: 2, ..f::GetGroupMembers::default() };
    let Answer::GroupMembers(page) = ada.ask(Ask::GetGroupMembers(list)).await else { panic!() };
    assert_eq!((page.total_count, page.members[0].nickname.as_str()), (1, "B"));
    let alias = f::SetGroupAlias { group_id: g(), alias: "Ours".to_owned() };
    ada.done(Ask::SetGroupAlias(alias)).await;
    let list = f::GetJoinedGroups { name: "our".to_owned(), ..f::GetJoinedGroups::default() };
    let Answer::Groups(joined) = ada.ask(Ask::GetJoinedGroups(list)).await else { panic!() };
    let joined = &joined.groups[0];
    assert_eq!((joined.alias.as_str(), joined.announcement.as_str()), ("Ours", "Sunday"));
    let follow = f::SetGroupFavorites { group_id: g(), add: bobs(), remove: Vec::new() };
    ada.done(Ask::SetGroupFavorites(follow)).await;
    let favorites = f::GetGroupFavorites { group_id: g() };
    assert_eq!(ids(ada.ask(Ask::GetGroupFavorites(favorites)).await), bobs());

    messages(ada, bob).await;
    let mute = f::MuteGroupMembers { group_id: g(), user_ids: bobs(), muted: true, minutes: 1 };
    ada.done(Ask::MuteGroupMembers(mute)).await;
    let mutes = ada.ask(Ask::GetGroupMutes(f::GetGroupMutes { group_id: g() })).await;
    let Answer::GroupMutes(mutes) = mutes else { panic!() };
    assert_eq!(mutes.mutes[0].until - mutes.mutes[0].muted_at, 60_000);
    ada.done(Ask::FreezeGroup(f::FreezeGroup { group_id: g(), frozen: true })).await;
    let allow = f::SetGroupSenders { group_id: g(), add: bobs(), remove: Vec::new() };
    ada.done(Ask::SetGroupSenders(allow)).await;
    let senders = f::GetGroupSenders { group_id: g() };
    assert_eq!(ids(ada.ask(Ask::GetGroupSenders(senders)).await), bobs());

    let transfer = f::TransferGroup { group_id: g(), owner_id: "bob".to_owned(), leaving: None };
    ada.done(Ask::TransferGroup(transfer)).await;
    let back = f::TransferGroup { group_id: g(), owner_id: "ada".to_owned(), leaving: None };
    answer(bob, Ask::TransferGroup(back)).await;
    let kick = f::KickGroupMembers { group_id: g(), user_ids: bobs(), leaving: None };
    ada.done(Ask::KickGroupMembers(kick)).await;
    let leave = Ask::LeaveGroup(f::LeaveGroup { group_id: g(), leaving: None });
    assert_eq!(refusal(&mut ada.wire, leave).await.code, 25417);
    ada.asked.insert("LeaveGroup".to_owned());
    ada.done(Ask::DismissGroup(f::DismissGroup { group_id: g() })).await;
}

/// Ada writes to bob in the group, asks to be told when it is read, and is.
async fn messages(ada: &mut Asker, bob: &mut Wire) {
    let channel = || Some(f::Channel::group("g"));
    let content = r#"{"content":"hello","mentionedInfo":{"type":2,"userIdList":["ada"]}}"#;
    let hello = |id: &str| {
        Ask::SendMessage(f::SendMessage {
            channel: channel(),
            client_message_id: id.to_owned(),
            r#type: "RC:TxtMsg".to_owned(),
            content: content.to_owned(),
            needs_receipt: true,
            to_user_ids: bobs(),
            ..f::SendMessage::default()
        })
    };
    let Answer::MessageSent(sent) = ada.ask(hello("g-1")).await else { panic!() };
    let message_ids = vec![sent.message_id.clone()];
    let read = f::SendReadReceipts { channel: channel(), message_ids: message_ids.clone() };
    assert_eq!(answer(bob, Ask::SendReadReceipts(read.clone())).await, Answer::Done(f::Done {}));
    ada.done(Ask::SendReadReceipts(read)).await;
    let get = f::GetReadReceipts { channel: channel(), message_ids };
    let Answer::ReadReceipts(counts) = ada.ask(Ask::GetReadReceipts(get)).await else { panic!() };
    assert_eq!((counts.receipts[0].read_count, counts.receipts[0].unread_count), (1, 0));
    let message_id = sent.message_id;
    for (read, user_ids, found) in
        [(true, vec![], 1), (false, vec![], 0), (true, bobs(), 1), (true, vec!["ada".into()], 0)]
    {
        let (channel, message_id) = (channel(), message_id.clone());
        let get = f::GetReceiptUsers { channel, message_id, read, user_ids, ..<_>::default() };
        let Answer::ReceiptUsers(page) = ada.ask(Ask::GetReceiptUsers(get)).await else { panic!() };
        assert_eq!((page.total_count as usize, page.users.len()), (found, found));
        assert!(page.users.iter().all(|user| user.user_id == "bob" && user.read_at > 0));
    }
    // Bob's answer mentions ada.
    let back = f::SendMessage {
        channel: channel(),
        client_message_id: "g-2".to_owned(),
        r#type: "RC:TxtMsg".to_owned(),
        content: content.to_owned(),
        ..f::SendMessage::default()
    };
    answer(bob, Ask::SendMessage(back)).await;
    let get = f::GetUnreadMentions { channel: channel(), ..f::GetUnreadMentions::default() };
    let Answer::History(found) = ada.ask(Ask::GetUnreadMentions(get)).await else { panic!() };
    assert_eq!((found.messages.len(), found.has_more), (1, false));
    assert_eq!(found.messages[0].client_message_id, "g-2");
}

#[tokio::test]
async fn receipts_and_messages_for_some_are_for_groups() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    let direct = || Some(f::Channel::direct("bob"));
    let read = f::SendReadReceipts { channel: direct(), message_ids: vec!["x".to_owned()] };
    assert_eq!(refusal(&mut ada, Ask::SendReadReceipts(read)).await.code, 1002);
    let group = || Some(f::Channel::group("g"));
    let none = f::SendReadReceipts { channel: group(), message_ids: vec![] };
    assert_eq!(refusal(&mut ada, Ask::SendReadReceipts(none)).await.code, 1002);
    let many = f::GetReadReceipts { channel: group(), message_ids: vec!["x".to_owned(); 101] };
    assert_eq!(refusal(&mut ada, Ask::GetReadReceipts(many)).await.code, 24365);
    let message = |channel, to_user_ids| {
        Ask::SendMessage(f::SendMessage {
            channel,
            client_message_id: "m".to_owned(),
            r#type: "RC:TxtMsg".to_owned(),
            content: "{}".to_owned(),
            to_user_ids,
            ..f::SendMessage::default()
        })
    };
    assert_eq!(refusal(&mut ada, message(direct(), bobs())).await.code, 1002);
    let crowd = vec!["bob".to_owned(); 201];
    assert_eq!(refusal(&mut ada, message(group(), crowd)).await.code, 24365);
}

#[tokio::test]
async fn what_is_wrong_with_a_group_is_said_by_member() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    let mut refused = async |body| {
        let failure = refusal(&mut ada, body).await;
        (failure.code, failure.message, failure.keys)
    };
    let create = |id: &str, info| {
        let (group_id, user_ids) = (id.to_owned(), Vec::new());
        Ask::CreateGroup(f::CreateGroup { group_id, info: Some(info), user_ids })
    };
    let named = || GroupChange { name: Some("G".to_owned()), ..GroupChange::default() };
    let (code, message, _) = refused(create("a b", named())).await;
    assert_eq!((code, message.contains("group_id")), (1002, true), "{message}");
    let (code, message, _) = refused(create("g", GroupChange::default())).await;
    assert_eq!((code, message.as_str()), (1002, "`info.name` is missing"));
    let avatar_url = Some("javascript:x".to_owned());
    let (_, _, keys) = refused(create("g", GroupChange { avatar_url, ..named() })).await;
    assert_eq!(keys, ["portraitUrl"]);
    let permissions = Some(GroupPermissionsChange { join: Some(4), ..<_>::default() });
    let (code, _, keys) = refused(create("g", GroupChange { permissions, ..named() })).await;
    assert_eq!((code, keys), (24368, vec!["joinPerm".to_owned()]));
    let too_many = f::GetGroups { group_ids: vec![g(); 51] };
    assert_eq!(refused(Ask::GetGroups(too_many)).await.0, 24365);
    let nobody = f::GetGroupMembers { group_id: g(), ..f::GetGroupMembers::default() };
    assert_eq!(refused(Ask::GetGroupMembers(nobody)).await.0, 25410);
    let stranger = vec!["nobody".to_owned()];
    let create = f::CreateGroup { group_id: g(), info: Some(named()), user_ids: stranger };
    assert_eq!(refused(Ask::CreateGroup(create)).await.0, 24366);
}
