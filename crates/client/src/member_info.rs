//! What to show for a member of a group: what it is called there, else what the user is called anywhere.

use std::sync::Arc;

use futures_util::future::try_join_all;
use nuncio_protocol::frames::{GetGroupMembers, GroupMember, client_frame, server_frame};
use nuncio_protocol::{GroupId, UserId, limits};

use crate::client::Client;
use crate::db::{StoreError, people};
use crate::error::ClientError;
use crate::shared::Shared;
use crate::user_info::UserInfo;

impl Client {
    /// What to show for users in a group, in the order asked for: the name is the member's nickname in the group, else the
    /// user's alias for a friend, else the profile's name, else the push identity's, else the id; the avatar likewise.
    ///
    /// With a provider, its [`member_infos`](crate::UserInfoProvider::member_infos) alone says what members are called in
    /// groups, and its `user_infos` the rest. What is known already is not asked for again; it follows the group's events.
    pub async fn member_infos(
        &self,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<Vec<UserInfo>, ClientError> {
        let users: Vec<String> = users.iter().map(UserId::to_string).collect();
        self.shared().member_infos(group.as_str(), &users).await
    }

    /// What to show for one user in a group; see [`Client::member_infos`].
    pub async fn member_info(
        &self,
        group: &GroupId,
        user: &UserId,
    ) -> Result<UserInfo, ClientError> {
        let found = self.member_infos(group, std::slice::from_ref(user)).await?.pop();
        found.ok_or(ClientError::UnexpectedAnswer("GetGroupMembers"))
    }
}

/// What to show, where the group calls a user something.
fn in_group(info: UserInfo, member: Option<GroupMember>) -> UserInfo {
    let Some(member) = member else { return info };
    let nothing_better = info.name == info.user_id;
    let name = match (member.nickname, member.name) {
        (nickname, _) if !nickname.is_empty() => nickname,
        (_, name) if nothing_better && !name.is_empty() => name,
        _ => info.name,
    };
    let avatar_url = if info.avatar_url.is_empty() { member.avatar_url } else { info.avatar_url };
    UserInfo { name, avatar_url, ..info }
}

impl Shared {
    async fn member_infos(
        self: &Arc<Self>,
        group: &str,
        users: &[String],
    ) -> Result<Vec<UserInfo>, ClientError> {
        let infos = try_join_all(users.iter().map(|user| self.user_info(user)));
        if let Some(named) = self.provided_members(group, users).await? {
            let of = |info: UserInfo| {
                let own = named.iter().find(|named| named.user_id == info.user_id);
                own.cloned().unwrap_or(info)
            };
            return Ok(infos.await?.into_iter().map(of).collect());
        }
        let mut members = self.known_members(group, users).await?;
        let unknown = users.iter().zip(&members).filter(|(_, known)| known.is_none());
        let unknown: Vec<String> = unknown.map(|(user, _)| user.clone()).collect();
        for asked in unknown.chunks(limits::LARGE_BATCH) {
            self.ask_members(group, asked.to_vec()).await?;
        }
        if !unknown.is_empty() {
            members = self.known_members(group, users).await?;
        }
        Ok(infos.await?.into_iter().zip(members).map(|(info, of)| in_group(info, of)).collect())
    }

    async fn known_members(
        &self,
        group: &str,
        users: &[String],
    ) -> Result<Vec<Option<GroupMember>>, StoreError> {
        let (group, users) = (group.to_owned(), users.to_vec());
        self.db
            .run(move |db| users.iter().map(|user| people::member(db, &group, user)).collect())
            .await
    }

    /// Asks the service what members are called; who is none is left out.
    async fn ask_members(&self, group: &str, user_ids: Vec<String>) -> Result<(), ClientError> {
        let group_id = group.to_owned();
        let ask = GetGroupMembers { group_id, user_ids, ..GetGroupMembers::default() };
        let answer = self.request(client_frame::Body::GetGroupMembers(ask)).await?;
        let server_frame::Body::GroupMembers(found) = answer else {
            return Err(ClientError::UnexpectedAnswer("GetGroupMembers"));
        };
        let (group, keep) = (group.to_owned(), self.options.keep);
        self.db.run(move |db| people::store_members(db, &group, &found.members, keep)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nickname_goes_before_all_and_the_service_knows_what_nobody_else_does() {
        let info = |name: &str, avatar: &str| UserInfo {
            user_id: "bob".into(),
            name: name.into(),
            avatar_url: avatar.into(),
            extra: String::new(),
        };
        let member = |nickname: &str, name: &str| {
            Some(GroupMember {
                user_id: "bob".into(),
                nickname: nickname.into(),
                name: name.into(),
                avatar_url: "https://a.example/m.png".into(),
                ..GroupMember::default()
            })
        };
        let shown = |info, member| {
            let shown = in_group(info, member);
            (shown.name, shown.avatar_url)
        };
        let own = "https://a.example/own.png";
        let of_member = "https://a.example/m.png";
        assert_eq!(shown(info("Alias", own), member("Nick", "Bob")), ("Nick".into(), own.into()));
        assert_eq!(shown(info("Alias", ""), member("", "Bob")), ("Alias".into(), of_member.into()));
        assert_eq!(shown(info("bob", ""), member("", "Bob")), ("Bob".into(), of_member.into()));
        assert_eq!(shown(info("bob", ""), member("", "")), ("bob".into(), of_member.into()));
        assert_eq!(shown(info("bob", own), None), ("bob".into(), own.into()));
    }
}
