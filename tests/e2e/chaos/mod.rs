//! The promises under faults: people write, an app server bans and blocks, and meanwhile nodes die and freeze, their
//! clocks jump, cables are cut or slow, bus and database start anew. What everybody saw is judged by `history` at the
//! end.
//!
//! What happens, and when, is drawn from a seed, which is printed; `NUNCIO_CHAOS_SEED` replays it, and
//! `NUNCIO_CHAOS_SECONDS` says for how long (`make chaos`).

mod app_server;
mod faults;
mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nuncio_testkit::cluster::wait_for;
use nuncio_testkit::{Api, Cluster};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::BINARY;
use crate::history::{
    self, Attempt, Deed, judge_devices, judge_inbox, judge_lives, judge_rules, judge_tenancy,
};
use app_server::Rules;
use people::{Line, Told};

/// People of each app.
const PEOPLE: usize = 4;
/// How long a connection may live on under a ban when the worst comes together: the longest fault, a lease, and a
/// machine that is busy.
const GRACE: Duration = Duration::from_secs(20);
/// By how much the time of a message may be off: far less than clocks are moved.
const OFF_MS: u64 = 4000;

/// What all who take part share.
#[derive(Clone)]
struct Stage {
    addresses: Arc<Vec<String>>,
    stop: Arc<AtomicBool>,
}

impl Stage {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn any(&self, chance: &mut StdRng) -> &str {
        &self.addresses[chance.random_range(0..self.addresses.len())]
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn name(person: usize) -> String {
    format!("p{person}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_promises_hold_while_nodes_cables_bus_and_database_fail() {
    let seed = from_environment("NUNCIO_CHAOS_SEED").unwrap_or_else(rand::random);
    let seconds = from_environment("NUNCIO_CHAOS_SECONDS").unwrap_or(150);
    eprintln!("NUNCIO_CHAOS_SEED={seed} NUNCIO_CHAOS_SECONDS={seconds}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::start_fragile(BINARY, &[]).await;
    let addresses: Vec<_> = cluster.nodes.iter().map(|node| node.address.clone()).collect();
    let stage = Stage { addresses: Arc::new(addresses), stop: Arc::default() };

    // The other app has the same people, who must never hear of each other.
    let mut apps: Vec<Api> = vec![cluster.app.clone()];
    apps.push(cluster.another_app().await);
    let (mut cast, mut lines) = (Vec::new(), Vec::new());
    for (app, api) in apps.iter().enumerate() {
        for person in 0..PEOPLE {
            let who = (person, api.token(&name(person)).await);
            let way = || Line::to(&stage.addresses);
            let own = [way().await, way().await, way().await];
            lines.extend(own.clone());
            let chance = StdRng::seed_from_u64(chance.random());
            let app = (app, api.key.clone());
            cast.push(people::Person::start(stage.clone(), own, chance, app, who));
        }
    }
    let admin_chance = StdRng::seed_from_u64(chance.random());
    let admin = app_server::start(stage.clone(), admin_chance, apps[0].clone());

    let time = Duration::from_secs(seconds);
    let faults = faults::wreak(&mut cluster, &lines, &mut chance, time).await;
    stage.stop.store(true, Ordering::SeqCst);
    let rules = admin.await.unwrap();
    let mut told = Vec::new();
    for person in cast {
        told.push(person.finish().await);
    }
    for person in 0..PEOPLE {
        wait_for("everybody who has left to be offline on every node", async || {
            for node in 0..cluster.nodes.len() {
                if cluster.is_online(node, &name(person)).await {
                    return false;
                }
            }
            true
        })
        .await;
    }
    let judged = judge(&told, &rules).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    eprintln!("seed {seed}, {seconds} s: {judged}; faults: {}", faults.join(", "));
    assert!(judged.acked > 10, "too little went through");
}

/// What was judged, and found right.
#[derive(Default)]
struct Judged {
    logins: usize,
    sends: usize,
    acked: usize,
    switches: usize,
    rules: history::Judged,
    bans_outlived: usize,
    off_ms: u64,
}

impl std::fmt::Display for Judged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { logins, sends, acked, switches, rules, bans_outlived, off_ms } = self;
        write!(
            f,
            "{sends} sends and {logins} logins tried, {acked} messages acked and delivered, {switches} bans and \
             blocks switched, {} tries judged under a rule and {} under none, {bans_outlived} bans stood for long \
             enough to judge that no connection outlived them, acks' times off by {off_ms} ms at most",
            rules.forbidden, rules.allowed
        )
    }
}

fn judge(told: &[Told], rules: &Rules) -> Result<Judged, String> {
    let mut judged = Judged { switches: rules.answered(), ..Judged::default() };
    let all: Vec<&Attempt> = told.iter().flat_map(|person| &person.attempts).collect();
    judged.sends = all.iter().filter(|attempt| attempt.deed == Deed::Send).count();
    judged.logins = all.len() - judged.sends;
    for person in told {
        let me = people::to(person.app, person.person);
        let whose = |wrong| format!("{me} {wrong}");
        let to_me: Vec<Attempt> = all
            .iter()
            .filter(|attempt| attempt.message.starts_with(&me))
            .map(|attempt| (*attempt).clone())
            .collect();
        judge_devices(&person.devices).map_err(whose)?;
        judge_tenancy(&me, &person.received())?;
        judge_inbox(&to_me, &person.received()).map_err(whose)?;
        judged.acked += to_me.iter().filter(|attempt| attempt.refused.is_none()).count();
        judged.off_ms = judged.off_ms.max(person.off_ms);
        if person.app == 0 {
            judge_app_server(person, rules, &mut judged).map_err(whose)?;
        }
    }
    if judged.off_ms > OFF_MS {
        return Err(format!("a message's time is off by {} ms", judged.off_ms));
    }
    Ok(judged)
}

/// What the app server has switched for a person, against what the person saw.
fn judge_app_server(person: &Told, rules: &Rules, judged: &mut Judged) -> Result<(), String> {
    judged.bans_outlived += judge_lives(&person.lives, rules.bans(person.person), GRACE)?;
    for other in 0..PEOPLE {
        let to_other = people::to(0, other);
        let concerns = |attempt: &&Attempt| {
            attempt.deed == Deed::Login || attempt.message.starts_with(&to_other)
        };
        let of_pair: Vec<Attempt> = person.attempts.iter().filter(concerns).cloned().collect();
        let found = judge_rules(&of_pair, &rules.between(person.person, other))?;
        judged.rules.forbidden += found.forbidden;
        judged.rules.allowed += found.allowed;
    }
    Ok(())
}
