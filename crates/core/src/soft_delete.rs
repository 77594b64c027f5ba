//! Soft deletion and restoration of users.
//!
//! The call takes effect at once; what the user leaves behind is deleted by [`Core::run_activations`], which
//! the server runs from time to time and whenever [`Core::activations_nudge`] rings.

use std::sync::Arc;

use nuncio_bus::Applied;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, UserId};
use nuncio_store::StoreError;
use nuncio_store::soft_delete::Deletion;
use rand::RngExt as _;
use tokio::sync::Notify;

use crate::{Core, Error};

/// Deletions that are fetched at once.
const FETCHED: i64 = 1000;

/// Names a soft deletion or a restoration, such as `C70B-B1D6-82E8-5SBO`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OperationId(pub String);

impl OperationId {
    fn random() -> Self {
        const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut rng = rand::rng();
        let mut group = || -> String {
            (0..4).map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())])).collect()
        };
        Self([group(), group(), group(), group()].join("-"))
    }
}

impl Core {
    /// Soft-deletes users: from now on they cannot log in, send or be written to, get no tokens, and their
    /// connections are closed when this returns. Who is soft-deleted already stays so.
    pub async fn soft_delete(
        &self,
        app: AppId,
        users: Vec<UserId>,
    ) -> Result<(OperationId, Applied), Error> {
        let operation = OperationId::random();
        self.store.soft_delete(app, users.clone(), operation.0.clone(), self.now()).await?;
        self.parts.activations.notify_one();
        let applied = self.close(app, users, Refusal::UserDeleted.to_failure()).await?;
        Ok((operation, applied))
    }

    /// Makes soft-deleted users usable again; who is not soft-deleted stays as they are. Nothing of what was
    /// theirs comes back, and tokens from before stay void.
    ///
    /// Refused while a user's data is still being deleted, and past the app's user limit.
    pub async fn restore(&self, app: AppId, users: Vec<UserId>) -> Result<OperationId, Error> {
        let operation = OperationId::random();
        self.store.restore(app, users, operation.0.clone(), self.now()).await?;
        Ok(operation)
    }

    /// Soft-deleted users, the first to be deleted first. `page` counts from 1.
    pub async fn soft_deleted(
        &self,
        app: AppId,
        page: i64,
        page_size: i64,
    ) -> Result<Vec<UserId>, Error> {
        let offset = (page - 1).saturating_mul(page_size);
        Ok(self.store.soft_deleted(app, offset, page_size).await?)
    }

    /// Rings when there is something for [`Core::run_activations`] to do.
    #[must_use]
    pub fn activations_nudge(&self) -> Arc<Notify> {
        Arc::clone(&self.parts.activations)
    }

    /// Finishes soft deletions that are open, those that an earlier run or a crashed process left half done
    /// among them. Returns how many. Works in short transactions, so that nobody waits for it; may run on
    /// several nodes at once.
    pub async fn run_activations(&self) -> Result<usize, Error> {
        let mut finished = 0;
        for deletion in self.store.open_deletions(FETCHED).await? {
            match self.finish_deletion(&deletion).await {
                Ok(()) => finished += 1,
                // One user's unreadable row must not stand in the way of the others.
                Err(error) => tracing::error!(
                    user.id = %deletion.user,
                    "the data of soft-deleted user `{}` could not be deleted: {error}",
                    deletion.user
                ),
            }
        }
        Ok(finished)
    }

    async fn finish_deletion(&self, deletion: &Deletion) -> Result<(), StoreError> {
        while !self.store.go_on_deleting(deletion.clone(), self.now()).await? {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_id_is_four_groups_of_four() {
        let OperationId(id) = OperationId::random();
        let groups: Vec<&str> = id.split('-').collect();
        assert_eq!(groups.len(), 4, "{id}");
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        assert!(groups.iter().all(|group| group.len() == 4 && group.bytes().all(plain)), "{id}");
        assert_ne!(OperationId::random(), OperationId::random());
    }
}
