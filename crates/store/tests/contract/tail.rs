//! What is committed and not filed yet, on SQLite: through crashes, beside another process, and compared with
//! PostgreSQL, which files at once.

use std::fmt::Write as _;

use nuncio_protocol::frames::{Entry, Message, ProtobufMessage as _, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::Content;
use nuncio_protocol::{Timestamp, UserId};
use nuncio_store::apps::Environment;
use nuncio_store::channels::HistoryFrom;
use nuncio_store::edits::Edit;
use nuncio_store::messages::{By, Draft, Recaller};
use nuncio_store::{Store, StoreError};

use crate::harness::{Bench, NOW, make_app, user};
use crate::messages::{draft, send};

const SERVER: By = By::Server { verify_blocklist: false, echo_to_sender: false };

/// The texts of the messages in an inbox, which must have no gap, page by page.
async fn texts(store: &Store, app: AppId, id: &UserId) -> Vec<String> {
    let (mut texts, mut after) = (Vec::new(), 0);
    loop {
        let page = store.sync(app, id.clone(), after, 500, None).await.unwrap();
        if page.entries.is_empty() {
            assert_eq!(after, page.head, "a gap at the end");
            assert_eq!(after, store.inbox_head(app, id.clone(), None).await.unwrap());
            return texts;
        }
        for Entry { seq, body, .. } in page.entries {
            after += 1;
            assert_eq!(seq, after, "a gap");
            if let Some(entry::Body::Message(Message { content, .. })) = body {
                texts.push(content);
            }
        }
    }
}

fn text(id: &str) -> String {
    format!("{{\"content\":\"{id}\"}}")
}

async fn history(bench: &Bench, viewer: &UserId, peer: &UserId) -> Vec<Message> {
    let (app, viewer, peer) = (bench.app, viewer.clone(), peer.clone());
    bench.store.history(app, viewer, peer, HistoryFrom::End, true, 500).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_crash_before_it_is_filed() {
    let bench = Bench::sqlite().await;
    let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
    let mut sent = Vec::new();
    for number in 0..40 {
        let (from, to) = [("alice", "bob"), ("bob", "alice"), ("alice", "carol")][number % 3];
        sent.push((from, to, send(&bench.store, bench.app, from, to, &format!("m{number}")).await));
    }
    // And once more, without having looked at anything.
    let bench = bench.crashed().await.crashed().await;
    for (number, (from, to, first)) in sent.into_iter().enumerate() {
        let first = first.unwrap();
        let again = send(&bench.store, bench.app, from, to, &format!("m{number}")).await.unwrap();
        assert_eq!((again.id, again.seq), (first.id, 0), "a second message");
    }
    let expected = |of: &[usize]| -> Vec<String> {
        (0..40).filter(|n| of.contains(&(n % 3))).map(|n| text(&format!("m{n}"))).collect()
    };
    assert_eq!(bench.store.total_unread(bench.app, carol.clone()).await.unwrap(), 13);
    assert_eq!(texts(&bench.store, bench.app, &alice).await, expected(&[0, 1, 2]));
    assert_eq!(texts(&bench.store, bench.app, &bob).await, expected(&[0, 1]));
    assert_eq!(texts(&bench.store, bench.app, &carol).await, expected(&[2]));
    let both = history(&bench, &bob, &alice).await;
    assert_eq!(both.into_iter().map(|m| m.content).collect::<Vec<_>>(), expected(&[0, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_the_filing_of_two_sides_doubles_and_loses_nothing() {
    let bench = Bench::sqlite().await;
    let [alice, bob] = bench.users(["alice", "bob"]).await;
    for number in 0..10 {
        send(&bench.store, bench.app, "alice", "bob", &format!("m{number}")).await.unwrap();
    }
    // Files one side.
    bench.store.sync(bench.app, alice.clone(), 0, 100, None).await.unwrap();
    let bench = bench.crashed().await;
    send(&bench.store, bench.app, "alice", "bob", "m10").await.unwrap();
    send(&bench.store, bench.app, "bob", "alice", "m11").await.unwrap();
    // Files the other.
    assert_eq!(bench.store.total_unread(bench.app, bob.clone()).await.unwrap(), 11);
    let bench = bench.crashed().await;
    let all: Vec<String> = (0..12).map(|n| text(&format!("m{n}"))).collect();
    for (viewer, peer) in [(&alice, &bob), (&bob, &alice)] {
        assert_eq!(texts(&bench.store, bench.app, viewer).await, all);
        let seen = history(&bench, viewer, peer).await;
        assert_eq!(seen.into_iter().map(|m| m.content).collect::<Vec<_>>(), all);
    }
    assert_eq!(bench.store.total_unread(bench.app, bob).await.unwrap(), 11);
    assert_eq!(bench.store.total_unread(bench.app, alice).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_no_inbox_is_in_the_history_all_the_same() {
    let bench = Bench::sqlite().await;
    let [alice, bob] = bench.users(["alice", "bob"]).await;
    let note = Draft { by: SERVER, ..draft(bench.app, "alice", "m1", "m1") };
    let first = bench.store.append(note.clone(), alice.clone(), NOW).await.unwrap();
    let other = Draft { by: SERVER, ..draft(bench.app, "alice", "m2", "m2") };
    bench.store.append(other, bob.clone(), NOW).await.unwrap();
    let bench = bench.crashed().await;
    assert_eq!(bench.store.append(note, alice.clone(), NOW).await.unwrap().id, first.id);
    assert_eq!(history(&bench, &alice, &alice).await.len(), 1);
    assert_eq!(history(&bench, &alice, &bob).await.len(), 1, "is in the recipient's inbox only");
    assert_eq!(bench.store.inbox_head(bench.app, alice, None).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_database_take_turns() {
    let bench = Bench::sqlite().await;
    let [alice, bob, _] = bench.users(["alice", "bob", "carol"]).await;
    let stores = [bench.store.clone(), bench.another().await];
    let mut expected = Vec::new();
    let mut last = MessageId(0);
    for number in 0..60 {
        let store = &stores[number / 3 % 2];
        let id = format!("m{number}");
        let sent = send(store, bench.app, "alice", "bob", &id).await.unwrap();
        assert!(sent.id > last && sent.seq == number as u64 + 1);
        last = sent.id;
        expected.push(text(&id));
        let other = &stores[(number / 3 + 1) % 2];
        assert_eq!(other.inbox_head(bench.app, bob.clone(), None).await.unwrap(), sent.seq);
        if number % 7 == 0 {
            assert_eq!(texts(other, bench.app, &bob).await, expected);
            let again = send(other, bench.app, "alice", "bob", &id).await.unwrap();
            assert_eq!((again.id, again.seq), (sent.id, 0));
        }
    }
    for store in &stores {
        assert_eq!(texts(store, bench.app, &alice).await, expected);
    }
    let bench = bench.crashed().await;
    assert_eq!(texts(&bench.store, bench.app, &bob).await, expected);
    assert_eq!(bench.store.total_unread(bench.app, bob).await.unwrap(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_processes_at_once_leave_no_gap_and_no_double() {
    let bench = Bench::sqlite().await;
    let [alice, bob] = bench.users(["alice", "bob"]).await;
    let stores = [bench.store.clone(), bench.another().await];
    let mut senders = tokio::task::JoinSet::new();
    for lane in 0..4 {
        let (store, app) = (stores[lane % 2].clone(), bench.app);
        let (from, to) = if lane < 2 { ("alice", "bob") } else { ("bob", "alice") };
        senders.spawn(async move {
            for number in 0..50 {
                send(&store, app, from, to, &format!("m{lane}-{number}")).await.unwrap();
                if number % 10 == lane {
                    store.total_unread(app, user(to)).await.unwrap();
                }
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    for (store, viewer) in [(&stores[0], &alice), (&stores[1], &bob), (&stores[1], &alice)] {
        let mut texts = texts(store, bench.app, viewer).await;
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_filed_at_the_end_leaves_no_tail_behind() {
    let bench = Bench::sqlite().await;
    let [_, bob] = bench.users(["alice", "bob"]).await;
    for number in 0..40 {
        send(&bench.store, bench.app, "alice", "bob", &format!("m{number}")).await.unwrap();
    }
    assert_ne!(bench.rows("tail"), 0);
    bench.store.file_all().await.unwrap();
    assert_eq!(bench.rows("tail"), 0);
    assert_eq!(bench.rows("messages"), 40);
    send(&bench.store, bench.app, "alice", "bob", "more").await.unwrap();
    assert_eq!(texts(&bench.store, bench.app, &bob).await.len(), 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_tail_is_found_again_and_filed() {
    const SENDERS: usize = 16;
    const EACH: usize = 2500;
    let bench = Bench::sqlite().await;
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..SENDERS {
        let (store, app) = (bench.store.clone(), bench.app);
        let names = [format!("from{number}"), format!("to{number}")];
        bench.users([names[0].as_str(), names[1].as_str()]).await;
        senders.spawn(async move {
            let [from, to] = &names;
            let mut under_way = tokio::task::JoinSet::new();
            for number in 0..EACH {
                if under_way.len() >= 100 {
                    under_way.join_next().await.unwrap().unwrap();
                }
                let (store, to) = (store.clone(), user(to));
                let draft = draft(app, from, &format!("m{number}"), "x");
                under_way.spawn(async move { store.append(draft, to, NOW).await.unwrap() });
            }
            while let Some(sent) = under_way.join_next().await {
                sent.unwrap();
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    let bench = bench.crashed().await;
    for number in 0..SENDERS {
        for name in ["from", "to"] {
            let user = user(&format!("{name}{number}"));
            assert_eq!(texts(&bench.store, bench.app, &user).await.len(), EACH);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namesake_of_who_was_deleted_for_good_gets_nothing_of_the_old_tail() {
    let mut bench = Bench::sqlite().await;
    let app = make_app(&bench.store, "dev1", Environment::Development).await.id;
    bench.app = app;
    let [alice, bob] = bench.users(["alice", "bob"]).await;
    for number in 0..5 {
        send(&bench.store, app, "alice", "bob", &format!("m{number}")).await.unwrap();
    }
    bench.store.delete_users(app, vec![bob.clone()], NOW).await.unwrap();
    bench.users(["bob"]).await;
    let bench = bench.crashed().await;
    assert_eq!(texts(&bench.store, app, &bob).await, Vec::<String>::new());
    send(&bench.store, app, "alice", "bob", "m9").await.unwrap();
    let bench = bench.crashed().await;
    assert_eq!(texts(&bench.store, app, &bob).await, [text("m9")]);
    assert_eq!(texts(&bench.store, app, &alice).await.len(), 6);
}

// One and the same course of events on both engines, with crashes and a second process on one of them.

/// One engine's store, and the ids that it gave.
struct Side {
    bench: Bench,
    store: Store,
    ids: Vec<MessageId>,
}

/// What happens, by numbers of users and messages.
#[derive(Clone, Copy, Debug)]
enum Event {
    Send { from: usize, to: usize, client_id: usize, by_server: bool, echo: bool },
    SendToAll { from: usize, client_id: usize },
    Recall { message: usize, by: usize, peer: usize },
    Edit { message: usize, by: usize, peer: usize },
    Read { user: usize, peer: usize, message: Option<usize> },
    Sync { user: usize },
    History { user: usize, peer: usize },
    Channels { user: usize },
    Block { user: usize, target: usize, on: bool },
    Ban { user: usize, on: bool },
    Delete { user: usize, number: usize },
    Restore { user: usize, number: usize },
    Trim { ago: i64 },
    Crash,
    Switch,
}

const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// The numbers of a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn event(&mut self, number: usize, messages: usize) -> Event {
        let (one, two) = (self.below(USERS.len()), self.below(USERS.len()));
        let message = self.below(messages.max(1));
        let on = self.below(2) == 0;
        match self.below(40) {
            0..14 => {
                Event::Send { from: one, to: two, client_id: number, by_server: false, echo: true }
            }
            14 => {
                Event::Send { from: one, to: two, client_id: message, by_server: false, echo: true }
            }
            15..17 => {
                Event::Send { from: one, to: two, client_id: number, by_server: true, echo: on }
            }
            17 => Event::SendToAll { from: one, client_id: number },
            18 => Event::Recall { message, by: one, peer: two },
            19..21 => Event::Edit { message, by: one, peer: two },
            21..23 => Event::Read { user: one, peer: two, message: None },
            23 => Event::Read { user: one, peer: two, message: Some(message) },
            24..26 => Event::Sync { user: one },
            26..28 => Event::History { user: one, peer: two },
            28..30 => Event::Channels { user: one },
            30..32 => Event::Block { user: one, target: two, on },
            32 => Event::Ban { user: one, on },
            33 => Event::Delete { user: one, number },
            34 => Event::Restore { user: one, number },
            35 => Event::Trim { ago: 20 * i64::try_from(self.below(100)).unwrap() },
            36..39 => Event::Crash,
            _ => Event::Switch,
        }
    }
}

fn shown<T: std::fmt::Debug>(outcome: &Result<T, StoreError>) -> String {
    format!("{outcome:?}")
}

impl Side {
    fn new(bench: Bench) -> Self {
        Self { store: bench.store.clone(), bench, ids: Vec::new() }
    }

    fn id(&self, message: usize) -> MessageId {
        self.ids.get(message).copied().unwrap_or(MessageId(1))
    }

    /// Keeps an id the first time it is seen.
    fn keep(&mut self, id: MessageId) {
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
    }

    /// Puts numbers in the place of this side's own ids.
    fn normal(&self, mut told: String) -> String {
        for (number, id) in self.ids.iter().enumerate() {
            told = told.replace(&id.to_string(), &format!("message {number}"));
            told = told.replace(&format!("MessageId({})", id.0), &format!("message {number}"));
        }
        told
    }

    /// Lets it happen; returns what is answered and nudged.
    async fn run(&mut self, event: Event, now: Timestamp) -> String {
        let name = |number: usize| user(USERS[number]);
        let (store, app) = (self.store.clone(), self.bench.app);
        let answer = match event {
            Event::Send { from, to, client_id, by_server, echo } => {
                let by = By::Server { verify_blocklist: true, echo_to_sender: echo };
                let id = format!("m{client_id}");
                let mut draft = draft(app, USERS[from], &id, &id);
                if by_server {
                    draft.by = by;
                }
                let sent = store.append(draft, name(to), now).await;
                if let Ok(sent) = &sent {
                    self.keep(sent.id);
                }
                shown(&sent)
            }
            Event::SendToAll { from, client_id } => {
                let id = format!("m{client_id}");
                let draft = Draft { by: SERVER, ..draft(app, USERS[from], &id, &id) };
                let sent = store.append_to_many(draft, USERS.map(user).to_vec(), now).await;
                for (_, id) in sent.as_ref().into_iter().flatten() {
                    self.keep(*id);
                }
                shown(&sent)
            }
            Event::Recall { message, by, peer } => {
                let by = Recaller::Server { user: name(by), admin: true };
                let id = self.id(message);
                shown(&store.recall(app, by, name(peer), id, String::new(), now).await)
            }
            Event::Edit { message, by, peer } => {
                let edit = Edit {
                    app,
                    sender: name(by),
                    by: By::Server { verify_blocklist: true, echo_to_sender: true },
                    peer: name(peer),
                    id: self.id(message),
                    content: Content::try_from(text(&format!("edited {}", now.0))).unwrap(),
                    asked: true,
                };
                shown(&store.edit(edit, now).await)
            }
            Event::Read { user, peer, message } => {
                let up_to = message.map(|message| self.id(message));
                shown(&store.mark_read(app, name(user), name(peer), up_to, now).await)
            }
            Event::Sync { user } => shown(&store.sync(app, name(user), 0, 1000, None).await),
            Event::History { user, peer } => {
                let all = store.history(app, name(user), name(peer), HistoryFrom::End, true, 1000);
                shown(&all.await)
            }
            Event::Channels { user } => {
                let total = store.total_unread(app, name(user)).await;
                let head = store.inbox_head(app, name(user), None).await;
                let all = store.channels(app, name(user), None, None, 100).await;
                format!("{} {} {}", shown(&total), shown(&head), shown(&all))
            }
            Event::Block { user, target, on } => {
                let (owner, targets) = (name(user), vec![name(target)]);
                if on {
                    shown(&store.block(app, owner, targets, now).await)
                } else {
                    shown(&store.unblock(app, owner, targets, now).await)
                }
            }
            Event::Ban { user, on } => {
                let users = vec![name(user)];
                if on {
                    let until = now.plus_ms(100);
                    shown(&store.ban(app, users, until, String::new(), false, now).await)
                } else {
                    shown(&store.unban(app, users, now).await)
                }
            }
            Event::Delete { user, number } => {
                let deleted =
                    store.soft_delete(app, vec![name(user)], format!("d{number}"), now).await;
                for deletion in store.open_deletions(10).await.unwrap() {
                    while !store.go_on_deleting(deletion.clone(), now).await.unwrap() {}
                }
                shown(&deleted)
            }
            Event::Restore { user, number } => {
                shown(&store.restore(app, vec![name(user)], format!("r{number}"), now).await)
            }
            Event::Trim { ago } => {
                let before = now.plus_ms(-ago);
                let messages = store.trim_messages(app, String::new(), before).await.unwrap();
                let inboxes = store.trim_inboxes(app, String::new(), before).await.unwrap();
                format!("{} {}", messages.deleted, inboxes.deleted)
            }
            // Only one side knows what they are.
            Event::Crash | Event::Switch => String::new(),
        };
        let mut nudges = self.bench.nudges.take();
        nudges.sort_by(|a, b| (&a.user, a.seq).cmp(&(&b.user, b.seq)));
        let mut told = answer;
        for nudge in nudges {
            let entry = Entry::decode(nudge.body).unwrap();
            write!(told, "\n{} {}: {entry:?}", nudge.user, nudge.seq).unwrap();
        }
        self.normal(told)
    }
}

async fn compare(seed: u64) {
    let mut numbers = Numbers(seed);
    let mut tailed = Side::new(Bench::sqlite().await);
    let mut plain = Side::new(Bench::postgres().await);
    for side in [&tailed, &plain] {
        side.bench.users(USERS).await;
        side.bench.nudges.take();
    }
    for number in 0..250 {
        let now = NOW.plus_ms(20 * i64::try_from(number).unwrap());
        let event = numbers.event(number, tailed.ids.len());
        match event {
            Event::Crash => {
                tailed = Side { ids: tailed.ids, ..Side::new(tailed.bench.crashed().await) }
            }
            Event::Switch => tailed.store = tailed.bench.another().await,
            _ => {}
        }
        let (one, other) = (tailed.run(event, now).await, plain.run(event, now).await);
        assert_eq!(one, other, "seed {seed}, event {number}: {event:?}");
    }
    let end = NOW.plus_ms(10_000);
    for user in 0..USERS.len() {
        let mut looks = vec![Event::Sync { user }, Event::Channels { user }];
        looks.extend((0..USERS.len()).map(|peer| Event::History { user, peer }));
        for look in looks {
            assert_eq!(
                tailed.run(look, end).await,
                plain.run(look, end).await,
                "seed {seed}: {look:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_looks_as_if_it_had_been_filed_at_once() {
    for seed in [1, 20, 300, 4000] {
        compare(seed).await;
    }
}
