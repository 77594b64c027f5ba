//! Hosted profiles: what users tell about themselves, who sees how much of it, and who hears of a change.

use nuncio_protocol::frames::{
    self, Entry, ProfileChanged, ProfileVisibility, entry, server_frame,
};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{BasicProfileChange, ExtProfile};
use nuncio_protocol::{UserId, limits};

use crate::friends::at_most;
use crate::{Core, Error};

impl Core {
    /// Changes a hosted profile: keys that are not named stay, a null or an empty extension value removes its
    /// key. Where the app has declared extension keys, only those may be set; 20 pairs are kept at most.
    pub async fn set_profile(
        &self,
        app: AppId,
        user: UserId,
        basic: BasicProfileChange,
        ext: Option<ExtProfile>,
    ) -> Result<(), Error> {
        if self.store.set_profile(app, user.clone(), basic, ext, self.now()).await? {
            self.tell_watchers(app, user).await?;
        }
        Ok(())
    }

    /// Deletes hosted profiles; who has none does not matter.
    pub async fn delete_profiles(&self, app: AppId, owners: Vec<UserId>) -> Result<(), Error> {
        for owner in self.store.delete_profiles(app, owners, self.now()).await? {
            self.tell_watchers(app, owner).await?;
        }
        Ok(())
    }

    /// Tells friends and subscribers that are connected now. It is not stored for the others: with up to
    /// 3,000 friends, an entry in each inbox would keep the database's writer from everybody's messages,
    /// and whoever comes back later reads the profile again, which its version makes cheap to compare.
    async fn tell_watchers(&self, app: AppId, owner: UserId) -> Result<(), Error> {
        let at = self.now();
        let watchers = self.store.profile_watchers(app, owner, at).await?;
        let sides = [
            (watchers.friends, watchers.seen_by_friends, true),
            (watchers.strangers, watchers.seen_by_strangers, false),
        ];
        for (users, profile, friend) in sides {
            let change = ProfileChanged { profile: Some(profile), friend };
            let body = Some(entry::Body::ProfileChanged(change));
            let what = server_frame::Body::Entry(Entry { seq: 0, body, at: at.0 });
            for user in &users {
                self.parts.bus.tell(app, user, what.clone());
            }
        }
        Ok(())
    }

    /// Whole profiles, in the order asked for. Who is not registered, or soft-deleted, is left out; who has
    /// no hosted profile has version 0.
    pub async fn profiles(
        &self,
        app: AppId,
        owners: Vec<UserId>,
    ) -> Result<Vec<frames::Profile>, Error> {
        at_most(limits::LARGE_BATCH, &owners)?;
        Ok(self.store.profiles(app, owners).await?)
    }

    /// Profiles of at most 100 users as far as `viewer` may see them, in the order asked for; one's own is
    /// whole. Who is not registered, or soft-deleted, is left out.
    pub async fn profiles_seen_by(
        &self,
        app: AppId,
        viewer: &UserId,
        owners: Vec<UserId>,
    ) -> Result<Vec<frames::Profile>, Error> {
        at_most(limits::LARGE_BATCH, &owners)?;
        Ok(self.store.profiles_seen_by(app, viewer.clone(), owners).await?)
    }

    /// Whole profiles of registered users by the time of their registration; `page` counts from 1.
    pub async fn profile_list(
        &self,
        app: AppId,
        page: i64,
        page_size: i64,
        newest_first: bool,
    ) -> Result<Vec<frames::Profile>, Error> {
        let offset = (page - 1).saturating_mul(page_size);
        Ok(self.store.profile_list(app, offset, page_size, newest_first).await?)
    }

    /// Sets who sees a user's hosted profile; not set means what the app's settings say.
    pub async fn set_profile_visibility(
        &self,
        app: AppId,
        user: UserId,
        visibility: ProfileVisibility,
    ) -> Result<(), Error> {
        Ok(self.store.set_profile_visibility(app, user, visibility).await?)
    }

    /// Who sees a user's hosted profile, by the user's own word.
    pub async fn profile_visibility(
        &self,
        app: AppId,
        user: UserId,
    ) -> Result<ProfileVisibility, Error> {
        Ok(self.store.profile_visibility(app, user).await?)
    }
}
