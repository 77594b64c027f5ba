//! Who may speak in groups: mutes, frozen groups, and who may speak in those.

use nuncio_protocol::groups::MuteDuration;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, UserId};
use nuncio_store::groups::{Actor, Group, MutedMember};

use crate::{Core, Error};

impl Core {
    /// Mutes users in a group, or in all groups. Messages that an app server sends in their names pass.
    pub async fn mute_in_group(
        &self,
        app: AppId,
        by: Actor,
        group: Option<GroupId>,
        users: Vec<UserId>,
        duration: MuteDuration,
    ) -> Result<(), Error> {
        let now = self.now();
        Ok(self.store.mute_in_group(app, by, group, users, duration.end(now), now).await?)
    }

    /// Lets users speak again in a group, or in all groups.
    pub async fn unmute_in_group(
        &self,
        app: AppId,
        by: Actor,
        group: Option<GroupId>,
        users: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.unmute_in_group(app, by, group, users, self.now()).await?)
    }

    /// Who is muted in a group, or in all groups, by id.
    pub async fn muted_in_group(
        &self,
        app: AppId,
        group: Option<GroupId>,
    ) -> Result<Vec<MutedMember>, Error> {
        Ok(self.store.muted_in_group(app, group, self.now()).await?)
    }

    /// Freezes groups, so that only allowed senders can send to them, or lets all members speak again.
    pub async fn freeze_groups(
        &self,
        app: AppId,
        by: Actor,
        groups: Vec<GroupId>,
        frozen: bool,
    ) -> Result<(), Error> {
        Ok(self.store.freeze_groups(app, by, groups, frozen, self.now()).await?)
    }

    /// Whether groups are frozen, in the order asked for.
    pub async fn are_groups_frozen(
        &self,
        app: AppId,
        groups: Vec<GroupId>,
    ) -> Result<Vec<(GroupId, bool)>, Error> {
        Ok(self.store.are_groups_frozen(app, groups).await?)
    }

    /// Frozen groups by id; `page` counts from 1.
    pub async fn frozen_groups(
        &self,
        app: AppId,
        page: i64,
        page_size: i64,
    ) -> Result<Vec<Group>, Error> {
        let offset = (page - 1).saturating_mul(page_size);
        Ok(self.store.frozen_groups(app, offset, page_size).await?)
    }

    /// Lets users speak while a group is frozen.
    pub async fn allow_group_senders(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.allow_group_senders(app, by, group, users, self.now()).await?)
    }

    /// Takes users out of those who may speak while a group is frozen.
    pub async fn disallow_group_senders(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.disallow_group_senders(app, by, group, users, self.now()).await?)
    }

    /// Who may speak while a group is frozen, the first first.
    pub async fn allowed_group_senders(
        &self,
        app: AppId,
        group: GroupId,
    ) -> Result<Vec<UserId>, Error> {
        Ok(self.store.allowed_group_senders(app, group).await?)
    }
}
