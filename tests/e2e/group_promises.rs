//! What the API has answered about a group's member holds for all that a member does: once a removal, a mute or a freezing has
//! been answered, nothing of that member gets through, and nothing reaches who was removed. Several clients send, mention,
//! write to one member alone, edit and say what they have read all the while, and the server is killed in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nuncio_protocol::frames::{
    Channel, EditMessage, Entry, GetChannels, GetHistory, GetReceiptUsers, Message, SendMessage,
    SendReadReceipts, client_frame::Body, entry, server_frame,
};
use nuncio_testkit::{Refused, Wire, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::everywhere;
use crate::history::{Attempt, Change, Deed, in_force, judge, judge_inbox};

/// Times that the rule is switched on and off; in each state the server is killed once.
const ROUNDS: usize = 2;
/// How long each state is hammered at before and after the kill.
const STATE: Duration = Duration::from_millis(250);
/// The server or its database is not there: the client tries again.
const TRY_AGAIN: [u32; 3] = [32054, 50301, 50302];

const NOT_A_MEMBER: u32 = 22406;
const MUTED: u32 = 22408;
const NO_SUCH_RECIPIENT: u32 = 25418;

/// What somebody's device did, and what became of it. Whatever is lost on the way is asked again until there is an answer.
struct Person {
    address: String,
    key: String,
    token: String,
    name: String,
    wire: Option<Wire>,
    attempts: Vec<Attempt>,
    /// Ids of what was sent, by client message id.
    acks: BTreeMap<String, String>,
    /// What the edited message may say: the last edit that was accepted, and those lost on the way after it.
    edits: Vec<String>,
}

impl Person {
    async fn new(world: &World, user: &str, device: &str) -> Self {
        Self {
            address: world.address.clone(),
            key: world.api.key.clone(),
            token: world.api.token(user).await,
            name: format!("{user}-{device}"),
            wire: None,
            attempts: Vec::new(),
            acks: BTreeMap::new(),
            edits: Vec::new(),
        }
    }

    /// Asks until there is an answer; the code of a refusal, and whether a try was lost.
    async fn ask(&mut self, body: Body) -> (Result<server_frame::Body, u32>, bool) {
        let mut lost = false;
        loop {
            let Some(wire) = &mut self.wire else {
                self.wire =
                    Wire::login(&self.address, &self.key, &self.token, &self.name).await.ok();
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            match wire.call(body.clone()).await {
                Ok(answer) => return (Ok(answer), lost),
                Err(error) => match error.downcast_ref::<Refused>().map(|refused| refused.0.code) {
                    Some(code) if wire.closed.is_none() && !TRY_AGAIN.contains(&code) => {
                        return (Err(code), lost);
                    }
                    _ => (lost, self.wire) = (true, None),
                },
            }
        }
    }

    /// The same, remembered as an attempt that began with the first try. Returns whether it was accepted, or may have been.
    async fn attempt(&mut self, deed: Deed, message: &str, body: Body) -> (bool, bool) {
        let begun = Instant::now();
        let (answer, lost) = self.ask(body).await;
        let refused = answer.as_ref().err().copied();
        if let Ok(server_frame::Body::MessageSent(sent)) = answer {
            self.acks.insert(message.to_owned(), sent.message_id);
        }
        let (ended, message) = (Instant::now(), message.to_owned());
        self.attempts.push(Attempt { deed, begun, ended, refused, message });
        (refused.is_none(), lost)
    }

    async fn send(&mut self, deed: Deed, number: usize, to: &[&str], mentioned: Option<&str>) {
        let id = format!("{}-{number}", self.name);
        let mentions = mentioned.map(|user| json!({ "type": 2, "userIdList": [user] }));
        let content = json!({ "content": "hello", "mentionedInfo": mentions });
        let body = Body::SendMessage(SendMessage {
            channel: Some(Channel::group("g")),
            client_message_id: id.clone(),
            r#type: "RC:TxtMsg".into(),
            content: content.to_string(),
            needs_receipt: true,
            to_user_ids: to.iter().map(|user| (*user).to_owned()).collect(),
            ..SendMessage::default()
        });
        self.attempt(deed, &id, body).await;
    }

    async fn edit(&mut self, number: usize) {
        let content = json!({ "content": format!("{} edits {number}", self.name) }).to_string();
        let body = Body::EditMessage(EditMessage {
            channel: Some(Channel::group("g")),
            message_id: self.acks[&format!("{}-0", self.name)].clone(),
            content: content.clone(),
        });
        let (accepted, lost) = self.attempt(Deed::Edit, &content, body).await;
        if accepted {
            self.edits.clear();
        }
        if accepted || lost {
            self.edits.push(content);
        }
    }

    async fn say_read(&mut self, id: &str) {
        let receipts = SendReadReceipts {
            channel: Some(Channel::group("g")),
            message_ids: vec![id.to_owned()],
        };
        self.attempt(Deed::Receipt, id, Body::SendReadReceipts(receipts)).await;
    }
}

/// What everybody does until it is enough: two devices of alice's everything, carol writes to alice alone, bob to all.
struct Hammer {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Person>,
}

impl Hammer {
    async fn start(world: &World) -> Self {
        for user in ["alice", "bob", "carol", "dan"] {
            world.api.token(user).await;
        }
        let group = json!({
            "channelId": "g", "name": "G", "owner": "bob", "userIds": ["alice", "carol", "dan"],
        });
        world.api.ok("/v4/group-channel/create", group).await;
        let mut hammer = Self { stop: Arc::default(), tasks: JoinSet::new() };
        // The last that bob was told is sent.
        let latest: Arc<Mutex<Option<String>>> = Arc::default();
        for (user, device) in [("alice", "a"), ("alice", "b"), ("bob", "a"), ("carol", "a")] {
            let mut person = Person::new(world, user, device).await;
            // What is edited afterwards.
            person.send(Deed::Send, 0, &[], None).await;
            assert_eq!(person.attempts[0].refused, None);
            let (stop, latest) = (hammer.stop.clone(), latest.clone());
            hammer.tasks.spawn(async move {
                for number in 1.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match (user, number % 4) {
                        ("bob", _) => {
                            person.send(Deed::Send, number, &[], None).await;
                            let id = person.acks.get(&format!("{}-{number}", person.name));
                            if let Some(id) = id {
                                *latest.lock().unwrap() = Some(id.clone());
                            }
                        }
                        ("carol", _) => person.send(Deed::SendTo, number, &["alice"], None).await,
                        (_, 0) => person.edit(number).await,
                        (_, 1) => person.send(Deed::Send, number, &[], Some("dan")).await,
                        (_, 2) => person.send(Deed::Send, number, &["dan"], None).await,
                        _ => {
                            let id = latest.lock().unwrap().clone();
                            if let Some(id) = id {
                                person.say_read(&id).await;
                            }
                        }
                    }
                }
                person
            });
        }
        hammer
    }

    async fn stop(self) -> Vec<Person> {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await
    }
}

/// What a rule forbids while it is on: to alice, and to the others.
struct Forbidden {
    alice: &'static [(Deed, u32)],
    others: &'static [(Deed, u32)],
}

fn changes(times: &[(Instant, Instant)], forbidden: &[(Deed, u32)]) -> Vec<Change> {
    let state = |(round, (asked, answered)): (usize, &(Instant, Instant))| {
        let forbids = forbidden.iter().filter(|_| round % 2 == 0);
        let forbids = forbids.map(|(deed, code)| (*deed, BTreeSet::from([*code]))).collect();
        Change { asked: *asked, answered: *answered, forbids }
    };
    times.iter().enumerate().map(state).collect()
}

/// All messages of a user's inbox, and all its entries.
async fn inbox(world: &World, user: &str) -> (Vec<Message>, Vec<Entry>) {
    let mut wire = world.login(user, "reader").await;
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let page = wire.sync(after, 500).await.unwrap();
        if page.entries.is_empty() {
            break;
        }
        entries.extend(page.entries);
    }
    assert!(entries.iter().map(|entry| entry.seq).eq(1..=entries.len() as u64), "a gap");
    let messages = entries.iter().filter_map(|entry| match &entry.body {
        Some(entry::Body::Message(message)) => Some(message.clone()),
        _ => None,
    });
    (messages.collect(), entries)
}

fn client_ids(messages: &[Message]) -> Vec<String> {
    let said = messages.iter().filter(|message| !message.client_message_id.is_empty());
    said.map(|message| message.client_message_id.clone()).collect()
}

/// What everybody did, and when the rule was switched.
struct Outcome {
    people: Vec<Person>,
    times: Vec<(Instant, Instant)>,
}

/// Switches a rule on and off while everybody hammers on, kills the server in each state, and judges what was tried.
async fn hammer_at(
    world: &mut World,
    forbidden: &Forbidden,
    set: impl AsyncFn(&World, usize),
) -> Outcome {
    let hammer = Hammer::start(world).await;
    let mut times = Vec::new();
    for round in 0..ROUNDS * 2 {
        let asked = Instant::now();
        set(world, round).await;
        times.push((asked, Instant::now()));
        // Told to members in an entry, and by notices that say what carol is called.
        let name = if round % 2 == 0 { "while-on" } else { "while-off" };
        let carol = json!({ "userId": "carol", "nickname": format!("{name}-{round}") });
        group_call(world, "member/set", carol).await;
        for verb in ["add", "remove"] {
            let carol = json!({ "userIds": ["carol"] });
            group_call(world, &format!("admin/{verb}"), carol).await;
        }
        tokio::time::sleep(STATE).await;
        world.kill().await;
        world.restart().await;
        tokio::time::sleep(STATE).await;
    }
    let people = hammer.stop().await;
    for person in &people {
        let codes =
            if person.name.starts_with("alice") { forbidden.alice } else { forbidden.others };
        let judged = judge(&person.attempts, &changes(&times, codes)).unwrap();
        let concerned =
            person.attempts.iter().any(|a| codes.iter().any(|(deed, _)| *deed == a.deed));
        assert!(judged.allowed >= ROUNDS, "{}: too little was allowed: {judged:?}", person.name);
        assert!(!concerned || judged.forbidden >= ROUNDS, "{}: {judged:?}", person.name);
    }
    Outcome { people, times }
}

impl Outcome {
    /// Checks that members have what was acked, once and in one order, and nothing that was refused; and that of what was
    /// refused nothing was counted or changed either.
    async fn judge_members(&self, world: &World) {
        let (dans, _) = inbox(world, "dan").await;
        let (bobs, _) = inbox(world, "bob").await;
        let sends: Vec<Attempt> = self.people.iter().flat_map(|p| p.attempts.clone()).collect();
        judge_inbox(&sends, &client_ids(&dans)).unwrap();
        assert!(dans.is_sorted_by_key(|message| &message.id), "the ids are in that order too");
        let acks: BTreeMap<_, _> = self.people.iter().flat_map(|person| &person.acks).collect();
        for message in dans.iter().filter(|message| !message.client_message_id.is_empty()) {
            assert_eq!(acks[&message.client_message_id], &message.id, "the ack's id");
        }
        let common = |ids: Vec<String>, other: &[Message]| -> Vec<String> {
            let other: BTreeSet<_> = client_ids(other).into_iter().collect();
            ids.into_iter().filter(|id| other.contains(id)).collect()
        };
        assert_eq!(common(client_ids(&dans), &bobs), common(client_ids(&bobs), &dans), "one order");

        let mut dan = world.login("dan", "reader").await;
        let states = dan.call(Body::GetChannels(GetChannels::default())).await.unwrap();
        let server_frame::Body::ChannelStates(states) = states else { panic!("{states:?}") };
        let state = &states.channels[0];
        let count = |counts: &dyn Fn(&Message) -> bool| {
            u32::try_from(dans.iter().filter(|message| counts(message)).count()).unwrap()
        };
        let mentions = count(&|message| message.content.contains("\"dan\""));
        assert!(mentions > 0);
        assert_eq!((state.mentioned_me_count, state.mentioned_count), (mentions, mentions));
        assert_eq!(state.unread_count, count(&|message| message.counted));

        let first = GetHistory {
            channel: Some(Channel::group("g")),
            ascending: true,
            ..GetHistory::default()
        };
        let history = dan.call(Body::GetHistory(first)).await.unwrap();
        let server_frame::Body::History(history) = history else { panic!("{history:?}") };
        for person in self.people.iter().filter(|person| person.name.starts_with("alice")) {
            let edited = format!("{}-0", person.name);
            let mut messages = history.messages.iter();
            let found = messages.find(|message| message.client_message_id == edited).unwrap();
            assert!(person.edits.contains(&found.content), "{found:?}, not of {:?}", person.edits);
        }
    }

    fn person(&self, user: &str) -> &Person {
        self.people.iter().find(|person| person.name.starts_with(user)).unwrap()
    }

    /// Checks that what was sent while alice was out, and only that, was kept from her, and that she is a reader of
    /// nothing that was sent then, and of all that she has said she has read as a member.
    async fn judge_who_was_out(&self, world: &World) {
        let changes = changes(&self.times, &[(Deed::Receipt, NOT_A_MEMBER)]);
        let state = |begun: Instant, ended: Instant| {
            in_force(&changes, begun, ended).map(|state| !changes[state].forbids.is_empty())
        };
        let (messages, entries) = inbox(world, "alice").await;
        let hers: BTreeSet<_> = client_ids(&messages).into_iter().collect();
        let (mut kept, mut reached) = (0, 0);
        for person in ["bob", "carol"].map(|user| self.person(user)) {
            for attempt in person.attempts.iter().filter(|attempt| attempt.refused.is_none()) {
                let Some(out) = state(attempt.begun, attempt.ended) else { continue };
                assert_eq!(hers.contains(&attempt.message), !out, "{attempt:?}");
                *if out { &mut kept } else { &mut reached } += 1;
            }
        }
        assert!(kept >= ROUNDS && reached >= ROUNDS, "{kept} kept from her, {reached} not");
        // What happened to the group then was told to its members alone, in entries and in notices.
        let told = format!("{entries:?}");
        assert!(told.contains("while-off-") && !told.contains("while-on-"));

        let mut bob = world.login("bob", "reader").await;
        let mut said: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
        for alice in self.people.iter().filter(|person| person.name.starts_with("alice")) {
            for attempt in alice.attempts.iter().filter(|attempt| attempt.deed == Deed::Receipt) {
                said.entry(&attempt.message).or_default().push(attempt);
            }
        }
        let (mut read, mut unread) = (0, 0);
        for attempt in &self.person("bob").attempts {
            let Some(id) = self.person("bob").acks.get(&attempt.message) else { continue };
            let said = said.get(id.as_str()).into_iter().flatten();
            let mut accepted = said.filter(|said| said.refused.is_none());
            let must = accepted.any(|said| state(attempt.begun, said.ended) == Some(false));
            let out = state(attempt.begun, attempt.ended) == Some(true);
            if !must && !out {
                continue;
            }
            let ask = Body::GetReceiptUsers(GetReceiptUsers {
                channel: Some(Channel::group("g")),
                message_id: id.clone(),
                read: true,
                user_ids: vec!["alice".into()],
                ..GetReceiptUsers::default()
            });
            let server_frame::Body::ReceiptUsers(readers) = bob.call(ask).await.unwrap() else {
                panic!("no readers")
            };
            assert_eq!(readers.users.len(), usize::from(must), "{attempt:?}");
            *if must { &mut read } else { &mut unread } += 1;
        }
        assert!(read >= ROUNDS && unread >= ROUNDS, "{read} read, {unread} out of her sight");
    }
}

async fn group_call(world: &World, path: &str, mut body: Value) {
    body["channelId"] = json!("g");
    world.api.ok(&format!("/v4/group-channel/{path}"), body).await;
}

everywhere! { any size:
    async fn after_a_removal_nothing_of_that_member_gets_through_and_nothing_reaches_it(world: World) {
        let forbidden = Forbidden {
            alice: &[
                (Deed::Send, NOT_A_MEMBER), (Deed::Edit, NOT_A_MEMBER), (Deed::Receipt, NOT_A_MEMBER),
            ],
            others: &[(Deed::SendTo, NO_SUCH_RECIPIENT)],
        };
        let outcome = hammer_at(&mut world, &forbidden, async |world, round| {
            let path = if round % 2 == 0 { "leave" } else { "join" };
            group_call(world, path, json!({ "userIds": ["alice"] })).await;
        }).await;
        outcome.judge_members(&world).await;
        outcome.judge_who_was_out(&world).await;
        world.kill().await;
    }

    async fn after_a_mute_nothing_that_a_member_says_gets_through(world: World) {
        let forbidden =
            Forbidden { alice: &[(Deed::Send, MUTED), (Deed::Edit, MUTED)], others: &[] };
        let outcome = hammer_at(&mut world, &forbidden, async |world, round| {
            let verb = if round % 2 == 0 { "add" } else { "remove" };
            let who = json!({ "userIds": ["alice"], "durationMinutes": 5 });
            group_call(world, &format!("user/mute-list/{verb}"), who).await;
        }).await;
        outcome.judge_members(&world).await;
        world.kill().await;
    }

    async fn while_a_group_is_frozen_nothing_that_anybody_says_gets_through(world: World) {
        let forbidden = Forbidden {
            alice: &[(Deed::Send, MUTED), (Deed::Edit, MUTED)],
            others: &[(Deed::Send, MUTED), (Deed::SendTo, MUTED)],
        };
        let outcome = hammer_at(&mut world, &forbidden, async |world, round| {
            let verb = if round % 2 == 0 { "add" } else { "remove" };
            let path = format!("/v4/group-channel/freeze-list/{verb}");
            world.api.ok(&path, json!({ "channelIds": ["g"] })).await;
        }).await;
        outcome.judge_members(&world).await;
        world.kill().await;
    }
}
