//! Messages to groups: who may send, who has them, and what becomes of them.

use nuncio_protocol::frames::{Message, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::channels::HistoryFrom;
use nuncio_store::groups::{Actor, GroupEdit};
use nuncio_store::messages::{By, Draft, Recaller, Sent};
use nuncio_store::{Store, StoreError};

use crate::groups::{FORGET, create, group};
use crate::harness::{Bench, NOW, contract, refusal, user};
use crate::messages::{draft, send};

pub(crate) const NOTICE: &str = MessageType::GROUP_NOTICE;
pub(crate) const SERVER: By = By::Server { verify_blocklist: false, echo_to_sender: false };

async fn say_at(
    store: &Store,
    app: AppId,
    from: &str,
    id: &str,
    now: Timestamp,
) -> Result<Sent, StoreError> {
    let sent =
        store.append_to_groups(draft(app, from, id, id), vec![group("g")], vec![], now).await?;
    Ok(sent[0])
}

/// Sends a message to the group `g`.
pub(crate) async fn say(bench: &Bench, from: &str, id: &str) -> Result<Sent, StoreError> {
    say_at(&bench.store, bench.app, from, id, NOW).await
}

fn by_server(app: AppId, from: &str) -> Draft {
    Draft { by: SERVER, client_id: None, ..draft(app, from, "x", "x") }
}

/// The messages in a user's inbox, without the server's notices.
pub(crate) async fn received(bench: &Bench, user: &UserId) -> Vec<Message> {
    let message = |body| match body {
        entry::Body::Message(message) if message.r#type != NOTICE => Some(message),
        _ => None,
    };
    bench.inbox(user).await.into_iter().filter_map(message).collect()
}

/// What the messages in a user's inbox are called.
pub(crate) async fn heard(bench: &Bench, user: &UserId) -> Vec<String> {
    received(bench, user).await.into_iter().map(|message| message.client_message_id).collect()
}

/// What the messages that a user may read back are called, without the server's notices.
pub(crate) async fn read(bench: &Bench, user: &UserId) -> Result<Vec<String>, StoreError> {
    let (app, from) = (bench.app, HistoryFrom::End);
    let found = bench.store.group_history(app, user.clone(), group("g"), from, true, 100).await?;
    let found = found.into_iter().filter(|message| message.r#type != NOTICE);
    Ok(found.map(|message| message.client_message_id).collect())
}

pub(crate) async fn unread(bench: &Bench, user: &UserId) -> i64 {
    bench.store.total_unread(bench.app, user.clone()).await.unwrap()
}

contract! { any size:
    async fn every_member_has_a_message_once_in_one_order_and_nobody_else_has(bench: Bench) {
        let [ann, bob, cem, dan] = bench.users(["ann", "bob", "cem", "dan"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        bench.nudges.take();
        let first = say(&bench, "bob", "m1").await.unwrap();
        assert_eq!(first.seq, 3, "the group's beginning and its notice come first");
        say(&bench, "ann", "m2").await.unwrap();
        let nudges = bench.nudges.take();
        for who in [&ann, &bob, &cem] {
            assert_eq!(heard(&bench, who).await, ["m1", "m2"]);
            let of_user: Vec<_> =
                nudges.iter().filter(|n| n.user == *who).map(|n| n.seq).collect();
            assert_eq!(of_user, [3, 4]);
            let message = received(&bench, who).await[0].clone();
            assert_eq!((message.id, message.sender_id), (first.id.to_string(), "bob".to_owned()));
            assert_eq!(message.channel.unwrap().id, "g");
        }
        assert_eq!(nudges.len(), 6);
        assert_eq!(heard(&bench, &dan).await, Vec::<String>::new());
        assert_eq!((unread(&bench, &ann).await, unread(&bench, &bob).await), (1, 1));
        assert_eq!(unread(&bench, &cem).await, 2);
    }

    async fn the_same_client_message_id_again_gets_the_first_answer(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let first = say(&bench, "ann", "m1").await.unwrap();
        let again = say_at(&bench.store, bench.app, "ann", "m1", NOW.plus_ms(5)).await.unwrap();
        assert_eq!((again.id, again.seq), (first.id, 0));
        // Also when what was sent first is in the tail still.
        let direct = send(&bench.store, bench.app, "ann", "bob", "m2").await.unwrap();
        assert_eq!(say(&bench, "ann", "m2").await.unwrap().id, direct.id);
        assert_eq!(heard(&bench, &bob).await, ["m1", "m2"]);
    }

    async fn messages_to_a_group_and_to_a_user_share_one_inbox_without_gaps(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        let mut expected = Vec::new();
        for number in 0..30 {
            let id = format!("m{number}");
            if number % 3 == 0 {
                say(&bench, "ann", &id).await.unwrap();
            } else {
                send(&bench.store, bench.app, "cem", "bob", &id).await.unwrap();
            }
            expected.push(id);
        }
        assert_eq!(heard(&bench, &bob).await, expected);
        assert_eq!(heard(&bench, &cem).await, expected);
    }

    async fn many_senders_on_two_stores_have_one_order_for_all(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        let other = bench.another().await;
        let mut tasks = tokio::task::JoinSet::new();
        for (number, who) in ["ann", "bob", "cem"].into_iter().enumerate() {
            let store = if number == 1 { other.clone() } else { bench.store.clone() };
            let app = bench.app;
            tasks.spawn(async move {
                for turn in 0..20 {
                    let id = format!("{who}-{turn}");
                    say_at(&store, app, who, &id, NOW).await.unwrap();
                    send(&store, app, who, "bob", &format!("direct {who} {turn}").replace(' ', "-"))
                        .await
                        .unwrap();
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        let of_group = async |who| -> Vec<(String, String)> {
            let all = received(&bench, who).await;
            let own = all.into_iter().filter(|message| !message.client_message_id.starts_with("direct"));
            own.map(|message| (message.id, message.client_message_id)).collect()
        };
        let order = of_group(&ann).await;
        assert_eq!(order.len(), 60);
        assert!(order.is_sorted(), "the ids are in the order of the inbox");
        assert_eq!(of_group(&bob).await, order);
        assert_eq!(of_group(&cem).await, order);
        for who in ["ann", "bob", "cem"] {
            let own: Vec<_> = order.iter().filter(|(_, id)| id.starts_with(who)).collect();
            assert!(own.iter().enumerate().all(|(turn, (_, id))| *id == format!("{who}-{turn}")));
        }
    }

    async fn who_may_not_speak_is_refused_in_this_order(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        let refused = async |from: &str| refusal(say(&bench, from, &format!("no-{from}")).await);
        assert_eq!(refused("ann").await, Refusal::NotInGroup(g.clone()), "there is no such group");
        create(&bench, "g", &ann, &[]).await;
        assert_eq!(refused("ghost").await, Refusal::NotRegistered(user("ghost")));
        assert_eq!(refused("bob").await, Refusal::NotInGroup(g.clone()));
        store.join_group(app, g.clone(), vec![bob.clone()], NOW).await.unwrap();
        let later = NOW.plus_ms(60_000);
        let who = vec![bob.clone()];

        store.freeze_groups(app, Actor::App, vec![g.clone()], true, NOW).await.unwrap();
        assert_eq!(refused("bob").await, Refusal::GroupFrozen);
        assert_eq!(refused("ann").await, Refusal::GroupFrozen, "the owner too");
        store.allow_group_senders(app, Actor::App, g.clone(), who.clone(), NOW).await.unwrap();
        say(&bench, "bob", "allowed").await.unwrap();
        store.mute_in_group(app, Actor::App, Some(g.clone()), who.clone(), later, NOW).await.unwrap();
        assert_eq!(refused("bob").await, Refusal::MutedInGroup, "a mute outweighs the list");
        store.append_to_groups(by_server(app, "bob"), vec![g.clone()], vec![], NOW).await.unwrap();
        say_at(store, app, "bob", "after", later).await.unwrap();
        store.unmute_in_group(app, Actor::App, Some(g.clone()), who.clone(), NOW).await.unwrap();
        store.mute_in_group(app, Actor::App, None, who.clone(), later, NOW).await.unwrap();
        assert_eq!(refused("bob").await, Refusal::MutedInGroup, "in all groups");
        store.unmute_in_group(app, Actor::App, None, who.clone(), NOW).await.unwrap();
        // A mute in direct channels is another matter.
        store.mute(app, who.clone(), true, NOW).await.unwrap();
        say(&bench, "bob", "not-direct").await.unwrap();

        store.leave_group(app, Actor::App, g.clone(), who.clone(), FORGET, NOW).await.unwrap();
        assert_eq!(refused("bob").await, Refusal::NotInGroup(g));
        let until = Timestamp::FOREVER;
        store.ban(app, who, until, "spam".to_owned(), false, NOW).await.unwrap();
        let banned = Refusal::Banned { until, reason: "spam".to_owned() };
        assert_eq!(refused("bob").await, banned);
    }

    async fn an_app_server_sends_in_anybodys_name_to_all_groups_or_to_none(bench: Bench) {
        let [ann, bob, robot] = bench.users(["ann", "bob", "robot"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        create(&bench, "h", &bob, &[]).await;
        let (app, store) = (bench.app, &bench.store);
        let groups = |ids: &[&str]| ids.iter().map(|id| group(id)).collect::<Vec<_>>();
        let none = store.append_to_groups(by_server(app, "robot"), groups(&["g", "none"]), vec![], NOW).await;
        assert_eq!(refusal(none), Refusal::NoSuchGroup(group("none")));
        assert_eq!(received(&bench, &bob).await.len(), 0);
        let both = store.append_to_groups(by_server(app, "robot"), groups(&["g", "h"]), vec![], NOW).await;
        assert_eq!(both.unwrap().len(), 2);
        assert_eq!(received(&bench, &bob).await.len(), 2);
        assert_eq!(received(&bench, &ann).await.len(), 1);
        assert_eq!(received(&bench, &robot).await.len(), 0);
        // A member's own devices get it only when they shall.
        for (echo, own) in [(false, 0), (true, 1)] {
            let by = By::Server { verify_blocklist: false, echo_to_sender: echo };
            let before = received(&bench, &ann).await.len();
            let draft = Draft { by, ..by_server(app, "ann") };
            store.append_to_groups(draft, groups(&["g"]), vec![], NOW).await.unwrap();
            assert_eq!(received(&bench, &ann).await.len() - before, own);
        }
    }

    async fn a_member_reads_what_was_sent_since_joining(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[]).await;
        say(&bench, "ann", "before").await.unwrap();
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        assert_eq!(refusal(read(&bench, &bob).await), Refusal::NotInGroup(g.clone()));
        // In the same moment of the clock.
        store.join_group(app, g.clone(), vec![bob.clone()], NOW).await.unwrap();
        assert_eq!(read(&bench, &bob).await.unwrap(), Vec::<String>::new());
        say(&bench, "ann", "m1").await.unwrap();
        say(&bench, "bob", "m2").await.unwrap();
        assert_eq!(read(&bench, &bob).await.unwrap(), ["m1", "m2"]);
        assert_eq!(read(&bench, &ann).await.unwrap(), ["before", "m1", "m2"]);
        let between = store.group_history_between(app, bob.clone(), g.clone(), NOW, NOW.plus_ms(9), 10);
        let between: Vec<_> =
            between.await.unwrap().into_iter().map(|message| message.client_message_id).collect();
        assert_eq!(between, ["m2", "m1", ""], "and the notice that bob has come");
        store.leave_group(app, Actor::App, g.clone(), vec![bob.clone()], FORGET, NOW).await.unwrap();
        assert_eq!(refusal(read(&bench, &bob).await), Refusal::NotInGroup(g));
    }

    async fn history_begins_where_it_is_asked_for(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        create(&bench, "g", &ann, &[]).await;
        let mut ids = Vec::new();
        for (step, id) in (0..).zip(["m0", "m1", "m2", "m3"]) {
            let at = NOW.plus_ms(step);
            ids.push(say_at(&bench.store, bench.app, "ann", id, at).await.unwrap().id);
        }
        let found = async |from, ascending, limit| -> Vec<String> {
            let (app, ann) = (bench.app, ann.clone());
            let found = bench.store.group_history(app, ann, group("g"), from, ascending, limit).await;
            found.unwrap().into_iter().map(|message| message.client_message_id).collect()
        };
        assert_eq!(found(HistoryFrom::Message(ids[2]), false, 10).await, ["m1", "m0", ""], "and the first notice");
        assert_eq!(found(HistoryFrom::Message(ids[2]), true, 10).await, ["m3"]);
        assert_eq!(found(HistoryFrom::Time(NOW.plus_ms(1)), true, 10).await, ["m2", "m3"]);
        assert_eq!(found(HistoryFrom::Time(NOW.plus_ms(1)), false, 10).await, ["m0", ""]);
        assert_eq!(found(HistoryFrom::End, false, 2).await, ["m3", "m2", "m1"], "and one more");
    }

    async fn a_recall_takes_a_message_from_everybody(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        let recall = async |by: Recaller, id: MessageId| {
            store.recall_in_group(app, by, g.clone(), id, "why".to_owned(), NOW).await
        };
        let m1 = say(&bench, "bob", "m1").await.unwrap().id;
        let m2 = say(&bench, "ann", "m2").await.unwrap().id;
        let as_user = |user: &UserId| Recaller::User(user.clone());
        assert_eq!(refusal(recall(as_user(&cem), m1).await), Refusal::NotYourMessage);
        store.set_group_admins(app, Actor::App, g.clone(), vec![cem.clone()], true, NOW).await.unwrap();
        assert_eq!(refusal(recall(as_user(&cem), m2).await), Refusal::NotYourMessage, "the owner's");
        assert_eq!(refusal(recall(as_user(&user("x")), m1).await), Refusal::NotRegistered(user("x")));
        assert_eq!(unread(&bench, &ann).await, 1);
        recall(as_user(&cem), m1).await.unwrap();
        recall(as_user(&cem), m1).await.unwrap();
        assert_eq!(unread(&bench, &ann).await, 0);
        for who in [&ann, &bob, &cem] {
            let all = bench.inbox(who).await;
            let told: Vec<_> = all
                .iter()
                .filter_map(|body| match body {
                    entry::Body::Recalled(recalled) => Some(recalled),
                    _ => None,
                })
                .collect();
            let [told] = told.as_slice() else { panic!("{told:?}") };
            assert_eq!((told.message_id.clone(), told.operator_id.as_str()), (m1.to_string(), "cem"));
            let first = received(&bench, who).await.remove(0);
            assert_eq!((first.recalled, first.content.as_str()), (true, ""));
        }
        let by_admin = Recaller::Server { user: bob.clone(), admin: true };
        recall(by_admin, m2).await.unwrap();
        let gone = refusal(recall(as_user(&ann), MessageId(5)).await);
        assert_eq!(gone, Refusal::MessageNotFound(MessageId(5).to_string()));
    }

    async fn an_edit_reaches_everybody_and_obeys_what_a_message_obeys(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        let id = say(&bench, "bob", "m1").await.unwrap().id;
        let edit = async |who: &UserId, by: By, text: &str| {
            let content = Content::try_from(format!("{{\"content\":\"{text}\"}}")).unwrap();
            let edit = GroupEdit { app, sender: who.clone(), by, group: g.clone(), id, content, asked: true };
            store.edit_in_group(edit, NOW.plus_ms(5)).await
        };
        let client = || draft(app, "bob", "x", "x").by;
        assert_eq!(refusal(edit(&ann, client(), "a").await), Refusal::NotYourMessage);
        let edited = edit(&bob, client(), "new").await.unwrap();
        assert_eq!((edited.content.as_str(), edited.edited_at), (r#"{"content":"new"}"#, NOW.0 + 5));
        edit(&bob, client(), "new").await.unwrap();
        for who in [&ann, &bob] {
            let all = bench.inbox(who).await;
            let edits: Vec<_> =
                all.iter().filter(|body| matches!(body, entry::Body::Edited(_))).collect();
            assert_eq!(edits.len(), 1, "the same again is nothing new");
        }
        let muted = vec![bob.clone()];
        store.mute_in_group(app, Actor::App, Some(g.clone()), muted.clone(), NOW.plus_ms(99), NOW).await.unwrap();
        assert_eq!(refusal(edit(&bob, client(), "x").await), Refusal::MutedInGroup);
        edit(&bob, SERVER, "by the server").await.unwrap();
        store.leave_group(app, Actor::App, g.clone(), muted, FORGET, NOW).await.unwrap();
        assert_eq!(refusal(edit(&bob, client(), "x").await), Refusal::NotInGroup(g.clone()));
    }

    async fn a_group_is_marked_read_by_each_for_itself(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let m1 = say(&bench, "ann", "m1").await.unwrap().id;
        say(&bench, "ann", "m2").await.unwrap();
        let before = bench.inbox(&ann).await.len();
        let mark = async |up_to| {
            bench.store.mark_group_read(bench.app, bob.clone(), group("g"), up_to, NOW).await.unwrap();
        };
        mark(Some(m1)).await;
        assert_eq!(unread(&bench, &bob).await, 1);
        // Even after leaving, so that nothing stays unread for ever.
        bench.store.leave_group(bench.app, Actor::App, group("g"), vec![bob.clone()], FORGET, NOW).await.unwrap();
        mark(None).await;
        assert_eq!(unread(&bench, &bob).await, 0);
        assert_eq!(bench.inbox(&ann).await.len(), before + 2, "told of the leaving, twice, not of the reading");
    }

    async fn a_deleted_member_gets_nothing_and_stays_a_member(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let who = vec![bob.clone()];
        bench.store.soft_delete(bench.app, who, "op".to_owned(), NOW).await.unwrap();
        bench.nudges.take();
        say(&bench, "ann", "m1").await.unwrap();
        assert!(bench.nudges.take().iter().all(|nudge| nudge.user == ann));
        let found = bench.store.groups(bench.app, vec![group("g")]).await.unwrap();
        assert_eq!(found[0].member_count, 2);
    }
}
