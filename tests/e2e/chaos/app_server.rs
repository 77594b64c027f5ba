//! An app server that bans and blocks, on whatever node answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use nuncio_testkit::Api;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{GRACE, PEOPLE, Stage, name};
use crate::history::{Deed, Rule, Switch};

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// What was switched, and when.
#[derive(Default)]
pub(super) struct Rules {
    bans: HashMap<usize, Vec<Switch>>,
    /// By who blocks, and whom.
    blocks: HashMap<(usize, usize), Vec<Switch>>,
}

impl Rules {
    /// When a person was banned and unbanned.
    pub(super) fn bans(&self, person: usize) -> &[Switch] {
        self.bans.get(&person).map_or(&[], Vec::as_slice)
    }

    /// How many switches were answered.
    pub(super) fn answered(&self) -> usize {
        let all = self.bans.values().chain(self.blocks.values()).flatten();
        all.filter(|switch| switch.answered.is_some()).count()
    }

    /// The rules that stand between a sender and a recipient.
    pub(super) fn between(&self, sender: usize, recipient: usize) -> [Rule; 2] {
        let codes = |codes: &[u32]| codes.iter().copied().collect::<BTreeSet<u32>>();
        let ban = Rule {
            refuses: BTreeMap::from([
                (Deed::Send, codes(&[31009, 31011])),
                (Deed::Login, codes(&[31009, 31011])),
            ]),
            switches: self.bans.get(&sender).cloned().unwrap_or_default(),
        };
        let block = Rule {
            refuses: BTreeMap::from([(Deed::Send, codes(&[405]))]),
            switches: self.blocks.get(&(recipient, sender)).cloned().unwrap_or_default(),
        };
        [ban, block]
    }
}

/// Switches rules until the end, and returns which.
pub(super) fn start(stage: Stage, mut chance: StdRng, app: Api) -> JoinHandle<Rules> {
    tokio::spawn(async move {
        let mut rules = Rules::default();
        // Bans that stand for so long that every connection must have ended.
        let mut left_alone = HashMap::<usize, Instant>::new();
        while !stage.is_over() {
            let pause = Duration::from_millis(chance.random_range(50..600));
            tokio::time::sleep(pause).await;
            let (one, step) = (chance.random_range(0..PEOPLE), chance.random_range(1..PEOPLE));
            let other = (one + step) % PEOPLE;
            let is_ban = chance.random_bool(0.4);
            let is_long = chance.random_bool(0.1);
            if is_ban && left_alone.get(&one).is_some_and(|until| Instant::now() < *until) {
                continue;
            }
            let (path, body, switches) = if is_ban {
                let switches = rules.bans.entry(one).or_default();
                if switches.last().is_some_and(|last| last.on) {
                    ("/v4/user/unban", json!({ "userIds": [name(one)] }), switches)
                } else {
                    let ban = json!({ "userIds": [name(one)], "durationMinutes": 60 });
                    ("/v4/user/ban", ban, switches)
                }
            } else {
                let switches = rules.blocks.entry((one, other)).or_default();
                if switches.last().is_some_and(|last| last.on) {
                    let remove = json!({ "userId": name(one), "blockedUserIds": [name(other)] });
                    ("/v4/user/blocklist/remove", remove, switches)
                } else {
                    let add = json!({ "userId": name(one), "targetUserIds": [name(other)] });
                    ("/v4/user/blocklist/add", add, switches)
                }
            };
            let on = switches.last().is_none_or(|last| !last.on);
            let asked = Instant::now();
            let answered = insist(&stage, &mut chance, &app, path, &body, false).await;
            if let (true, true, true, Some(answered)) = (is_ban, is_long, on, answered) {
                left_alone.insert(one, answered + GRACE + Duration::from_secs(5));
            }
            switches.push(Switch { asked, answered, on });
        }
        // Everybody shall be able to look into the inbox at last.
        for (person, switches) in &mut rules.bans {
            let (path, body) = ("/v4/user/unban", json!({ "userIds": [name(*person)] }));
            let asked = Instant::now();
            let answered = insist(&stage, &mut chance, &app, path, &body, true).await;
            switches.push(Switch { asked, answered, on: false });
        }
        rules
    })
}

/// Calls until a node says that it is done; `None` when that did not come about before the end, unless it is
/// `at_last`.
async fn insist(
    stage: &Stage,
    chance: &mut StdRng,
    app: &Api,
    path: &str,
    body: &serde_json::Value,
    at_last: bool,
) -> Option<Instant> {
    loop {
        let api = Api::new(stage.any(chance), &app.key, &app.secret);
        let called = tokio::time::timeout(PATIENCE, api.try_call(path, body.clone())).await;
        match called {
            Ok(Ok(answer)) if answer.status == 200 => return Some(Instant::now()),
            Ok(Ok(answer)) if answer.status < 500 => panic!("{path}: {}", answer.body),
            _ if stage.is_over() && !at_last => return None,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
