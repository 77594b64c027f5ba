//! Friends: asking and answering, the list, what a user calls a friend, and who may become one.

use nuncio_protocol::frames::{Friend, FriendApplication};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{Alias, ExtProfile, FriendExtra, FriendPermission};
use nuncio_protocol::{Refusal, UserId, limits};

pub use nuncio_store::friend_requests::{Added, How, RequestsFilter};

use crate::page_token::Query;
use crate::{Core, Error};

/// Days after which a friend request that nothing happens to is forgotten, answered or not.
const REQUEST_KEPT_DAYS: i64 = 30;

/// A page of a user's friends.
#[derive(Clone, Debug, PartialEq)]
pub struct FriendsPage {
    /// The friends, in the order asked for.
    pub friends: Vec<Friend>,
    /// Friends that the user has in all.
    pub total: i64,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// A page of a user's friend requests.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestsPage {
    /// The requests, in the order asked for.
    pub requests: Vec<FriendApplication>,
    /// Requests that the filter lets through in all.
    pub total: i64,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Core {
    /// Asks to become friends, or makes two users friends; `extra` is what the asking user wants to say.
    ///
    /// The first of these that stands against it is told: oneself; one of the two is not registered; they
    /// are friends already; a blocklist; a whitelist; the target's permission; either has 3,000 friends.
    /// [`How::AtOnce`] skips lists and permission. Who asks a user that has asked them becomes a friend.
    pub async fn add_friend(
        &self,
        app: AppId,
        asker: UserId,
        target: UserId,
        how: How,
        extra: FriendExtra,
    ) -> Result<Added, Error> {
        Ok(self.store.add_friend(app, asker, target, how, extra, self.now()).await?)
    }

    /// Accepts or refuses what `asker` asked of `user`. A request can be answered for seven days.
    pub async fn answer_friend_request(
        &self,
        app: AppId,
        user: UserId,
        asker: UserId,
        accept: bool,
    ) -> Result<(), Error> {
        Ok(self.store.answer_friend_request(app, user, asker, accept, self.now()).await?)
    }

    /// Ends at most 100 friendships, on both sides; who is no friend does not matter.
    pub async fn remove_friends(
        &self,
        app: AppId,
        user: UserId,
        friends: Vec<UserId>,
    ) -> Result<(), Error> {
        at_most(limits::LARGE_BATCH, &friends)?;
        Ok(self.store.remove_friends(app, user, friends, self.now()).await?)
    }

    /// Ends all of a user's friendships, on both sides.
    pub async fn remove_all_friends(&self, app: AppId, user: UserId) -> Result<(), Error> {
        Ok(self.store.remove_all_friends(app, user, self.now()).await?)
    }

    /// A page of a user's friends by the time they became friends.
    pub async fn friends(
        &self,
        app: AppId,
        user: UserId,
        page_token: Option<&str>,
        page_size: i64,
        newest_first: bool,
    ) -> Result<FriendsPage, Error> {
        let kind = if newest_first { "friends, newest first" } else { "friends, oldest first" };
        let query = Query::new(kind, app, &user);
        let after = query.position(page_token)?;
        let found = self.store.friends(app, user, after, page_size, newest_first).await?;
        let page = query.page(found.page);
        Ok(FriendsPage { friends: page.items, total: found.total, next: page.next })
    }

    /// What a user knows of some friends, at most 100; who is no friend is left out.
    pub async fn friends_info(
        &self,
        app: AppId,
        user: &UserId,
        friends: Vec<UserId>,
    ) -> Result<Vec<Friend>, Error> {
        at_most(limits::LARGE_BATCH, &friends)?;
        Ok(self.store.friends_info(app, user.clone(), friends).await?)
    }

    /// Which of some users, at most 100, are the user's friends, in the order asked for.
    pub async fn are_friends(
        &self,
        app: AppId,
        user: UserId,
        others: Vec<UserId>,
    ) -> Result<Vec<(UserId, bool)>, Error> {
        at_most(limits::LARGE_BATCH, &others)?;
        Ok(self.store.are_friends(app, user, others).await?)
    }

    /// Sets what a user calls a friend, an empty alias meaning nothing, and replaces the extension profile
    /// that the user keeps of the friend. What is `None` stays: where no alias on the wire means that it is
    /// cleared, the caller passes the empty one.
    pub async fn set_friend_info(
        &self,
        app: AppId,
        user: UserId,
        friend: UserId,
        alias: Option<Alias>,
        ext: Option<ExtProfile>,
    ) -> Result<(), Error> {
        Ok(self.store.set_friend_info(app, user, friend, alias, ext, self.now()).await?)
    }

    /// Sets who may become users' friends.
    pub async fn set_friend_permission(
        &self,
        app: AppId,
        owners: Vec<UserId>,
        permission: FriendPermission,
    ) -> Result<(), Error> {
        Ok(self.store.set_friend_permission(app, owners, permission, self.now()).await?)
    }

    /// Who may become users' friends, in the order asked for; the app's setting where a user has none.
    pub async fn friend_permission(
        &self,
        app: AppId,
        owners: Vec<UserId>,
    ) -> Result<Vec<(UserId, FriendPermission)>, Error> {
        Ok(self.store.friend_permission(app, owners).await?)
    }

    /// A page of a user's friend requests, sent and received, by the time of their last change.
    pub async fn friend_requests(
        &self,
        app: AppId,
        user: UserId,
        filter: RequestsFilter,
        page_token: Option<&str>,
        limit: i64,
    ) -> Result<RequestsPage, Error> {
        let query = Query::new(&format!("friend requests, {filter:?}"), app, &user);
        let after = query.position(page_token)?;
        let now = self.now();
        let found = self.store.friend_requests(app, user, filter, after, limit, now).await?;
        let page = query.page(found.page);
        Ok(RequestsPage { requests: page.items, total: found.total, next: page.next })
    }

    /// Forgets friend requests that nothing happened to for 30 days, in all apps; returns how many. A job's
    /// step, in short transactions.
    pub async fn prune_friend_requests(&self) -> Result<u64, Error> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let before = self.now().plus_ms(-REQUEST_KEPT_DAYS * DAY_MS);
        let mut deleted = 0;
        loop {
            let rows = self.store.prune_friend_requests(before).await?;
            deleted += rows;
            if rows == 0 {
                return Ok(deleted);
            }
        }
    }
}

/// Refuses more ids than one question may have.
pub(crate) fn at_most<T>(limit: usize, ids: &[T]) -> Result<(), Refusal> {
    if ids.len() > limit { Err(Refusal::TooManyIds { limit }) } else { Ok(()) }
}
