//! How users become friends: by asking, and by an answer where the other side wants to be asked.
//!
//! Everything that stands against it is looked up in the transaction that makes the request or the
//! friendship, under the rows of both users: so when two ask each other at the same moment, one of them
//! sees the other's request, and they become friends once.

use nuncio_protocol::frames::friend_application::{Direction, Status};
use nuncio_protocol::frames::friend_event::Kind;
use nuncio_protocol::frames::{FriendApplication, FriendEvent};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{FriendExtra, FriendPermission};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::events::{self, Friendship};
use crate::paging::{Page, Position};
use crate::profiles::{self, Shown};
use crate::users::User;
use crate::{apps, blocklist, friends, lists, users, whitelist};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether the target has a say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// As the lists and the target's permission allow.
    ObeyPermission,
    /// Friends from now on, whatever lists and permission say: an app server's word.
    AtOnce,
}

/// What asking led to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Added {
    /// The two are friends now.
    Friends,
    /// A request waits for the target's answer.
    Requested,
}

/// Which requests are meant, and in which order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestsFilter {
    /// Sent or received; all when empty.
    pub directions: Vec<Direction>,
    /// In which states; all when empty.
    pub statuses: Vec<Status>,
    /// The latest change first, or last.
    pub newest_first: bool,
}

/// A page of a user's friend requests.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestsPage {
    /// The requests, and where the next page begins.
    pub page: Page<FriendApplication>,
    /// Requests that the filter lets through in all.
    pub total: i64,
}

/// Pending requests made at this moment or earlier have lapsed.
fn lapsed(now: Timestamp) -> Timestamp {
    now.plus_ms(-limits::FRIEND_REQUEST_DAYS * DAY_MS)
}

/// The requests between a user (?2) and others, sent ones and received ones, each with its state now (?3 is
/// the moment up to which pending requests have lapsed), of the directions ?4 and ?5 and the states ?6 to ?9
/// that are 1. They are sorted by time; two between the same users at the same time by direction.
macro_rules! select_requests {
    ($columns:literal, $tail:literal) => {
        concat!(
            "select ",
            $columns,
            " from (
                 select target_id as peer, cast(1 as bigint) as direction, extra, at, at * 2 as place,
                        case when status = 1 and at <= ?3 then 4 else status end as status
                 from friend_requests
                 where app = ?1 and user_id = ?2 and cast(?4 as bigint) = 1
                 union all
                 select user_id, cast(2 as bigint), extra, at, at * 2 + 1,
                        case when status = 1 and at <= ?3 then 4 else status end
                 from friend_requests
                 where app = ?1 and target_id = ?2 and cast(?5 as bigint) = 1
             ) r ",
            $tail
        )
    };
}

/// The part of the query that picks the states.
macro_rules! of_status {
    () => {
        "(case r.status when 1 then cast(?6 as bigint) when 2 then cast(?7 as bigint)
                        when 3 then cast(?8 as bigint) else cast(?9 as bigint) end) = 1"
    };
}

impl Store {
    /// Asks to become friends, or makes two users friends. `extra` is what the asking user wants to say.
    pub async fn add_friend(
        &self,
        app: AppId,
        asker: UserId,
        target: UserId,
        how: How,
        extra: FriendExtra,
        now: Timestamp,
    ) -> Result<Added, StoreError> {
        if asker == target {
            return Err(Refusal::FriendOfOneself.into());
        }
        let locks = vec![(app, asker.clone()), (app, target.clone())];
        self.write(locks, async move |tx| {
            let from = users::active(tx, app, &asker).await?;
            let to = users::active(tx, app, &target).await?;
            if friends::are(tx, app, &asker, &target).await? {
                return Err(Refusal::AlreadyFriends(target.clone()).into());
            }
            let outcome = match how {
                How::AtOnce => Added::Friends,
                How::ObeyPermission => {
                    let settings = apps::by_id(tx, app).await?.settings;
                    check_lists(tx, app, &settings, &from, &to).await?;
                    obey_permission(tx, app, &settings, &from, &to, now).await?
                }
            };
            check_room(tx, app, &asker, &target).await?;
            let answers = is_pending(tx, app, &target, &asker, now).await?;
            match outcome {
                Added::Friends => befriend(tx, app, &asker, &target, now).await?,
                Added::Requested => request(tx, app, &asker, &target, &extra, now).await?,
            }
            let operation = match outcome {
                Added::Friends => "friend.add",
                Added::Requested => "friend.request",
            };
            let act = Act::on_user(operation, app, &asker, now);
            audit::note(tx, act, &json!({ "friend": target.as_str() }));
            let (what, by, of) = match (outcome, how) {
                (Added::Requested, _) => (Friendship::Asked, &asker, &target),
                (Added::Friends, How::AtOnce) => (Friendship::Made, &asker, &target),
                (Added::Friends, _) if answers => (Friendship::Accepted, &asker, &target),
                // Whom the target lets in unasked is accepted by the target.
                (Added::Friends, _) => (Friendship::Accepted, &target, &asker),
            };
            events::friendship(tx, app, by, of, what, extra.as_str(), now).await?;
            Ok(outcome)
        })
        .await
    }

    /// Answers a friend request that waits for it.
    pub async fn answer_friend_request(
        &self,
        app: AppId,
        user: UserId,
        asker: UserId,
        accept: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = vec![(app, user.clone()), (app, asker.clone())];
        self.write(locks, async move |tx| {
            users::active(tx, app, &user).await?;
            if !is_pending(tx, app, &asker, &user, now).await? {
                return Err(Refusal::NoSuchRequest(asker.clone()).into());
            }
            if !accept {
                settle(tx, app, &asker, &user, Status::Refused, now).await?;
                return events::friendship(tx, app, &user, &asker, Friendship::Rejected, "", now)
                    .await;
            }
            users::active(tx, app, &asker).await?;
            check_room(tx, app, &user, &asker).await?;
            befriend(tx, app, &user, &asker, now).await?;
            events::friendship(tx, app, &user, &asker, Friendship::Accepted, "", now).await
        })
        .await
    }

    /// A page of a user's friend requests by the time of their last change.
    pub async fn friend_requests(
        &self,
        app: AppId,
        user: UserId,
        filter: RequestsFilter,
        after: Option<Position>,
        limit: i64,
        now: Timestamp,
    ) -> Result<RequestsPage, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let direction = |d| filter.directions.is_empty() || filter.directions.contains(&d);
            let status = |s| filter.statuses.is_empty() || filter.statuses.contains(&s);
            let (at, id) = Position::or_start(after.as_ref(), filter.newest_first);
            let values = params![
                app,
                &user,
                lapsed(now),
                direction(Direction::Sent),
                direction(Direction::Received),
                status(Status::Pending),
                status(Status::Accepted),
                status(Status::Refused),
                status(Status::Expired),
                at,
                id,
                limit + 1,
            ];
            let rows = tx
                .all(page_sql(filter.newest_first), values, |row| {
                    let shown = Shown::read(row, 6)?;
                    let request = FriendApplication {
                        user_id: row.get(0)?,
                        direction: row.enum_number(1)?,
                        status: row.enum_number(2)?,
                        extra: row.get(3)?,
                        at: row.get(4)?,
                        name: shown.name,
                        avatar_url: shown.avatar_url,
                    };
                    Ok((Position { at: row.get(5)?, id: row.get(0)? }, request))
                })
                .await?;
            let total = tx
                .one(
                    concat!(select_requests!("count(*)", "where "), of_status!()),
                    &values[..9],
                    |row| row.get(0),
                )
                .await?;
            Ok(RequestsPage { page: Page::cut(rows, limit), total })
        })
        .await
    }

    /// Deletes some friend requests of all apps whose last change was before `before`; returns how many.
    pub async fn prune_friend_requests(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from friend_requests where (app, user_id, target_id) in (
                     select app, user_id, target_id from friend_requests where at < ?1
                     order by at limit 1000)",
                params![before],
            )
            .await
        })
        .await
    }
}

fn page_sql(newest_first: bool) -> &'static str {
    macro_rules! page {
        ($order:literal, $compare:literal) => {
            concat!(
                select_requests!(
                    "r.peer, r.direction, r.status, r.extra, r.at, r.place,
                     u.name, u.avatar_url, u.profile_visibility, p.basic",
                    "join users u on u.app = ?1 and u.id = r.peer
                     left join profiles p on p.app = ?1 and p.user_id = r.peer where "
                ),
                of_status!(),
                " and (r.place ",
                $compare,
                " ?10 or (r.place = ?10 and r.peer > ?11)) order by r.place ",
                $order,
                ", r.peer limit ?12"
            )
        };
    }
    if newest_first { page!("desc", "<") } else { page!("asc", ">") }
}

/// The lists of both sides, in the order in which the first refusal wins.
async fn check_lists(
    tx: &Tx<'_>,
    app: AppId,
    settings: &apps::Settings,
    from: &User,
    to: &User,
) -> Result<(), StoreError> {
    let (asker, target) = (&from.id, &to.id);
    if lists::holds(tx, &blocklist::SQL, app, target, asker).await? {
        return Err(Refusal::InTargetBlocklist.into());
    }
    if lists::holds(tx, &blocklist::SQL, app, asker, target).await? {
        return Err(Refusal::TargetInBlocklist.into());
    }
    if !settings.whitelist_service {
        return Ok(());
    }
    if whitelist::keeps_out(tx, app, to, asker).await? {
        return Err(Refusal::NotInTargetWhitelist.into());
    }
    if whitelist::keeps_out(tx, app, from, target).await? {
        return Err(Refusal::TargetNotInWhitelist.into());
    }
    Ok(())
}

async fn obey_permission(
    tx: &Tx<'_>,
    app: AppId,
    settings: &apps::Settings,
    from: &User,
    to: &User,
    now: Timestamp,
) -> Result<Added, StoreError> {
    match friends::permission(settings, to) {
        FriendPermission::Nobody => Err(Refusal::NobodyMayAdd(to.id.clone()).into()),
        FriendPermission::Anyone => Ok(Added::Friends),
        FriendPermission::WithConsent => {
            // Who has asked has consented.
            if is_pending(tx, app, &to.id, &from.id, now).await? {
                return Ok(Added::Friends);
            }
            if is_pending(tx, app, &from.id, &to.id, now).await? {
                return Err(Refusal::RequestPending(to.id.clone()).into());
            }
            Ok(Added::Requested)
        }
    }
}

/// Refuses when either side has as many friends as allowed.
async fn check_room(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    other: &UserId,
) -> Result<(), StoreError> {
    if friends::are_full(tx, app, user).await? {
        return Err(Refusal::FriendsFull(user.clone()).into());
    }
    if friends::are_full(tx, app, other).await? {
        return Err(Refusal::TargetFriendsFull(other.clone()).into());
    }
    Ok(())
}

async fn is_pending(
    tx: &Tx<'_>,
    app: AppId,
    asker: &UserId,
    target: &UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from friend_requests
         where app = ?1 and user_id = ?2 and target_id = ?3 and status = 1 and at > ?4",
        params![app, asker, target, lapsed(now)],
    )
    .await
}

/// Makes two users friends, which accepts what either had asked of the other.
async fn befriend(
    tx: &mut Tx<'_>,
    app: AppId,
    one: &UserId,
    other: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    settle(tx, app, one, other, Status::Accepted, now).await?;
    settle(tx, app, other, one, Status::Accepted, now).await?;
    friends::befriend(tx, app, one, other, now).await
}

/// Makes a request, in the place of an earlier one between the two.
async fn request(
    tx: &mut Tx<'_>,
    app: AppId,
    asker: &UserId,
    target: &UserId,
    extra: &FriendExtra,
    now: Timestamp,
) -> Result<(), StoreError> {
    let waiting = tx
        .count(
            "select count(*) from friend_requests
             where app = ?1 and user_id = ?2 and status = 1 and at > ?3",
            params![app, asker, lapsed(now)],
        )
        .await?;
    if waiting >= limits::FRIENDS {
        return Err(Refusal::ListFull { limit: limits::FRIENDS }.into());
    }
    tx.execute(
        "insert into friend_requests (app, user_id, target_id, extra, status, at)
         values (?1, ?2, ?3, ?4, 1, ?5)
         on conflict (app, user_id, target_id)
         do update set extra = excluded.extra, status = excluded.status, at = excluded.at",
        params![app, asker, target, extra.as_str(), now],
    )
    .await?;
    tell_both(tx, app, asker, target, extra.as_str(), Status::Pending, now).await
}

/// Ends a pending request, if there is one, and tells both sides.
async fn settle(
    tx: &mut Tx<'_>,
    app: AppId,
    asker: &UserId,
    target: &UserId,
    status: Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let extra = tx
        .opt(
            "update friend_requests set status = ?4, at = ?5
             where app = ?1 and user_id = ?2 and target_id = ?3 and status = 1 and at > ?6
             returning extra",
            params![app, asker, target, i64::from(i32::from(status)), now, lapsed(now)],
            |row| row.get::<String>(0),
        )
        .await?;
    match extra {
        Some(extra) => tell_both(tx, app, asker, target, &extra, status, now).await,
        None => Ok(()),
    }
}

async fn tell_both(
    tx: &mut Tx<'_>,
    app: AppId,
    asker: &UserId,
    target: &UserId,
    extra: &str,
    status: Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sides = [(asker, target, Direction::Sent), (target, asker, Direction::Received)];
    for (user, peer, direction) in sides {
        let shown = profiles::shown(tx, app, peer).await?;
        let event = FriendEvent {
            kind: Kind::ApplicationChanged.into(),
            user_ids: vec![peer.as_str().to_owned()],
            application: Some(FriendApplication {
                user_id: peer.as_str().to_owned(),
                direction: direction.into(),
                status: status.into(),
                extra: extra.to_owned(),
                at: now.0,
                name: shown.name,
                avatar_url: shown.avatar_url,
            }),
            friend: None,
        };
        friends::tell(tx, app, user, event, now).await?;
    }
    Ok(())
}
