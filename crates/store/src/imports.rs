//! Users of an import, looked at and taken in. The job that does it is in `jobs`.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{AvatarUrl, Name};
use nuncio_protocol::{Refusal, Timestamp, UserId};

use crate::apps;
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::jobs::{Job, Step, claimed, put};
use crate::users::{self, identify};

/// A user of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Who.
    pub id: UserId,
    /// Push identity; needed for somebody new.
    pub name: Option<Name>,
    /// Push identity.
    pub avatar_url: Option<AvatarUrl>,
}

/// What became of a user of an import.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The user is, or would be, new.
    New,
    /// The user was there.
    Existing,
    /// Nothing was, or would be, done.
    Refused(Refusal),
}

impl Store {
    /// Makes a step of a job that `lease` has the claim on, together with users: each is registered, or gets a new push identity. `step` is told
    /// what became of them.
    pub async fn import_step(
        &self,
        job: &Job,
        lease: String,
        users: Vec<Imported>,
        step: impl Fn(&[Outcome]) -> Step + Send + 'static,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (app, id) = (job.app, job.id.clone());
        let locks = users.iter().map(|user| (app, user.id.clone())).collect();
        self.write(locks, async move |tx| {
            claimed(tx, app, &id, &lease).await?;
            let mut outcomes = Vec::with_capacity(users.len());
            for user in &users {
                outcomes.push(match import(tx, app, user, now).await {
                    Ok(outcome) => outcome,
                    Err(StoreError::Refused(refusal)) => Outcome::Refused(refusal),
                    Err(error) => return Err(error),
                });
            }
            put(tx, app, &id, &step(&outcomes), now).await
        })
        .await
    }

    /// What [`Store::import_step`] would make of users, while the app has `more` users more than it has.
    pub async fn try_import(
        &self,
        app: AppId,
        users: Vec<Imported>,
        more: i64,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.read(async move |tx| {
            let limit = apps::by_id(tx, app).await?.user_limit();
            let mut room = match limit {
                Some(limit) => {
                    let sql = "select count(*) from users where app = ?1 and deleted_at = 0";
                    let count = tx.count(sql, params![app]).await?;
                    Some(limit - more - i64::try_from(count).unwrap_or(i64::MAX))
                }
                None => None,
            };
            let mut outcomes = Vec::with_capacity(users.len());
            for user in &users {
                outcomes.push(match users::find(tx, app, &user.id).await? {
                    Some(found) if found.deleted => {
                        Outcome::Refused(Refusal::SoftDeleted(user.id.clone()))
                    }
                    Some(_) => Outcome::Existing,
                    None if user.name.is_none() => Outcome::Refused(nameless()),
                    None => match &mut room {
                        Some(left) if *left <= 0 => Outcome::Refused(Refusal::UserQuota {
                            limit: limit.unwrap_or_default(),
                        }),
                        Some(left) => {
                            *left -= 1;
                            Outcome::New
                        }
                        None => Outcome::New,
                    },
                });
            }
            Ok(outcomes)
        })
        .await
    }
}

fn nameless() -> Refusal {
    Refusal::BadParameter("`name` is missing, and the user is new".to_owned())
}

async fn import(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &Imported,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    match users::find(tx, app, &user.id).await? {
        Some(found) if found.deleted => Err(Refusal::SoftDeleted(user.id.clone()).into()),
        Some(found) => {
            identify(tx, app, &found, user.name.as_ref(), user.avatar_url.as_ref(), now).await?;
            Ok(Outcome::Existing)
        }
        None => {
            let name = user.name.as_ref().ok_or_else(nameless)?;
            users::check_quota(tx, app).await?;
            let avatar_url = user.avatar_url.as_ref().map_or("", AvatarUrl::as_str);
            users::insert(tx, app, &user.id, name.as_str(), avatar_url, now).await?;
            Ok(Outcome::New)
        }
    }
}
