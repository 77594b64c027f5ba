//! What the fuzzer in `fuzz/` calls: what a server writes, up to the local database. It panics when
//! what was read breaks a promise.

use nuncio_protocol::frames::{ProtobufMessage as _, ServerFrame, server_frame};
use rusqlite::Connection;

use crate::db::{self, Keep, StoreError, apply};
use crate::error::Cause;
use crate::inbox::{Inbox, Reset, Step};

const ME: &str = "alice";
const KEEP: Keep = Keep { messages: 3, rows: 3 };

/// Reads frames of a server, each behind its length, and does what they say to an inbox and a database.
pub fn message_frames(mut bytes: &[u8]) {
    let mut device = None;
    while let Ok(frame) = ServerFrame::decode_length_delimited(&mut bytes) {
        let again = frame.encode_to_vec();
        assert_eq!(ServerFrame::decode(again.as_slice()).as_ref(), Ok(&frame));
        let Some(body) = frame.body else { continue };
        // A database of its own is the slowest part.
        let device = device.get_or_insert_with(Device::new);
        if let Err(error) = device.receive(body) {
            panic!("the local database failed: {error}");
        }
    }
}

struct Device {
    inbox: Inbox,
    db: Connection,
}

impl Device {
    fn new() -> Self {
        match db::connect(None) {
            Ok(db) => Self { inbox: Inbox::new(0, 0, 0).0, db },
            Err(error) => panic!("no database in memory: {error}"),
        }
    }

    fn receive(&mut self, body: server_frame::Body) -> Result<(), StoreError> {
        match body {
            server_frame::Body::Welcome(welcome) => {
                let cursor = db::cursor(&self.db)?;
                let (inbox, reset) = Inbox::new(cursor, welcome.inbox_head, welcome.inbox_floor);
                self.inbox = inbox;
                self.reset(reset)?;
            }
            server_frame::Body::Entry(entry) => self.inbox.pushed(entry),
            server_frame::Body::SyncPage(page) => {
                let reset = self.inbox.page(page);
                self.reset(reset)?;
            }
            server_frame::Body::MessageSent(sent) => self.inbox.acknowledged(sent.seq),
            server_frame::Body::Pong(pong) => self.inbox.saw_head(pong.inbox_head),
            server_frame::Body::ChannelStates(page) => {
                apply::store_channels(&mut self.db, ME, &page.channels, KEEP)?;
            }
            server_frame::Body::Failure(failure) | server_frame::Body::Closing(failure) => {
                drop(Cause::from(failure).to_string());
            }
            _ => {}
        }
        if let Some(after) = self.inbox.ask_after() {
            assert_eq!(after, self.inbox.cursor());
            assert!(after < self.inbox.head());
        }
        self.settle()
    }

    fn reset(&mut self, reset: Option<Reset>) -> Result<(), StoreError> {
        reset.map_or(Ok(()), |Reset { cursor }| apply::reset(&mut self.db, cursor))
    }

    /// Applies what is next, and looks whether it was the next.
    fn settle(&mut self) -> Result<(), StoreError> {
        let before = db::cursor(&self.db)?;
        let steps = self.inbox.ready(usize::MAX);
        assert!(steps.iter().map(Step::seq).eq((1..=steps.len() as u64).map(|n| before + n)));
        assert!(!self.inbox.has_ready());
        let most = steps.len();
        let applied = apply::commit(&mut self.db, ME, Vec::new(), steps, KEEP)?;
        assert!(applied.events.len() <= most, "an entry is told as two events");
        assert_eq!(db::cursor(&self.db)?, self.inbox.cursor());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn what_the_fuzzer_found_worth_keeping_keeps_the_promises() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/message_frames");
        let mut inputs = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            super::message_frames(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0);
    }
}
