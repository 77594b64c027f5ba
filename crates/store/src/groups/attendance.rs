//! Big groups: to whose inboxes is written at once, and how the others catch up.
//!
//! A group that comes to have more than [`GroupOptions::big_above`] members is big, and stays so. What happens in it is
//! an entry of the group's own sequence, and an inbox entry of those members only who *attend*: whose users had a device
//! connected a short while ago. So an entry costs nothing for who is absent. Who comes back, or is looked at otherwise,
//! *arrives*: the inbox gets what is missing, as stretches of the sequence.
//!
//! Whether a member attends is decided under the group's row: an entry finds a member attending, and is written to its
//! inbox, or absent, and is part of what the member finds on arriving. Nothing falls in between.

use std::time::Duration;

use nuncio_protocol::frames::{Entry, ProtobufMessage as _};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Timestamp, UserId};

use super::{Group, hold, members};
use crate::channels;
use crate::engine::{Locks, Nudge, Store, Tx, params};
use crate::error::StoreError;
use crate::keys::ChannelKey;
use crate::stretches;

/// Stretches that one transaction puts into an inbox.
const STRETCHES: usize = 50;
/// Groups at which one transaction arrives.
const GROUPS: i64 = 50;

/// How large groups may be, and how they are kept.
#[derive(Clone, Copy, Debug)]
pub struct GroupOptions {
    /// Members that one group may have.
    pub most_members: usize,
    /// Members past which a group is big.
    pub big_above: usize,
    /// For how long a user counts as attending its big groups after a device of it was heard of. Must be longer than
    /// connected devices are silent.
    pub attendance: Duration,
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self { most_members: 3000, big_above: 500, attendance: Duration::from_mins(5) }
    }
}

/// Until when who is heard of now counts as attending.
fn attends_until(tx: &Tx<'_>, now: Timestamp) -> Timestamp {
    let attendance = tx.groups().attendance.as_millis();
    now.plus_ms(i64::try_from(attendance).unwrap_or(i64::MAX))
}

/// Until when who comes into a group attends it, at first; 0 where it is not big.
pub(super) fn of_newcomer(tx: &Tx<'_>, group: &Group, now: Timestamp) -> Timestamp {
    if group.big { attends_until(tx, now) } else { Timestamp(0) }
}

/// A group has come to have more members, who all have the same inbox entries of it: past the limit it is big from now
/// on. All attend at first, since nobody knows better.
pub(super) async fn grow(
    tx: &Tx<'_>,
    app: AppId,
    group: &mut Group,
    now: Timestamp,
) -> Result<(), StoreError> {
    let members = usize::try_from(group.member_count).unwrap_or(usize::MAX);
    if group.big || members <= tx.groups().big_above {
        return Ok(());
    }
    group.big = true;
    tx.execute("update groups set big = 1 where app = ?1 and id = ?2", params![app, &group.id])
        .await?;
    tx.execute(
        "update group_members set attends_until = ?3,
             caught_up = (select head from groups where app = ?1 and id = ?2)
         where app = ?1 and group_id = ?2",
        params![app, &group.id, attends_until(tx, now)],
    )
    .await?;
    Ok(())
}

/// Members of a big group who were not heard of for long are absent from now on. The group's row is held.
pub(super) async fn lapse(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "update group_members set attends_until = 0,
             caught_up = (select head from groups where app = ?1 and id = ?2)
         where app = ?1 and group_id = ?2 and attends_until > 0 and attends_until <= ?3",
        params![app, group, now],
    )
    .await?;
    Ok(())
}

/// Members to whose inboxes is written at once what happens in a group.
pub(super) async fn told(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    big: bool,
) -> Result<Vec<UserId>, StoreError> {
    if !big {
        return members::ids(tx, app, group).await;
    }
    tx.all(
        "select user_id from group_members
         where app = ?1 and group_id = ?2 and attends_until > 0 order by user_id",
        params![app, group],
        |row| row.get(0),
    )
    .await
}

/// Puts what a member of a big group has missed into its inbox, at most so many stretches. Answers whether that is all;
/// then the member attends until the moment given, or stays what it was. The group's row is held.
async fn arrive_partly(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    until: Option<Timestamp>,
    most: usize,
) -> Result<bool, StoreError> {
    let member = tx
        .opt(
            "select m.caught_up, m.attends_until, m.history_from, u.history_from
             from group_members m join users u on u.app = m.app and u.id = m.user_id
             where m.app = ?1 and m.group_id = ?2 and m.user_id = ?3 and m.caught_up is not null",
            params![app, group, user],
            |row| {
                let (in_group, of_user): (MessageId, MessageId) = (row.get(2)?, row.get(3)?);
                Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, in_group.max(of_user)))
            },
        )
        .await?;
    let Some((mut caught_up, attends, history_from)) = member else { return Ok(true) };
    let (mut number, mut latest, mut all) = (None, MessageId(0), attends > 0);
    if !all {
        tx.filed(app, &[user])?;
        if stretches::has_aged(tx, app, group, caught_up).await? {
            // Devices begin anew behind this, as where entries of the inbox itself have aged.
            tx.execute(
                "update users set inbox_floor = inbox_head where app = ?1 and id = ?2",
                params![app, user],
            )
            .await?;
        }
    }
    for _ in 0..most {
        if all {
            break;
        }
        match stretches::next(tx, app, group, user, caught_up).await? {
            None => all = true,
            Some(stretch) => {
                (caught_up, latest) = (stretch.to, latest.max(stretch.latest));
                number = stretches::add(tx, app, group, user, &stretch).await?;
            }
        }
    }
    let until = until.filter(|_| all).unwrap_or(Timestamp(attends));
    tx.execute(
        "update group_members set caught_up = ?4, attends_until = ?5
         where app = ?1 and group_id = ?2 and user_id = ?3",
        params![app, group, user, caught_up, until],
    )
    .await?;
    let Some(number) = number else { return Ok(all) };
    let key = ChannelKey::group(group);
    channels::found_in_group(tx, app, user, &key, latest, history_from).await?;
    // Devices that are connected all the same learn of the last, and read the others.
    let last = stretches::read(tx, app, user, number.cast_signed() - 1, 1).await?;
    if let Some(entry) = last.into_iter().next_back() {
        let body = Entry { seq: 0, ..entry }.encode_to_vec().into();
        tx.nudge(Nudge { app, user: user.clone(), seq: number, body });
    }
    Ok(all)
}

/// What happened in big groups until now is not for a user any more. No entry is written to the user's inbox meanwhile.
pub(crate) async fn forget_missed(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
) -> Result<(), StoreError> {
    tx.execute(
        "update group_members set attends_until = 0,
             caught_up = (select g.head from groups g
                          where g.app = group_members.app and g.id = group_members.group_id)
         where app = ?1 and user_id = ?2 and caught_up is not null",
        params![app, user],
    )
    .await?;
    Ok(())
}

/// Has a member's inbox hold all that happened in a big group so far. The group's row is held.
pub(super) async fn arrive(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<(), StoreError> {
    arrive_partly(tx, app, group, user, None, usize::MAX).await.map(|_| ())
}

/// Likewise all members' inboxes.
pub(super) async fn arrive_all(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
) -> Result<(), StoreError> {
    if group.big {
        for member in members::ids(tx, app, &group.id).await? {
            arrive(tx, app, &group.id, &member).await?;
        }
    }
    Ok(())
}

/// Likewise a member's inbox, and has the member attend.
pub(super) async fn attend(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let until = Some(attends_until(tx, now));
    arrive_partly(tx, app, group, user, until, usize::MAX).await.map(|_| ())
}

/// Big groups, by id, of which a user's inbox has not all; of a user who is connected, those too of which it must be said
/// that it attends.
async fn waiting(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    connected: Option<Timestamp>,
    after: &str,
) -> Result<Vec<GroupId>, StoreError> {
    match connected {
        // Half of the time is left for who is silent for long.
        Some(now) => {
            let half = attends_until(tx, now).0.midpoint(now.0);
            tx.all(
                "select group_id from group_members
                 where app = ?1 and user_id = ?2 and caught_up is not null and attends_until < ?3
                   and group_id > ?4
                 order by group_id limit ?5",
                params![app, user, half, after, GROUPS],
                |row| row.get(0),
            )
            .await
        }
        None => {
            tx.all(
                "select m.group_id from group_members m
                 join groups g on g.app = m.app and g.id = m.group_id
                 where m.app = ?1 and m.user_id = ?2 and m.caught_up is not null
                   and m.attends_until = 0 and m.caught_up < g.head and m.group_id > ?3
                 order by m.group_id limit ?4",
                params![app, user, after, GROUPS],
                |row| row.get(0),
            )
            .await
        }
    }
}

impl Store {
    /// Runs `unit`, which looks at a user's inbox or channels, when these have all that waits for the user in big groups.
    /// `connected`: a device of the user is, now; then the user attends its groups.
    pub(crate) async fn read_of_user<T, F>(
        &self,
        app: AppId,
        user: UserId,
        connected: Option<Timestamp>,
        unit: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let (of_user, look) = (user.clone(), unit.clone());
        let first = self
            .read(async move |tx| {
                let groups = waiting(tx, app, &of_user, connected, "").await?;
                if groups.is_empty() { look(tx).await.map(Ok) } else { Ok(Err(groups)) }
            })
            .await?;
        match first {
            Ok(found) => Ok(found),
            Err(groups) => {
                self.arrive(app, user, groups, connected).await?;
                self.read(unit).await
            }
        }
    }

    /// Has a user arrive at all of its big groups, if it must; see [`Store::read_of_user`].
    pub(crate) async fn catch_up(
        &self,
        app: AppId,
        user: UserId,
        connected: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.read_of_user(app, user, connected, async |_: &mut Tx<'_>| Ok(())).await
    }

    /// Has a user arrive at these groups, the first by id, and at the others that wait.
    async fn arrive(
        &self,
        app: AppId,
        user: UserId,
        mut groups: Vec<GroupId>,
        connected: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        while let Some(last) = groups.last().cloned() {
            let locks = Locks::of_groups(app, &groups, std::slice::from_ref(&user));
            let (of_user, at) = (user.clone(), groups);
            groups = self
                .write_under(locks, async move |tx| {
                    let until = connected.map(|now| attends_until(tx, now));
                    let mut left = Vec::new();
                    for group in &at {
                        hold(tx, app, group).await?;
                        if !arrive_partly(tx, app, group, &of_user, until, STRETCHES).await? {
                            left.push(group.clone());
                        }
                    }
                    Ok(left)
                })
                .await?;
            if groups.is_empty() {
                let of_user = user.clone();
                groups = self
                    .read(async move |tx| {
                        waiting(tx, app, &of_user, connected, last.as_str()).await
                    })
                    .await?;
            }
        }
        Ok(())
    }
}
