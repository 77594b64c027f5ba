//! What the API has answered holds: each rule is changed back and forth while several tasks hammer sends
//! and logins, and nothing that began after an answer may contradict it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nuncio_protocol::frames::{Channel, Entry, entry};
use nuncio_testkit::{Api, Refused, Wire, World};
use serde_json::json;
use tokio::task::JoinSet;

use crate::everywhere;
use crate::history::{Attempt, Change, Deed, LOST_CONNECTION, judge, judge_inbox};

/// Times that each rule is switched on and off.
const ROUNDS: usize = 4;
/// Tasks that send and log in all the while.
const TASKS: usize = 4;
/// How long each state of a rule is hammered at.
const STATE: Duration = Duration::from_millis(250);

/// Codes that a closed connection or a refused login may tell.
const BANNED: &[u32] = &[31009, 31011];
const DELETED: &[u32] = &[31029];
const EXPIRED: &[u32] = &[31020];

/// Tasks that write to a channel in alice's name, and remember what became of it.
struct Hammer {
    attempts: Arc<Mutex<Vec<Attempt>>>,
    token: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Hammer {
    async fn start(world: &World, to: &Channel) -> Self {
        let token = Arc::new(Mutex::new(world.api.token("alice").await));
        let mut hammer =
            Self { attempts: Arc::default(), token, stop: Arc::default(), tasks: JoinSet::new() };
        let count = Arc::new(AtomicU64::new(0));
        for task in 0..TASKS {
            let (address, key) = (world.address.clone(), world.api.key.clone());
            let (attempts, token) = (hammer.attempts.clone(), hammer.token.clone());
            let (stop, count, to) = (hammer.stop.clone(), count.clone(), to.clone());
            hammer.tasks.spawn(async move {
                let mut wire: Option<Wire> = None;
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let record = |deed, refused, message: &str| {
                        let (ended, message) = (Instant::now(), message.to_owned());
                        attempts.lock().unwrap().push(Attempt {
                            deed,
                            begun,
                            ended,
                            refused,
                            message,
                        });
                    };
                    let Some(connection) = &mut wire else {
                        let with = token.lock().unwrap().clone();
                        match Wire::login(&address, &key, &with, &format!("device-{task}")).await {
                            Ok(connection) => {
                                record(Deed::Login, None, "");
                                wire = Some(connection);
                            }
                            Err(error) => {
                                record(Deed::Login, Some(code(&error)), "");
                                tokio::time::sleep(Duration::from_millis(2)).await;
                            }
                        }
                        continue;
                    };
                    let id = format!("m-{}", count.fetch_add(1, Ordering::Relaxed));
                    match connection.send_in(to.clone(), &id, "hello").await {
                        Ok(_) => record(Deed::Send, None, &id),
                        // A close says nothing of the send that was under way.
                        Err(_) if connection.closed.is_some() => {
                            record(Deed::Send, Some(LOST_CONNECTION), &id);
                            wire = None;
                        }
                        Err(error) => {
                            record(Deed::Send, Some(code(&error)), &id);
                            if code(&error) == LOST_CONNECTION {
                                wire = None;
                            }
                        }
                    }
                }
            });
        }
        hammer
    }

    async fn stop(mut self) -> Vec<Attempt> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.attempts.lock().unwrap())
    }
}

fn code(error: &anyhow::Error) -> u32 {
    error.downcast_ref::<Refused>().map_or(LOST_CONNECTION, |refused| refused.0.code)
}

/// What a state of the rule forbids.
fn forbids(deeds: &[(Deed, &[u32])]) -> BTreeMap<Deed, BTreeSet<u32>> {
    deeds.iter().map(|(deed, codes)| (*deed, codes.iter().copied().collect())).collect()
}

/// Sends by a connection that the change has closed end without an answer or with the close's reason.
fn closed(codes: &[u32]) -> Vec<u32> {
    codes.iter().copied().chain([LOST_CONNECTION]).collect()
}

/// Switches a rule on and off while the hammer works on the direct channel with bob, then judges what it saw.
async fn hammer_at(
    world: &World,
    forbidden: &BTreeMap<Deed, BTreeSet<u32>>,
    set: impl AsyncFn(bool, &Hammer),
) {
    world.api.token("bob").await;
    hammer_on(world, &Channel::direct("bob"), forbidden, set).await;
}

/// The same on a group of bob's, in which alice is too.
async fn hammer_at_group(
    world: &World,
    forbidden: &BTreeMap<Deed, BTreeSet<u32>>,
    set: impl AsyncFn(bool, &Hammer),
) {
    for user in ["alice", "bob", "carol"] {
        world.api.token(user).await;
    }
    let group =
        json!({ "channelId": "g", "name": "G", "owner": "bob", "userIds": ["alice", "carol"] });
    world.api.ok("/v4/group-channel/create", group).await;
    hammer_on(world, &Channel::group("g"), forbidden, set).await;
    assert_eq!(inbox_of(world, "carol").await, inbox_of(world, "bob").await, "one order for all");
}

async fn hammer_on(
    world: &World,
    to: &Channel,
    forbidden: &BTreeMap<Deed, BTreeSet<u32>>,
    set: impl AsyncFn(bool, &Hammer),
) {
    let hammer = Hammer::start(world, to).await;
    let mut changes = Vec::new();
    for round in 0..ROUNDS * 2 {
        let forbid = round % 2 == 0;
        let asked = Instant::now();
        set(forbid, &hammer).await;
        let answered = Instant::now();
        let forbids = if forbid { forbidden.clone() } else { BTreeMap::new() };
        changes.push(Change { asked, answered, forbids });
        tokio::time::sleep(STATE).await;
    }
    let attempts = hammer.stop().await;
    let judged = judge(&attempts, &changes).unwrap();
    assert!(
        judged.forbidden >= ROUNDS && judged.allowed >= ROUNDS,
        "too little was tried: {judged:?}"
    );
    judge_inbox(&attempts, &inbox_of(world, "bob").await).unwrap();
}

/// Client message ids of everything that a user's inbox holds.
async fn inbox_of(world: &World, user: &str) -> Vec<String> {
    let mut wire = world.login(user, "reader").await;
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = wire.sync(after, 500).await.unwrap();
        for Entry { seq, body, .. } in &page.entries {
            assert_eq!(*seq, after + 1, "a gap in the inbox");
            after = *seq;
            // Notices of a group's changes are nobody's.
            if let Some(entry::Body::Message(message)) = body
                && message.r#type != "RC:GrpNtf"
            {
                found.push(message.client_message_id.clone());
            }
        }
        if page.entries.is_empty() {
            return found;
        }
    }
}

fn ids(user: &str) -> serde_json::Value {
    json!({ "userIds": [user] })
}

async fn new_token(api: &Api, hammer: &Hammer) {
    let token = api.token("alice").await;
    *hammer.token.lock().unwrap() = token;
}

everywhere! {
    async fn a_ban_and_an_unban_hold(world: World) {
        let sends = closed(BANNED);
        let forbidden = forbids(&[(Deed::Send, &sends), (Deed::Login, BANNED)]);
        hammer_at(&world, &forbidden, async |forbid, _| {
            if forbid {
                let ban = json!({ "userIds": ["alice"], "durationMinutes": 5, "reason": "spam" });
                world.api.ok("/v4/user/ban", ban).await;
            } else {
                world.api.ok("/v4/user/unban", ids("alice")).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_block_and_an_unblock_hold(world: World) {
        hammer_at(&world, &forbids(&[(Deed::Send, &[405])]), async |forbid, _| {
            if forbid {
                let add = json!({ "userId": "bob", "targetUserIds": ["alice"] });
                world.api.ok("/v4/user/blocklist/add", add).await;
            } else {
                let remove = json!({ "userId": "bob", "blockedUserIds": ["alice"] });
                world.api.ok("/v4/user/blocklist/remove", remove).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_whitelist_change_holds(world: World) {
        world.api.token("bob").await;
        let on = json!({ "userIds": ["bob"], "enabled": true });
        world.api.ok("/v4/user/whitelist/setting/set", on).await;
        hammer_at(&world, &forbids(&[(Deed::Send, &[407])]), async |forbid, _| {
            let entry = json!({ "userId": "bob", "targetUserIds": ["alice"] });
            let path = if forbid { "/v4/user/whitelist/remove" } else { "/v4/user/whitelist/add" };
            world.api.ok(path, entry).await;
        })
        .await;
        world.kill().await;
    }

    async fn switching_a_whitelist_holds(world: World) {
        hammer_at(&world, &forbids(&[(Deed::Send, &[407])]), async |forbid, _| {
            let set = json!({ "userIds": ["bob"], "enabled": forbid });
            world.api.ok("/v4/user/whitelist/setting/set", set).await;
        })
        .await;
        world.kill().await;
    }

    async fn friends_only_holds(world: World) {
        hammer_at(&world, &forbids(&[(Deed::Send, &[40321])]), async |forbid, _| {
            let value = if forbid { "true" } else { "false" };
            let set = ["app", "set", &world.api.key, "--only-friends-can-message", value];
            world.command(&set).await;
        })
        .await;
        world.kill().await;
    }

    async fn removing_a_friend_holds_where_only_friends_may_write(world: World) {
        world.command(&["app", "set", &world.api.key, "--only-friends-can-message", "true"]).await;
        hammer_at(&world, &forbids(&[(Deed::Send, &[40321])]), async |forbid, _| {
            if forbid {
                let remove = json!({ "userId": "bob", "targetIds": ["alice"] });
                world.api.ok("/v4/friend/remove", remove).await;
            } else {
                let add = json!({ "userId": "bob", "targetId": "alice", "action": 2 });
                world.api.ok("/v4/friend/add", add).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_mute_holds(world: World) {
        hammer_at(&world, &forbids(&[(Deed::Send, &[40322])]), async |forbid, _| {
            let state = i32::from(forbid);
            let set = json!({ "userIds": ["alice"], "muteState": state, "channelTypes": ["PERSON"] });
            world.api.ok("/v4/channel-type/mute/set", set).await;
        })
        .await;
        world.kill().await;
    }

    async fn an_expiry_holds(world: World) {
        let sends = closed(EXPIRED);
        let forbidden = forbids(&[(Deed::Send, &sends), (Deed::Login, EXPIRED)]);
        hammer_at(&world, &forbidden, async |forbid, hammer| {
            if forbid {
                tokio::time::sleep(Duration::from_millis(2)).await;
                let expire = json!({ "userIds": ["alice"], "expiresAt": crate::now_ms() });
                world.api.ok("/v4/auth/access-token/expire", expire).await;
            } else {
                new_token(&world.api, hammer).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_soft_delete_holds_until_restored(world: World) {
        let sends = closed(DELETED);
        // A token from before stays dead: once restored, only a new one logs in.
        let forbidden = forbids(&[(Deed::Send, &sends), (Deed::Login, DELETED)]);
        hammer_at(&world, &forbidden, async |forbid, hammer| {
            if forbid {
                world.api.ok("/v4/user/soft-delete", ids("alice")).await;
            } else {
                while world.api.call("/v4/user/restore", ids("alice")).await.status != 200 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                new_token(&world.api, hammer).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_removal_from_a_group_and_a_return_hold(world: World) {
        hammer_at_group(&world, &forbids(&[(Deed::Send, &[22406])]), async |forbid, _| {
            let path = if forbid { "/v4/group-channel/leave" } else { "/v4/group-channel/join" };
            world.api.ok(path, json!({ "channelId": "g", "userIds": ["alice"] })).await;
        })
        .await;
        world.kill().await;
    }

    async fn a_mute_in_a_group_and_its_end_hold(world: World) {
        hammer_at_group(&world, &forbids(&[(Deed::Send, &[22408])]), async |forbid, _| {
            let list = "/v4/group-channel/user/mute-list";
            let mut who = json!({ "channelId": "g", "userIds": ["alice"] });
            if forbid {
                who["durationMinutes"] = json!(5);
                world.api.ok(&format!("{list}/add"), who).await;
            } else {
                world.api.ok(&format!("{list}/remove"), who).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_mute_in_all_groups_and_its_end_hold(world: World) {
        hammer_at_group(&world, &forbids(&[(Deed::Send, &[22408])]), async |forbid, _| {
            let list = "/v4/group-channel/user/mute-list";
            if forbid {
                let who = json!({ "userIds": ["alice"], "durationMinutes": 0 });
                world.api.ok(&format!("{list}/add"), who).await;
            } else {
                world.api.ok(&format!("{list}/remove"), ids("alice")).await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn a_frozen_group_is_silent_until_it_is_thawed(world: World) {
        hammer_at_group(&world, &forbids(&[(Deed::Send, &[22408])]), async |forbid, _| {
            let verb = if forbid { "add" } else { "remove" };
            let path = format!("/v4/group-channel/freeze-list/{verb}");
            world.api.ok(&path, json!({ "channelIds": ["g"] })).await;
        })
        .await;
        world.kill().await;
    }

    async fn a_ban_holds_in_groups_too(world: World) {
        let sends = closed(BANNED);
        let forbidden = forbids(&[(Deed::Send, &sends), (Deed::Login, BANNED)]);
        hammer_at_group(&world, &forbidden, async |forbid, _| {
            if forbid {
                let ban = json!({ "userIds": ["alice"], "durationMinutes": 5 });
                world.api.ok("/v4/user/ban", ban).await;
            } else {
                world.api.ok("/v4/user/unban", ids("alice")).await;
            }
        })
        .await;
        world.kill().await;
    }
}
