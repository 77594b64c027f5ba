//! Hosted profiles, and the user's own standing.

use std::collections::HashMap;

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Account, Profile, ProfileVisibility};

use super::{ask, texts};
use crate::client::Client;
use crate::db::people;
use crate::error::ClientError;
use crate::shared::lock;

impl Client {
    /// Hosted profiles of users; of strangers whose visibility hides them, only what may be seen.
    pub async fn get_profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, ClientError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        self.profiles(texts(users)).await
    }

    /// The user's own hosted profile; an empty one when there is none.
    pub async fn get_my_profile(&self) -> Result<Profile, ClientError> {
        let mine = self.profiles(Vec::new()).await?.pop();
        Ok(mine.unwrap_or_else(|| Profile { user_id: self.user_id(), ..Profile::default() }))
    }

    async fn profiles(&self, user_ids: Vec<String>) -> Result<Vec<Profile>, ClientError> {
        let profiles = ask!(self, GetProfiles { user_ids } => Profiles)?.profiles;
        let (kept, keep) = (profiles.clone(), self.shared().options.keep);
        self.shared().db.run(move |db| people::store_profiles(db, &kept, keep)).await?;
        Ok(profiles)
    }

    /// Changes the user's own profile. `basic` holds the keys to change (`name`, `portraitUri`, ...), null
    /// removes one; `ext` the extension pairs to change, an empty value removes one.
    ///
    /// Errors: a refusal names the keys at fault in [`Cause::keys`](crate::Cause::keys).
    pub async fn update_my_profile(
        &self,
        basic: &serde_json::Map<String, serde_json::Value>,
        ext: HashMap<String, String>,
    ) -> Result<(), ClientError> {
        let basic = serde_json::to_string(basic)
            .map_err(|e| ClientError::BadArgument(format!("the profile: {e}")))?;
        ask!(self, UpdateMyProfile { basic, ext } => Done).map(drop)
    }

    /// Who sees the user's whole profile.
    pub async fn get_profile_visibility(&self) -> Result<ProfileVisibility, ClientError> {
        Ok(ask!(self, GetProfileVisibility {} => ProfileVisibility)?.visibility())
    }

    /// Sets who sees the user's whole profile.
    pub async fn set_profile_visibility(
        &self,
        visibility: ProfileVisibility,
    ) -> Result<(), ClientError> {
        ask!(self, SetProfileVisibility { visibility: visibility.into() } => Done).map(drop)
    }

    /// The user's standing: muted, whitelist on, who may add them, push identity.
    pub async fn get_account(&self) -> Result<Account, ClientError> {
        let account = ask!(self, GetAccount {} => Account)?;
        lock(&self.shared().me).account = account.clone();
        Ok(account)
    }
}
