//! Who is connected here: sessions by app and user.
//!
//! A session is here before its user's standing is read, so that whoever changes the standing finds it; it is
//! *welcomed* afterwards, and only then counts as a device.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nuncio_bus::{Close, Device, Presence};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use smallvec::SmallVec;

use crate::session::Session;

/// Parts of the registry that are locked apart from each other.
const SHARDS: usize = 64;

/// A user within an app.
pub(crate) type Key = (AppId, UserId);

type Shard = HashMap<Key, Devices>;

/// A user's sessions here. Most users have one.
#[derive(Debug, Default)]
struct Devices {
    /// Oldest first; with each, whether it was welcomed.
    sessions: SmallVec<[(Arc<Session>, bool); 1]>,
    /// When the first of them was welcomed.
    online_since: Timestamp,
}

impl Devices {
    fn welcomed(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.iter().filter(|(_, welcomed)| *welcomed).map(|(session, _)| session)
    }
}

/// The sessions of this node.
#[derive(Debug)]
pub(crate) struct Registry {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

/// What a welcome changed.
#[derive(Debug, Default)]
pub(crate) struct Welcomed {
    /// Whether the user had no device here before.
    pub(crate) came_online: bool,
    /// Devices that must give way.
    pub(crate) replaced: Vec<Arc<Session>>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        #[expect(clippy::cast_possible_truncation, reason = "only the remainder matters")]
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a session in.
    pub(crate) fn insert(&self, session: Arc<Session>) {
        let key = session.key();
        self.shard(&key).entry(key).or_default().sessions.push((session, false));
    }

    /// Makes a session that is here count as a device. An older session of the same device must give way, and
    /// the oldest ones past `most` devices.
    pub(crate) fn welcome(&self, session: &Arc<Session>, most: u32, now: Timestamp) -> Welcomed {
        let key = session.key();
        let mut shard = self.shard(&key);
        let Some(devices) = shard.get_mut(&key) else { return Welcomed::default() };
        let mut replaced: Vec<_> = devices
            .welcomed()
            .filter(|other| other.device == session.device && !Arc::ptr_eq(other, session))
            .cloned()
            .collect();
        let came_online = devices.welcomed().next().is_none();
        if came_online {
            devices.online_since = now;
        }
        for (other, welcomed) in &mut devices.sessions {
            *welcomed |= Arc::ptr_eq(other, session);
        }
        let others = || devices.welcomed().filter(|other| other.device != session.device);
        let too_many = (others().count() + 1).saturating_sub(most.max(1) as usize);
        replaced.extend(others().take(too_many).cloned());
        Welcomed { came_online, replaced }
    }

    /// Lets a session go. Returns whether it was its user's last device, or `None` when it was not here.
    pub(crate) fn remove(&self, session: &Arc<Session>) -> Option<bool> {
        let key = session.key();
        let mut shard = self.shard(&key);
        let devices = shard.get_mut(&key)?;
        let place = devices.sessions.iter().position(|(other, _)| Arc::ptr_eq(other, session))?;
        let (_, welcomed) = devices.sessions.remove(place);
        let went_offline = welcomed && devices.welcomed().next().is_none();
        if devices.sessions.is_empty() {
            shard.remove(&key);
        }
        Some(went_offline)
    }

    /// Calls `each` with a user's sessions, if there are any.
    pub(crate) fn with(&self, key: &Key, mut each: impl FnMut(&Arc<Session>)) {
        if let Some(devices) = self.shard(key).get(key) {
            for (session, _) in &devices.sessions {
                each(session);
            }
        }
    }

    /// Whether a user has devices here, and which.
    pub(crate) fn presence(&self, key: &Key) -> Presence {
        let shard = self.shard(key);
        let Some(devices) = shard.get(key) else { return Presence::default() };
        let mut platforms: Vec<_> =
            devices.welcomed().map(|session| session.platform.as_str().to_owned()).collect();
        if platforms.is_empty() {
            return Presence::default();
        }
        platforms.sort();
        platforms.dedup();
        platforms.retain(|platform| !platform.is_empty());
        Presence { online: true, changed_at: devices.online_since, platforms }
    }

    /// A user's devices here.
    pub(crate) fn devices(&self, key: &Key) -> Vec<Device> {
        let shard = self.shard(key);
        let devices = shard.get(key);
        devices.into_iter().flat_map(Devices::welcomed).map(|session| session.to_device()).collect()
    }

    /// How many users of an app have devices here.
    pub(crate) fn online(&self, app: AppId) -> usize {
        let online = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let is_online = |(key, devices): &(&Key, &Devices)| {
                key.0 == app && devices.welcomed().next().is_some()
            };
            shard.iter().filter(is_online).count()
        };
        self.shards.iter().map(online).sum()
    }

    /// The sessions that an order to close means.
    pub(crate) fn meant(&self, close: &Close) -> Vec<Arc<Session>> {
        let is_meant = |session: &Session| {
            session.app == close.app
                && close.tokens_before.is_none_or(|moment| session.token_issued_at < moment)
                && close.secret_before.is_none_or(|version| session.secret_version < version)
        };
        let mut meant = Vec::new();
        match &close.users {
            Some(users) => {
                for user in users {
                    self.with(&(close.app, user.clone()), |session| {
                        if is_meant(session) {
                            meant.push(Arc::clone(session));
                        }
                    });
                }
            }
            None => meant.extend(self.all().into_iter().filter(|session| is_meant(session))),
        }
        meant
    }

    /// All sessions.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let sessions = shard.values().flat_map(|devices| &devices.sessions);
            all.extend(sessions.map(|(session, _)| Arc::clone(session)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::Code;
    use nuncio_protocol::frames::Failure;
    use nuncio_protocol::ids::DeviceId;
    use nuncio_protocol::values::Label;
    use proptest::prelude::*;

    use super::*;
    use crate::mailbox::Mailbox;
    use crate::session::{self, SessionId};

    fn session(app: i64, user: &str, device: &str, issued_at: i64) -> Arc<Session> {
        Arc::new(Session {
            id: SessionId::random(),
            app: AppId(app),
            user: UserId::try_from(user).unwrap(),
            device: DeviceId::try_from(device).unwrap(),
            platform: Label::try_from("web").unwrap(),
            sdk_version: Label::try_from("1").unwrap(),
            since: Timestamp(0),
            address: None,
            token_issued_at: Timestamp(issued_at),
            secret_version: issued_at,
            token_expires_at: None,
            mailbox: Mailbox::default(),
            presence: session::Presence::default(),
            held: std::sync::atomic::AtomicU64::default(),
        })
    }

    fn devices(sessions: &[Arc<Session>]) -> Vec<&str> {
        sessions.iter().map(|session| session.device.as_str()).collect()
    }

    /// Logs a session in; tells which devices gave way.
    fn login(registry: &Registry, session: &Arc<Session>, most: u32) -> Vec<String> {
        registry.insert(Arc::clone(session));
        let replaced = registry.welcome(session, most, Timestamp(7)).replaced;
        for other in &replaced {
            registry.remove(other);
        }
        devices(&replaced).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_oldest_device_gives_way_to_one_too_many() {
        let registry = Registry::new();
        for device in ["a", "b", "c"] {
            assert!(login(&registry, &session(1, "ada", device, 0), 3).is_empty());
        }
        assert!(login(&registry, &session(1, "bob", "a", 0), 3).is_empty(), "another user");
        assert_eq!(login(&registry, &session(1, "ada", "d", 0), 3), ["a"]);
        assert_eq!(login(&registry, &session(1, "ada", "e", 0), 1), ["b", "c", "d"]);
    }

    #[test]
    fn a_device_that_comes_again_replaces_only_itself() {
        let registry = Registry::new();
        login(&registry, &session(1, "ada", "a", 0), 2);
        login(&registry, &session(1, "ada", "b", 0), 2);
        assert_eq!(login(&registry, &session(1, "ada", "b", 0), 2), ["b"]);
    }

    #[test]
    fn only_who_was_welcomed_is_online_or_takes_a_place() {
        let registry = Registry::new();
        let first = session(1, "ada", "a", 0);
        registry.insert(Arc::clone(&first));
        assert!(!registry.presence(&first.key()).online);
        let second = session(1, "ada", "b", 0);
        registry.insert(Arc::clone(&second));
        let welcomed = registry.welcome(&second, 1, Timestamp(7));
        assert!(welcomed.came_online && welcomed.replaced.is_empty());
        let presence = registry.presence(&first.key());
        assert_eq!(presence.platforms, ["web"]);
        assert_eq!((presence.online, presence.changed_at), (true, Timestamp(7)));
        assert_eq!(registry.remove(&second), Some(true));
        assert_eq!((registry.remove(&second), registry.remove(&first)), (None, Some(false)));
        assert!(registry.all().is_empty());
    }

    #[test]
    fn an_order_to_close_means_only_whom_it_names() {
        let registry = Registry::new();
        for (app, user, device, issued_at) in [
            (1, "ada", "old", 1),
            (1, "ada", "new", 5),
            (1, "bob", "bobs", 1),
            (2, "ada", "other", 1),
        ] {
            login(&registry, &session(app, user, device, issued_at), 10);
        }
        let meant = |users: Option<&str>, tokens_before, secret_before| {
            let close = Close {
                app: AppId(1),
                users: users.map(|user| vec![UserId::try_from(user).unwrap()]),
                tokens_before,
                secret_before,
                why: Failure::new(Code::ComeBack, ""),
            };
            let mut meant: Vec<_> =
                devices(&registry.meant(&close)).into_iter().map(str::to_owned).collect();
            meant.sort();
            meant
        };
        assert_eq!(meant(Some("ada"), None, None), ["new", "old"]);
        assert_eq!(meant(Some("ada"), Some(Timestamp(5)), None), ["old"]);
        assert_eq!(meant(None, None, None), ["bobs", "new", "old"]);
        assert_eq!(meant(None, None, Some(5)), ["bobs", "old"]);
        assert!(meant(Some("eve"), None, None).is_empty());
    }

    proptest! {
        #[test]
        fn nobody_has_more_devices_than_allowed_and_nothing_is_left_at_the_end(
            steps in prop::collection::vec((0u8..3, 0u8..6, any::<bool>()), 0..60),
        ) {
            let registry = Registry::new();
            let mut here: Vec<Arc<Session>> = Vec::new();
            for (user, device, leaves) in steps {
                if leaves && !here.is_empty() {
                    let gone = here.remove(usize::from(device) % here.len());
                    let last = registry.remove(&gone);
                    let others = here.iter().any(|s| s.user == gone.user);
                    prop_assert_eq!(last, Some(!others));
                } else {
                    let session = session(1, &format!("u{user}"), &format!("d{device}"), 0);
                    registry.insert(Arc::clone(&session));
                    let welcomed = registry.welcome(&session, 3, Timestamp(1));
                    prop_assert_eq!(welcomed.came_online, !here.iter().any(|s| s.user == session.user));
                    for other in welcomed.replaced {
                        registry.remove(&other);
                        here.retain(|s| !Arc::ptr_eq(s, &other));
                    }
                    here.push(session);
                }
                for user in ["u0", "u1", "u2"] {
                    let mine: Vec<_> = here.iter().filter(|s| s.user.as_str() == user).collect();
                    prop_assert!(mine.len() <= 3);
                    let key = (AppId(1), UserId::try_from(user).unwrap());
                    prop_assert_eq!(registry.presence(&key).online, !mine.is_empty());
                }
            }
            for session in here {
                registry.remove(&session);
            }
            prop_assert!(registry.all().is_empty());
        }
    }
}
