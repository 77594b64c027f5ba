//! How single messages are pushed: a row for each that says so, until it is too old to be pushed.

use nuncio_protocol::Timestamp;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::push::PushOptions;

use crate::engine::{Store, Tx, params};
use crate::error::StoreError;

/// Rows that one transaction deletes.
const STEP: i64 = 1000;

/// A message's options, as a row. Filed again after a crash, it is there already.
pub(crate) const KEEP_OPTIONS: &str =
    "insert into push_options (app, message_id, options) values (?1, ?2, ?3)
     on conflict (app, message_id) do nothing";

/// Keeps how a message is pushed, where its sender has said so.
pub(crate) async fn keep_options(
    tx: &Tx<'_>,
    app: AppId,
    id: MessageId,
    options: Option<&PushOptions>,
) -> Result<(), StoreError> {
    if let Some(options) = options {
        tx.execute(KEEP_OPTIONS, params![app, id, options.encode().as_slice()]).await?;
    }
    Ok(())
}

/// Forgets how a message is pushed: its text was taken back, and so is what was to be shown of it.
pub(crate) async fn forget_options(
    tx: &Tx<'_>,
    app: AppId,
    id: MessageId,
) -> Result<(), StoreError> {
    tx.execute("delete from push_options where app = ?1 and message_id = ?2", params![app, id])
        .await?;
    Ok(())
}

impl Store {
    /// Forgets how messages sent before a moment are pushed. Returns how many rows went; none: nothing is left.
    pub async fn prune_push_options(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from push_options where message_id in (
                     select message_id from push_options where message_id < ?1
                     order by message_id limit ?2)",
                params![MessageId::first_at(before), STEP],
            )
            .await
        })
        .await
    }
}
