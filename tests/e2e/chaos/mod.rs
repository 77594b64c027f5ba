//! The promises under faults: people write, an app server bans and blocks, and meanwhile nodes die and freeze,
//! cables are cut, bus and database start anew. What everybody saw is judged by `history` at the end.
//!
//! What happens, and when, is drawn from a seed, which is printed; `NUNCIO_CHAOS_SEED` replays it, and
//! `NUNCIO_CHAOS_SECONDS` says for how long (`make chaos`).

mod app_server;
mod faults;
mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nuncio_testkit::{Api, Cluster};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::BINARY;
use crate::history::{Attempt, Deed, judge_devices, judge_inbox, judge_rules};

/// People of each app.
const PEOPLE: usize = 4;

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
    let seconds = from_environment("NUNCIO_CHAOS_SECONDS").unwrap_or(45);
    eprintln!("NUNCIO_CHAOS_SEED={seed} NUNCIO_CHAOS_SECONDS={seconds}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::start_alone(BINARY, &[]).await;
    let addresses = cluster.nodes.iter().map(|node| node.address.clone()).collect();
    let stage = Stage { addresses: Arc::new(addresses), stop: Arc::default() };

    // The other app has the same people, who must never hear of each other.
    let mut apps: Vec<Api> = vec![cluster.app.clone()];
    apps.push(cluster.another_app().await);
    let mut cast = Vec::new();
    for (app, api) in apps.iter().enumerate() {
        for person in 0..PEOPLE {
            let token = api.token(&name(person)).await;
            let key = api.key.clone();
            let (stage, chance) = (stage.clone(), StdRng::seed_from_u64(chance.random()));
            cast.push(people::Person::start(stage, chance, app, key, person, token));
        }
    }
    let admin_chance = StdRng::seed_from_u64(chance.random());
    let admin = app_server::start(stage.clone(), admin_chance, apps[0].clone());

    let faults = faults::wreak(&mut cluster, &mut chance, Duration::from_secs(seconds)).await;
    stage.stop.store(true, Ordering::SeqCst);
    let rules = admin.await.unwrap();
    let mut told = Vec::new();
    for person in cast {
        told.push(person.finish().await);
    }

    let (mut sends, mut judged) = (0, (0, 0));
    let all: Vec<&Attempt> = told.iter().flat_map(|person| &person.attempts).collect();
    for person in &told {
        let whose = format!("seed {seed}: p{} of app {}", person.person, person.app);
        if let Err(wrong) = judge_devices(&person.devices) {
            panic!("{whose}: {wrong}");
        }
        let to_me: Vec<Attempt> = all
            .iter()
            .filter(|attempt| attempt.message.starts_with(&people::to(person.app, person.person)))
            .map(|attempt| (*attempt).clone())
            .collect();
        let received: Vec<String> = person.received();
        if let Some(foreign) =
            received.iter().find(|id| !id.starts_with(&people::to(person.app, person.person)))
        {
            panic!("{whose} has got {foreign}");
        }
        if let Err(wrong) = judge_inbox(&to_me, &received) {
            panic!("{whose}: {wrong}");
        }
        sends += to_me.iter().filter(|attempt| attempt.refused.is_none()).count();
        if person.app == 0 {
            for other in 0..PEOPLE {
                let of_pair: Vec<Attempt> = person
                    .attempts
                    .iter()
                    .filter(|attempt| {
                        attempt.deed == Deed::Login
                            || attempt.message.starts_with(&people::to(0, other))
                    })
                    .cloned()
                    .collect();
                match judge_rules(&of_pair, &rules.between(person.person, other)) {
                    Ok(found) => judged = (judged.0 + found.forbidden, judged.1 + found.allowed),
                    Err(wrong) => panic!("{whose} to p{other}: {wrong}"),
                }
            }
        }
    }
    eprintln!(
        "seed {seed}: {sends} messages acked and delivered, {} tries judged forbidden and {} allowed, \
         under: {}",
        judged.0,
        judged.1,
        faults.join(", ")
    );
    assert!(sends > 10, "too little went through: {sends}");
}
