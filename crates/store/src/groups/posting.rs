//! How a message gets into a group: its row, the members' channels, and an entry for each of them, by one statement each.

use nuncio_protocol::frames::{self, Channel, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Mentions, UserId};

use crate::engine::{Insertion, Tx, params, row};
use crate::error::StoreError;
use crate::inbox::{self, Audience, ByAudience, Place, by_audience};
use crate::keys::ChannelKey;
use crate::messages::{COUNTED, NEEDS_RECEIPT, spaced};

/// What `messages.mentioned` holds where a message mentions everybody: no user has this id.
const EVERYBODY: &str = " * ";

static ADD: Insertion<10> = Insertion::new(
    "insert into messages
         (app, channel, id, sender, client_id, type, content, flags, directed, mentioned) values",
);

/// Puts a message into the channels of its audience.
static RAISE: ByAudience = by_audience!(
    "insert into channels (app, user_id, channel, latest_id, unread, mentioned, mentioned_me)
     select m.app, m.user_id, cast(?3 as text), cast(?4 as bigint),
            case when m.user_id = ?5 then 0 else cast(?6 as bigint) end,
            case when m.user_id = ?5 or ?7 = '' then 0 else cast(?6 as bigint) end,
            case when m.user_id = ?5 then 0
                 when ?7 = ' * ' or replace(?7, ' ' || m.user_id || ' ', '') <> ?7
                 then cast(?6 as bigint) else 0 end
     from group_members m join users u on u.app = m.app and u.id = m.user_id
     where m.app = ?1 and m.group_id = ?2 and m.user_id <> ?8 and u.deleted_at = 0
       and (?9 = '' or replace(?9, ' ' || m.user_id || ' ', '') <> ?9)",
    " on conflict (app, user_id, channel) do update
     set latest_id = excluded.latest_id, unread = channels.unread + excluded.unread,
         mentioned = channels.mentioned + excluded.mentioned,
         mentioned_me = channels.mentioned_me + excluded.mentioned_me"
);

/// A message that nothing stands against.
pub(super) struct Post<'a> {
    pub(super) app: AppId,
    pub(super) group: &'a GroupId,
    /// Whether the group is big.
    pub(super) big: bool,
    pub(super) id: MessageId,
    /// Empty for what an app server did.
    pub(super) sender: &'a str,
    pub(super) client_id: Option<&'a str>,
    pub(super) r#type: &'a str,
    pub(super) content: &'a str,
    pub(super) flags: i64,
    pub(super) mentions: Mentions,
    /// Members whom it is for, besides its sender; empty for all.
    pub(super) to: &'a [UserId],
    /// Whether the sender's own devices get it.
    pub(super) echo: bool,
}

/// Who gets what concerns a message: those whom it is for, and its sender; empty for all members.
pub(super) fn audience_of(to: &[UserId], sender: &str) -> String {
    if to.is_empty() { String::new() } else { format!("{}{sender} ", spaced(to)) }
}

impl Post<'_> {
    fn mentioned(&self) -> Option<String> {
        match &self.mentions {
            Mentions::Nobody => None,
            Mentions::Everybody => Some(EVERYBODY.to_owned()),
            Mentions::Users(users) => Some(spaced(users)),
        }
    }

    fn entry(&self) -> entry::Body {
        entry::Body::Message(frames::Message {
            id: self.id.to_string(),
            channel: Some(Channel::group(self.group.as_str())),
            sender_id: self.sender.to_owned(),
            r#type: self.r#type.to_owned(),
            content: self.content.to_owned(),
            sent_at: self.id.sent_at().0,
            client_message_id: self.client_id.unwrap_or_default().to_owned(),
            counted: self.flags & COUNTED != 0,
            needs_receipt: self.flags & NEEDS_RECEIPT != 0,
            to_user_ids: self.to.iter().map(UserId::to_string).collect(),
            ..frames::Message::default()
        })
    }

    /// Writes the message; returns the numbers of its entries. The group's row is held, and its members filed.
    pub(super) async fn write(self, tx: &mut Tx<'_>) -> Result<Vec<(UserId, u64)>, StoreError> {
        let key = ChannelKey::group(self.group);
        let (app, id, mentioned) = (self.app, self.id, self.mentioned());
        let mentioned = mentioned.as_deref();
        let directed = (!self.to.is_empty()).then(|| spaced(self.to));
        let message = row![
            app,
            key.as_str(),
            id,
            self.sender,
            self.client_id,
            self.r#type,
            self.content,
            self.flags,
            directed.as_deref(),
            mentioned,
        ];
        ADD.run(tx, &[message]).await?;
        let only = audience_of(self.to, self.sender);
        let without = if self.echo { "" } else { self.sender };
        let counted = i64::from(self.flags & COUNTED != 0);
        tx.execute(
            RAISE.of(self.big),
            params![
                app,
                self.group,
                key.as_str(),
                id,
                self.sender,
                counted,
                mentioned.unwrap_or_default(),
                without,
                &only,
            ],
        )
        .await?;
        let body = inbox::encode(self.entry(), id.sent_at());
        let place = Place { channel: Some(key.as_str()), message: Some(id), stored: None };
        let audience = Audience { group: self.group, big: self.big, without, only: &only };
        inbox::add_for_group(tx, app, audience, place, body, id.sent_at()).await
    }
}
