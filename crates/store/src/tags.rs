//! Tags: words that an app server sticks to users, to find them by.

use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Tag;

use crate::engine::{Store, params};
use crate::error::StoreError;
use crate::users;

impl Store {
    /// Gives each of the users these tags and no others. A tag that is named twice counts once.
    pub async fn set_tags(
        &self,
        app: AppId,
        users: Vec<UserId>,
        tags: Vec<Tag>,
    ) -> Result<(), StoreError> {
        let mut words: Vec<&str> = Vec::with_capacity(tags.len());
        for tag in &tags {
            if !words.contains(&tag.as_str()) {
                words.push(tag.as_str());
            }
        }
        let none = words.is_empty();
        let text = serde_json::to_string(&words).map_err(|e| StoreError::corrupt("tags", e))?;
        self.write(users::locks(app, &users), async move |tx| {
            users::all_active(tx, app, &users).await?;
            for user in &users {
                if none {
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
                let text = tx
                    .opt(
                        "select tags from user_tags where app = ?1 and user_id = ?2",
                        params![app, &user.id],
                        |row| row.get::<String>(0),
                    )
                    .await?;
                let tags = text.filter(|_| !user.deleted).map(|text| parse(&text)).transpose()?;
                all.push((user.id, tags.unwrap_or_default()));
            }
            Ok(all)
        })
        .await
    }
}

fn parse(text: &str) -> Result<Vec<Tag>, StoreError> {
    let corrupt = |error: String| StoreError::corrupt("tags", error);
    let words: Vec<String> = serde_json::from_str(text).map_err(|e| corrupt(e.to_string()))?;
    words.into_iter().map(|word| Tag::try_from(word).map_err(|e| corrupt(e.to_string()))).collect()
}
