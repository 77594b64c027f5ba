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
