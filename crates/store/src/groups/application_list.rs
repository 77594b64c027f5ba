//! Lists of applications and invitations.

use nuncio_protocol::GroupId;
use nuncio_protocol::frames::GroupApplication;
use nuncio_protocol::frames::group_application::{Direction, Status};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};

use super::applications::{frame, lapsed, read_waiting};
use crate::engine::{Store, params};
use crate::error::StoreError;
use crate::paging::{Page, Position};
use crate::users;

/// Which applications and invitations are meant, and in which order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ApplicationsFilter {
    /// From which side the user sees them; all when empty.
    pub directions: Vec<Direction>,
    /// In which states; all when empty.
    pub statuses: Vec<Status>,
    /// The latest change first, or last.
    pub newest_first: bool,
}

/// A page of what a user has asked, was asked, or has to approve.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationsPage {
    /// The applications and invitations, and where the next page begins.
    pub page: Page<GroupApplication, String>,
    /// Those that the filter lets through in all.
    pub total: i64,
}

/// What a user (?2) sees of applications and invitations, each with its state now (?3 is the moment up to which waiting ones
/// have lapsed), from the sides ?4 to ?7 that are 1.
macro_rules! select_all {
    ($columns:literal, $tail:literal) => {
        concat!(
            "select ",
            $columns,
            " from (
                 select a.user_id, a.inviter_id, a.approver, a.operator_id, a.reason, a.at, a.group_id,
                        g.name as group_name, d.direction,
                        d.direction || ' ' || a.group_id || ' ' || a.user_id || ' ' || a.inviter_id as place,
                        case when a.status in (1, 3) and a.at <= ?3 then 6 else a.status end as status
                 from (
                     select app, group_id, user_id, inviter_id, '1' as direction from group_applications
                     where app = ?1 and user_id = ?2 and inviter_id = '' and cast(?4 as bigint) = 1
                     union all
                     select app, group_id, user_id, inviter_id, '2' from group_applications
                     where app = ?1 and inviter_id = ?2 and inviter_id <> '' and cast(?5 as bigint) = 1
                     union all
                     select app, group_id, user_id, inviter_id, '3' from group_applications
                     where app = ?1 and user_id = ?2 and inviter_id <> '' and status not in (1, 2)
                       and cast(?6 as bigint) = 1
                     union all
                     select a.app, a.group_id, a.user_id, a.inviter_id, '4'
                     from group_members m join group_applications a
                       on a.app = m.app and a.group_id = m.group_id
                     where m.app = ?1 and m.user_id = ?2 and m.role >= 2
                       and a.approver > 0 and m.role >= a.approver and cast(?7 as bigint) = 1
                 ) d join group_applications a
                   on a.app = d.app and a.group_id = d.group_id and a.user_id = d.user_id
                      and a.inviter_id = d.inviter_id
                 join groups g on g.app = a.app and g.id = a.group_id
             ) r ",
            $tail
        )
    };
}

/// The part of the query that picks the states ?8 to ?13 that are 1.
macro_rules! of_status {
    () => {
        "(case r.status when 1 then cast(?8 as bigint) when 2 then cast(?9 as bigint)
                        when 3 then cast(?10 as bigint) when 4 then cast(?11 as bigint)
                        when 5 then cast(?12 as bigint) else cast(?13 as bigint) end) = 1"
    };
}

fn page_sql(newest_first: bool) -> &'static str {
    macro_rules! page {
        ($order:literal, $compare:literal) => {
            concat!(
                select_all!(
                    "r.user_id, r.inviter_id, r.approver, r.status, r.operator_id, r.reason, r.at,
                     r.group_id, r.group_name, cast(r.direction as bigint), r.place",
                    "where "
                ),
                of_status!(),
                " and (r.at ",
                $compare,
                " ?14 or (r.at = ?14 and r.place > ?15)) order by r.at ",
                $order,
                ", r.place limit ?16"
            )
        };
    }
    if newest_first { page!("desc", "<") } else { page!("asc", ">") }
}

impl Store {
    /// A page of what a user has asked, was asked, and has or had to approve, by the time of the last change.
    pub async fn group_applications(
        &self,
        app: AppId,
        user: UserId,
        filter: ApplicationsFilter,
        after: Option<Position<String>>,
        limit: i64,
        now: Timestamp,
    ) -> Result<ApplicationsPage, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let direction = |d| filter.directions.is_empty() || filter.directions.contains(&d);
            let status = |s| filter.statuses.is_empty() || filter.statuses.contains(&s);
            let (at, id) = Position::or_start(after.as_ref(), filter.newest_first);
            let values = params![
                app,
                &user,
                lapsed(now),
                direction(Direction::ApplicationSent),
                direction(Direction::InvitationSent),
                direction(Direction::InvitationReceived),
                direction(Direction::ApplicationReceived),
                status(Status::AdminPending),
                status(Status::AdminRefused),
                status(Status::InviteePending),
                status(Status::InviteeRefused),
                status(Status::Joined),
                status(Status::Expired),
                at,
                id,
                limit + 1,
            ];
            let rows = tx
                .all(page_sql(filter.newest_first), values, |row| {
                    let waiting = read_waiting(row)?;
                    let (group, name): (GroupId, String) = (row.get(7)?, row.get(8)?);
                    let direction = row.enum_number(9)?;
                    let position = Position { at: waiting.at.0, id: row.get::<String>(10)? };
                    Ok((position, (waiting, group, name, direction)))
                })
                .await?;
            let total = tx
                .one(
                    concat!(select_all!("count(*)", "where "), of_status!()),
                    &values[..13],
                    |row| row.get(0),
                )
                .await?;
            let mut framed = Vec::with_capacity(rows.len());
            for (position, (waiting, group, name, direction)) in rows {
                let application = frame(tx, app, (&group, &name), &waiting).await?;
                framed.push((position, GroupApplication { direction, ..application }));
            }
            Ok(ApplicationsPage { page: Page::cut(framed, limit), total })
        })
        .await
    }

    /// Deletes some applications and invitations of all apps whose last change was before `before`; returns how many.
    pub async fn prune_group_applications(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from group_applications
                 where (app, group_id, user_id, inviter_id) in (
                     select app, group_id, user_id, inviter_id from group_applications
                     where at < ?1 order by at limit 1000)",
                params![before],
            )
            .await
        })
        .await
    }
}
