//! Groups in lines of JSON.

use nuncio_protocol::GroupId;
use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::frames::{
    GetGroupApplications, GetGroupMembers, GetJoinedGroups, Group, GroupApplication, GroupChange,
    GroupEvent, GroupMember, GroupMute, GroupPermissionsChange, LeavingMember, group_application,
};
use nuncio_protocol::groups::{MemberExtra, MuteDuration, Nickname, RefusalReason};
use nuncio_protocol::values::{Alias, ValueError};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::calls::{Params, done, each, page, raw};
use super::input::bad;
use crate::client::Client;
use crate::error::ClientError;
use crate::ops::groups::GroupAnswer;

/// The methods on groups, with their parameters; those in brackets may be left out.
pub const METHODS: &[(&str, &str)] = &[
    ("createGroup", "groupId info [userIds]"),
    ("getGroups", "groupIds"),
    ("updateGroup", "groupId info"),
    ("dismissGroup", "groupId"),
    ("joinGroup", "groupId"),
    ("leaveGroup", "groupId [keepMute keepAllowed keepFavorites]"),
    ("kickGroupMembers", "groupId userIds [keepMute keepAllowed keepFavorites]"),
    ("inviteToGroup", "groupId userIds"),
    ("answerGroupInvitation", "groupId inviterId [refuse]"),
    ("answerGroupApplication", "groupId userId [inviterId refuse]"),
    ("getGroupApplications", "[directions statuses pageToken limit ascending]"),
    ("transferGroup", "groupId ownerId [leave]"),
    ("setGroupAdmins", "groupId userIds [admins]"),
    ("getJoinedGroups", "[groupIds name role pageToken limit ascending]"),
    ("getGroupMembers", "groupId [userIds name role pageToken limit ascending]"),
    ("setGroupMember", "groupId userId [nickname extra]"),
    ("setGroupAlias", "groupId alias"),
    ("setGroupFavorites", "groupId [add remove]"),
    ("getGroupFavorites", "groupId"),
    ("muteGroupMembers", "groupId userIds [minutes]"),
    ("unmuteGroupMembers", "groupId userIds"),
    ("getGroupMutes", "groupId"),
    ("freezeGroup", "groupId [frozen]"),
    ("setGroupSenders", "groupId [add remove]"),
    ("getGroupSenders", "groupId"),
    ("getMemberInfos", "groupId userIds"),
];

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_lowercase();
    for word in words {
        let (first, rest) = word.split_at(1.min(word.len()));
        text.push_str(&first.to_uppercase());
        text.push_str(&rest.to_lowercase());
    }
    text
}

fn group(group: &Group) -> Value {
    let permissions = group.permissions.unwrap_or_default();
    json!({
        "groupId": group.id, "name": group.name, "avatarUrl": group.avatar_url,
        "introduction": group.introduction, "announcement": group.announcement,
        "extProfile": group.ext_profile, "ownerId": group.owner_id,
        "creatorId": group.creator_id, "createdAt": group.created_at,
        "memberCount": group.member_count, "frozen": group.frozen,
        "permissions": {
            "join": permissions.join, "remove": permissions.remove, "invite": permissions.invite,
            "inviteHandle": permissions.invite_handle, "profile": permissions.profile,
            "memberProfile": permissions.member_profile,
        },
        "alias": group.alias, "role": group.role, "joinedAt": group.joined_at,
    })
}

fn member(member: &GroupMember) -> Value {
    json!({
        "userId": member.user_id, "role": member.role, "nickname": member.nickname,
        "extra": member.extra, "joinedAt": member.joined_at, "name": member.name,
        "avatarUrl": member.avatar_url,
    })
}

fn application(application: &GroupApplication) -> Value {
    json!({
        "groupId": application.group_id, "groupName": application.group_name,
        "direction": camel(application.direction().as_str_name()),
        "status": camel(application.status().as_str_name()),
        "joiner": application.joiner.as_ref().map(member),
        "inviter": application.inviter.as_ref().map(member),
        "operator": application.operator.as_ref().map(member),
        "reason": application.reason, "at": application.at,
    })
}

fn mute(mute: &GroupMute) -> Value {
    json!({ "userId": mute.user_id, "mutedAt": mute.muted_at, "until": mute.until })
}

/// What happened to a group.
pub(super) fn event(event: &GroupEvent) -> Value {
    let members: Vec<_> = event.members.iter().map(member).collect();
    json!({
        "kind": camel(Kind::try_from(event.kind).unwrap_or_default().as_str_name()),
        "group": event.group.as_ref().map(group), "operator": event.operator.as_ref().map(member),
        "members": members, "changed": event.changed,
        "application": event.application.as_ref().map(application), "until": event.until,
    })
}

fn process(process: Process) -> Result<Box<RawValue>, ClientError> {
    raw(json!({ "process": camel(process.as_str_name()) }))
}

fn value<T: TryFrom<String, Error = ValueError>>(
    key: &str,
    text: String,
) -> Result<T, ClientError> {
    T::try_from(text).map_err(|error| bad(format_args!("`{key}` {error}")))
}

fn info(mut p: Params) -> Result<GroupChange, ClientError> {
    let mut permissions = Params::new(p.or_default("permissions")?)?;
    let change = GroupChange {
        name: p.maybe("name")?,
        avatar_url: p.maybe("avatarUrl")?,
        introduction: p.maybe("introduction")?,
        announcement: p.maybe("announcement")?,
        ext_profile: p.or_default("extProfile")?,
        permissions: Some(GroupPermissionsChange {
            join: permissions.maybe("join")?,
            remove: permissions.maybe("remove")?,
            invite: permissions.maybe("invite")?,
            invite_handle: permissions.maybe("inviteHandle")?,
            profile: permissions.maybe("profile")?,
            member_profile: permissions.maybe("memberProfile")?,
        }),
    };
    permissions.done()?;
    p.done()?;
    Ok(change)
}

fn leaving(p: &mut Params) -> Result<LeavingMember, ClientError> {
    Ok(LeavingMember {
        keep_mute: p.or_default("keepMute")?,
        keep_allowed: p.or_default("keepAllowed")?,
        keep_favorites: p.or_default("keepFavorites")?,
    })
}

fn answer(p: &mut Params) -> Result<GroupAnswer, ClientError> {
    match p.maybe::<String>("refuse")? {
        None => Ok(GroupAnswer::Accept),
        Some(reason) => Ok(GroupAnswer::Refuse(value::<RefusalReason>("refuse", reason)?)),
    }
}

/// Calls a method on groups.
pub(super) async fn call(
    client: &Client,
    method: &str,
    mut p: Params,
) -> Result<Box<RawValue>, ClientError> {
    macro_rules! with {
        ($($name:ident = $value:expr),* ; $call:expr) => {{
            $(let $name = $value;)*
            p.done()?;
            $call
        }};
    }
    match method {
        "getGroups" => {
            let groups: Vec<GroupId> = p.must("groupIds")?;
            p.done()?;
            return raw(each(&client.get_groups(&groups).await?, group));
        }
        "getJoinedGroups" => {
            let query = GetJoinedGroups {
                group_ids: p.or_default("groupIds")?,
                name: p.or_default("name")?,
                role: p.or_default("role")?,
                page_token: p.or_default("pageToken")?,
                limit: p.or_default("limit")?,
                ascending: p.or_default("ascending")?,
            };
            p.done()?;
            return raw(page("groups", &client.get_joined_groups(query).await?, group));
        }
        "getGroupApplications" => {
            let direction = |name: &str| {
                (1..=4)
                    .filter_map(|n| group_application::Direction::try_from(n).ok())
                    .find(|one| camel(one.as_str_name()) == name)
                    .map(i32::from)
            };
            let status = |name: &str| {
                (1..=6)
                    .filter_map(|n| group_application::Status::try_from(n).ok())
                    .find(|one| camel(one.as_str_name()) == name)
                    .map(i32::from)
            };
            let query = GetGroupApplications {
                directions: p.all_named("directions", direction)?,
                statuses: p.all_named("statuses", status)?,
                page_token: p.or_default("pageToken")?,
                limit: p.or_default("limit")?,
                ascending: p.or_default("ascending")?,
            };
            p.done()?;
            let found = client.get_group_applications(query).await?;
            return raw(page("applications", &found, application));
        }
        _ => {}
    }
    let id: GroupId = p.must("groupId")?;
    match method {
        "createGroup" => {
            let info = info(Params::new(p.must("info")?)?)?;
            let users = p.or_default::<Vec<_>>("userIds")?;
            p.done()?;
            process(client.create_group(&id, info, &users).await?)
        }
        "updateGroup" => {
            let info = info(Params::new(p.must("info")?)?)?;
            p.done()?;
            done(client.update_group(&id, info).await)
        }
        "dismissGroup" => with!(; done(client.dismiss_group(&id).await)),
        "joinGroup" => with!(; process(client.join_group(&id).await?)),
        "leaveGroup" => {
            with!(leaving = leaving(&mut p)?; done(client.leave_group(&id, leaving).await))
        }
        "kickGroupMembers" => with!(users = p.users()?, leaving = leaving(&mut p)?;
            done(client.kick_group_members(&id, &users, leaving).await)),
        "inviteToGroup" => {
            with!(users = p.users()?; process(client.invite_to_group(&id, &users).await?))
        }
        "answerGroupInvitation" => with!(inviter = p.must("inviterId")?, answer = answer(&mut p)?;
            done(client.answer_group_invitation(&id, &inviter, answer).await)),
        "answerGroupApplication" => with!(
            user = p.user()?, inviter = p.maybe("inviterId")?, answer = answer(&mut p)?;
            process(client.answer_group_application(&id, &user, inviter.as_ref(), answer).await?)),
        "transferGroup" => {
            with!(owner = p.must("ownerId")?, leave = p.or_default::<bool>("leave")?;
            done(client.transfer_group(&id, &owner, leave.then(LeavingMember::default)).await))
        }
        "setGroupAdmins" => with!(users = p.users()?, admins = p.maybe("admins")?.unwrap_or(true);
            done(client.set_group_admins(&id, &users, admins).await)),
        "getGroupMembers" => {
            let query = GetGroupMembers {
                group_id: id.to_string(),
                user_ids: p.or_default("userIds")?,
                name: p.or_default("name")?,
                role: p.or_default("role")?,
                page_token: p.or_default("pageToken")?,
                limit: p.or_default("limit")?,
                ascending: p.or_default("ascending")?,
            };
            p.done()?;
            raw(page("members", &client.get_group_members(query).await?, member))
        }
        "setGroupMember" => {
            let user = p.user()?;
            let nickname = p.maybe("nickname")?.map(|text| value::<Nickname>("nickname", text));
            let extra = p.maybe("extra")?.map(|text| value::<MemberExtra>("extra", text));
            p.done()?;
            let (nickname, extra) = (nickname.transpose()?, extra.transpose()?);
            done(client.set_group_member(&id, &user, nickname, extra).await)
        }
        "setGroupAlias" => with!(alias = value::<Alias>("alias", p.must("alias")?)?;
            done(client.set_group_alias(&id, &alias).await)),
        "setGroupFavorites" => with!(
            add = p.or_default::<Vec<_>>("add")?, remove = p.or_default::<Vec<_>>("remove")?;
            done(client.set_group_favorites(&id, &add, &remove).await)),
        "getGroupFavorites" => with!(; raw(client.get_group_favorites(&id).await?)),
        "muteGroupMembers" => {
            let (users, minutes) = (p.users()?, p.or_default::<i64>("minutes")?);
            p.done()?;
            let duration = MuteDuration::try_from(minutes)
                .map_err(|error| bad(format_args!("`minutes` {error}")))?;
            done(client.mute_group_members(&id, &users, duration).await)
        }
        "unmuteGroupMembers" => with!(users = p.users()?;
            done(client.unmute_group_members(&id, &users).await)),
        "getGroupMutes" => with!(; raw(each(&client.get_group_mutes(&id).await?, mute))),
        "freezeGroup" => with!(frozen = p.maybe("frozen")?.unwrap_or(true);
            done(client.freeze_group(&id, frozen).await)),
        "setGroupSenders" => with!(
            add = p.or_default::<Vec<_>>("add")?, remove = p.or_default::<Vec<_>>("remove")?;
            done(client.set_group_senders(&id, &add, &remove).await)),
        "getMemberInfos" => with!(users = p.users()?;
            raw(each(&client.member_infos(&id, &users).await?, super::values::user_info))),
        _ => with!(; raw(client.get_group_senders(&id).await?)),
    }
}
