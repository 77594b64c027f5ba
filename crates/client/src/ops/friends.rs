//! Friends: ask, answer, remove, list, name.

use std::collections::HashMap;

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Friend, FriendApplication, FriendRelation, friend_application};
use nuncio_protocol::values::{Alias, FriendExtra, FriendPermission};

use super::{ask, texts};
use crate::client::Client;
use crate::db::people;
use crate::error::ClientError;

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What to ask with for the next part; `None` after the last.
    pub next_page_token: Option<String>,
    /// Entries of the whole list, where the server counts them; else 0.
    pub total_count: u32,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, next_page_token: String, total_count: u32) -> Self {
        let next_page_token = (!next_page_token.is_empty()).then_some(next_page_token);
        Self { items, next_page_token, total_count }
    }
}

/// What to change of the user's own record of a friend.
#[derive(Clone, Debug, Default)]
pub struct FriendInfoChange {
    /// What the user calls the friend, at most 64 characters; empty clears, `None` leaves it.
    pub alias: Option<Alias>,
    /// Replaces the extension profile, at most 10 pairs; `None` leaves it.
    pub ext_profile: Option<HashMap<String, String>>,
}

/// Which friend requests to list.
#[derive(Clone, Debug, Default)]
pub struct FriendApplicationQuery {
    /// Sent or received ones; empty for both.
    pub directions: Vec<friend_application::Direction>,
    /// In which state; empty for all.
    pub statuses: Vec<friend_application::Status>,
    /// From the page before.
    pub page_token: Option<String>,
    /// 1 to 100; 0 for the server's default.
    pub limit: u32,
    /// Oldest first instead of newest first.
    pub ascending: bool,
}

impl Client {
    /// Asks a user to become friends. `true` when they are friends from now on, `false` when the other's
    /// consent is waited for.
    pub async fn add_friend(
        &self,
        user: &UserId,
        extra: &FriendExtra,
    ) -> Result<bool, ClientError> {
        let (user_id, extra) = (user.to_string(), extra.as_str().to_owned());
        Ok(ask!(self, AddFriend { user_id, extra } => AddFriendResult)?.added)
    }

    /// Consents to a user's request: the two are friends from now on.
    pub async fn accept_friend_application(&self, user: &UserId) -> Result<(), ClientError> {
        self.answer_friend_application(user, true).await
    }

    /// Refuses a user's request.
    pub async fn refuse_friend_application(&self, user: &UserId) -> Result<(), ClientError> {
        self.answer_friend_application(user, false).await
    }

    async fn answer_friend_application(
        &self,
        user: &UserId,
        accept: bool,
    ) -> Result<(), ClientError> {
        ask!(self, AnswerFriendApplication { user_id: user.to_string(), accept } => Done).map(drop)
    }

    /// Ends friendships, at most 100 at once; both sides lose each other.
    pub async fn remove_friends(&self, users: &[UserId]) -> Result<(), ClientError> {
        ask!(self, RemoveFriends { user_ids: texts(users) } => Done).map(drop)
    }

    /// A page of the user's friends: `limit` 1 to 100, or 0 for the server's default.
    pub async fn get_friends(
        &self,
        page_token: Option<String>,
        limit: u32,
    ) -> Result<Page<Friend>, ClientError> {
        let page_token = page_token.unwrap_or_default();
        let page = ask!(self, GetFriends { page_token, limit } => Friends)?;
        self.keep_friends(&page.friends).await?;
        Ok(Page::new(page.friends, page.next_page_token, page.total_count))
    }

    /// The user's record of given friends; users who are not friends are left out.
    pub async fn get_friends_info(&self, users: &[UserId]) -> Result<Vec<Friend>, ClientError> {
        let friends = ask!(self, GetFriendsInfo { user_ids: texts(users) } => Friends)?.friends;
        self.keep_friends(&friends).await?;
        Ok(friends)
    }

    async fn keep_friends(&self, friends: &[Friend]) -> Result<(), ClientError> {
        let (friends, keep) = (friends.to_vec(), self.shared().options.keep);
        Ok(self.shared().db.run(move |db| people::store_friends(db, &friends, keep)).await?)
    }

    /// Which of the users are friends.
    pub async fn check_friends(
        &self,
        users: &[UserId],
    ) -> Result<Vec<FriendRelation>, ClientError> {
        Ok(ask!(self, CheckFriends { user_ids: texts(users) } => FriendRelations)?.relations)
    }

    /// Changes the user's own alias or extension for a friend.
    pub async fn set_friend_info(
        &self,
        user: &UserId,
        change: FriendInfoChange,
    ) -> Result<(), ClientError> {
        ask!(self, SetFriendInfo {
            user_id: user.to_string(),
            alias: change.alias.map(|alias| alias.as_str().to_owned()),
            set_ext_profile: change.ext_profile.is_some(),
            ext_profile: change.ext_profile.unwrap_or_default(),
        } => Done)
        .map(drop)
    }

    /// Who may become the user's friend; `None` when the user has not chosen and the app's default holds.
    pub async fn get_friend_permission(&self) -> Result<Option<FriendPermission>, ClientError> {
        let state = ask!(self, GetFriendPermission {} => FriendPermission)?;
        Ok(FriendPermission::try_from(i64::from(state.permission)).ok())
    }

    /// Sets who may become the user's friend.
    pub async fn set_friend_permission(
        &self,
        permission: FriendPermission,
    ) -> Result<(), ClientError> {
        let permission = u32::try_from(permission.number()).unwrap_or_default();
        ask!(self, SetFriendPermission { permission } => Done).map(drop)
    }

    /// A page of friend requests, sent and received.
    pub async fn get_friend_applications(
        &self,
        query: FriendApplicationQuery,
    ) -> Result<Page<FriendApplication>, ClientError> {
        let page = ask!(self, GetFriendApplications {
            directions: query.directions.into_iter().map(Into::into).collect(),
            statuses: query.statuses.into_iter().map(Into::into).collect(),
            page_token: query.page_token.unwrap_or_default(),
            limit: query.limit,
            ascending: query.ascending,
        } => FriendApplications)?;
        Ok(Page::new(page.applications, page.next_page_token, page.total_count))
    }
}
