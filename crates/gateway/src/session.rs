//! A logged-in connection, as the rest of the node sees it.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use nuncio_bus::Device;
use nuncio_core::Newcomer;
use nuncio_core::webhooks::Status;
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::values::Label;
use nuncio_protocol::{Os, Timestamp, UserId};

use crate::mailbox::Mailbox;
use crate::registry::Key;

/// Tells sessions apart; means nothing outside of logs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SessionId(u64);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Who is connected, by which token, and the mailbox that leads to the connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) platform: Label,
    pub(crate) sdk_version: Label,
    /// When it logged in.
    pub(crate) since: Timestamp,
    pub(crate) address: Option<IpAddr>,
    pub(crate) token_issued_at: Timestamp,
    /// The version of the App Secret that the token was made under.
    pub(crate) secret_version: i64,
    /// When the token ends by itself; the connection outlives that, a registration for push does not.
    pub(crate) token_expires_at: Option<Timestamp>,
    pub(crate) mailbox: Mailbox,
    pub(crate) presence: Presence,
    /// The last inbox entry that the device has said it holds.
    pub(crate) held: AtomicU64,
}

/// What the app's server is told of a session.
#[derive(Debug, Default)]
pub(crate) struct Presence(AtomicU8);

const NOTHING: u8 = 0;
const ONLINE: u8 = 1;
const LEAVING: u8 = 2;

impl Session {
    /// The device, as operators are shown it.
    pub(crate) fn to_device(&self) -> Device {
        Device {
            session: self.id.to_string(),
            device: self.device.as_str().to_owned(),
            platform: self.platform.as_str().to_owned(),
            sdk_version: self.sdk_version.as_str().to_owned(),
            since: self.since,
            address: self.address.map(|address| address.to_string()).unwrap_or_default(),
            node: String::new(),
        }
    }

    /// The device, as the directory of a cluster's sessions is told of it.
    pub(crate) fn to_newcomer(&self) -> Newcomer {
        let Device { session, platform, sdk_version, address, .. } = self.to_device();
        Newcomer { session, device: self.device.clone(), platform, sdk_version, address }
    }

    /// What it runs on, as app servers are told.
    pub(crate) fn os(&self) -> Os {
        Os::of_platform(self.platform.as_str())
    }

    /// It counts as a device from now on.
    pub(crate) fn begins(&self) {
        self.presence.0.store(ONLINE, Ordering::Release);
    }

    /// It ends because the user wants so, or is no more.
    pub(crate) fn leaves(&self) {
        let (from, to) = (ONLINE, LEAVING);
        let _ = self.presence.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }

    /// It counts no longer; answers what became of it, once.
    pub(crate) fn ends(&self) -> Option<Status> {
        match self.presence.0.swap(NOTHING, Ordering::AcqRel) {
            ONLINE => Some(Status::Offline),
            LEAVING => Some(Status::LoggedOut),
            _ => None,
        }
    }

    pub(crate) fn key(&self) -> Key {
        (self.app, self.user.clone())
    }
}
