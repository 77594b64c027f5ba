//! Who has read messages of a group, and which of them mention the user.

use nuncio_protocol::frames::{Channel, History, ReceiptCount, ReceiptUser};
use nuncio_protocol::{GroupId, UserId};

use super::friends::Page;
use super::{ask, texts};
use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Tells the senders of messages of a group, 1 to 100, who asked for it, that the user has read them. It does not mark the
    /// group read; again, or for messages that asked for nothing, nothing happens.
    pub async fn send_read_receipts(
        &self,
        group: &GroupId,
        message_ids: &[String],
    ) -> Result<(), ClientError> {
        let channel = Some(Channel::group(group.as_str()));
        let message_ids = message_ids.to_vec();
        ask!(self, SendReadReceipts { channel, message_ids } => Done).map(drop)
    }

    /// How many have read messages of one's own in a group, 1 to 100. Others' messages, and those that did not ask to be told,
    /// are left out.
    pub async fn get_read_receipts(
        &self,
        group: &GroupId,
        message_ids: &[String],
    ) -> Result<Vec<ReceiptCount>, ClientError> {
        let channel = Some(Channel::group(group.as_str()));
        let message_ids = message_ids.to_vec();
        Ok(ask!(self, GetReadReceipts { channel, message_ids } => ReadReceipts)?.receipts)
    }

    /// A page of those who have read a message of one's own in a group, the first first, or (`read` false) of the members who
    /// have not, by id: `limit` 1 to 100, 0 for 100. Of users who are given, at most 100, those among them, and no pages.
    pub async fn get_receipt_users(
        &self,
        group: &GroupId,
        message_id: &str,
        read: bool,
        users: &[UserId],
        page_token: Option<&str>,
        limit: u32,
    ) -> Result<Page<ReceiptUser>, ClientError> {
        let channel = Some(Channel::group(group.as_str()));
        let (message_id, user_ids) = (message_id.to_owned(), texts(users));
        let page_token = page_token.unwrap_or_default().to_owned();
        let answer = ask!(self, GetReceiptUsers {
            channel, message_id, read, user_ids, page_token, limit
        } => ReceiptUsers)?;
        Ok(Page::new(answer.users, answer.next_page_token, answer.total_count))
    }

    /// Messages of a group that the user has not read and that mention the user or everybody, the oldest first, after a message
    /// if one is given: `limit` 1 to 100, 0 for 20.
    pub async fn get_unread_mentions(
        &self,
        group: &GroupId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<History, ClientError> {
        let channel = Some(Channel::group(group.as_str()));
        let from_message_id = after.unwrap_or_default().to_owned();
        ask!(self, GetUnreadMentions { channel, from_message_id, limit } => History)
    }
}
