//! Tags: words that an app server sticks to users, to find them by.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Tag;
use nuncio_protocol::{Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::users;

impl Store {
    /// Gives each of the users these tags and no others. A tag that is named twice counts once.
    pub async fn set_tags(
        &self,
        app: AppId,
        users: Vec<UserId>,
        tags: Vec<Tag>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut words: Vec<Tag> = Vec::with_capacity(tags.len());
        for tag in tags {
            if !words.contains(&tag) {
                words.push(tag);
            }
        }
        let text =
            serde_json::to_string(&words_of(&words)).map_err(|e| StoreError::corrupt("tags", e))?;
        self.write(users::locks(app, &users), async move |tx| {
            users::all_active(tx, app, &users).await?;
            for user in &users {
                let before = read(tx, app, user).await?;
                if words.is_empty() {
                    tx.execute(
                        "delete from user_tags where app = ?1 and user_id = ?2",
                        params![app, user],
                    )
                    .await?;
                } else {
                    tx.execute(
                        "insert into user_tags (app, user_id, tags) values (?1, ?2, ?3)
                         on conflict (app, user_id) do update set tags = excluded.tags",
                        params![app, user, &text],
                    )
                    .await?;
                }
                audit::note_change(
                    tx,
                    Act::on_user("user.tags", app, user, now),
                    json!({ "tags": words_of(&before) }),
                    json!({ "tags": words_of(&words) }),
                );
            }
            Ok(())
        })
        .await
    }

    /// The users' tags, in the order asked for. Who was soft-deleted has none.
    pub async fn tags(
        &self,
        app: AppId,
        users: Vec<UserId>,
    ) -> Result<Vec<(UserId, Vec<Tag>)>, StoreError> {
        self.read(async move |tx| {
            let mut all = Vec::with_capacity(users.len());
            for user in users::all_registered(tx, app, &users).await? {
                let tags = if user.deleted { Vec::new() } else { read(tx, app, &user.id).await? };
                all.push((user.id, tags));
            }
            Ok(all)
        })
        .await
    }
}

fn words_of(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(Tag::as_str).collect()
}

async fn read(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Vec<Tag>, StoreError> {
    let text = tx
        .opt(
            "select tags from user_tags where app = ?1 and user_id = ?2",
            params![app, user],
            |row| row.get::<String>(0),
        )
        .await?;
    text.map_or_else(|| Ok(Vec::new()), |text| parse(&text))
}

fn parse(text: &str) -> Result<Vec<Tag>, StoreError> {
    let corrupt = |error: String| StoreError::corrupt("tags", error);
    let words: Vec<String> = serde_json::from_str(text).map_err(|e| corrupt(e.to_string()))?;
    words.into_iter().map(|word| Tag::try_from(word).map_err(|e| corrupt(e.to_string()))).collect()
}
