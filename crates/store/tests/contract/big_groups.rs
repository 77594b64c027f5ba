//! Big groups: who is absent costs nothing, and misses nothing.

use std::sync::Arc;

use nuncio_protocol::frames::{ChannelState, entry};
use nuncio_protocol::ids::MessageId;
use nuncio_protocol::values::Content;
use nuncio_protocol::{ChannelId, Timestamp, UserId};
use nuncio_store::groups::{Actor, GroupEdit, GroupOptions};
use nuncio_store::messages::{Draft, Recaller, Sent};

use crate::group_messages::{SERVER, heard, unread};
use crate::groups::{FORGET, create, group};
use crate::harness::{Bench, NOW, contract, user};
use crate::messages::{draft, send};
use crate::push::register;

/// When everybody who has not been heard of since [`NOW`] is absent.
fn later() -> Timestamp {
    NOW.plus_ms(i64::try_from(GroupOptions::default().attendance.as_millis()).unwrap())
}

async fn say_at(bench: &Bench, draft: Draft, to: &[&UserId], now: Timestamp) -> Sent {
    let to = to.iter().copied().cloned().collect();
    bench.store.append_to_groups(draft, vec![group("g")], to, now).await.unwrap()[0]
}

/// Says something when all others are absent.
async fn say(bench: &Bench, from: &str, id: &str) -> Sent {
    say_at(bench, draft(bench.app, from, id, id), &[], later()).await
}

async fn mention(bench: &Bench, from: &str, id: &str, whom: &str) -> Sent {
    let text = format!(
        "{{\"content\":\"{id}\",\"mentionedInfo\":{{\"type\":2,\"userIdList\":[\"{whom}\"]}}}}"
    );
    let content = Content::try_from(text).unwrap();
    say_at(bench, Draft { content, ..draft(bench.app, from, id, id) }, &[], later()).await
}

/// A device of the user is connected.
async fn connect(bench: &Bench, user: &UserId, now: Timestamp) -> u64 {
    bench.store.inbox_head(bench.app, user.clone(), Some(now)).await.unwrap()
}

async fn channel(bench: &Bench, user: &UserId) -> ChannelState {
    let asked = vec![ChannelId::Group(group("g"))];
    bench.store.channels_of(bench.app, user.clone(), asked).await.unwrap().remove(0)
}

/// Everything in an inbox, read in pages of this size: what messages are called, and what else there is.
async fn paged(bench: &Bench, user: &UserId, limit: u32) -> Vec<String> {
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = bench.store.sync(bench.app, user.clone(), after, limit, None).await.unwrap();
        assert!(page.entries.len() <= limit as usize);
        for entry in &page.entries {
            assert_eq!(entry.seq, after + 1, "a gap");
            after = entry.seq;
            found.push(match &entry.body {
                Some(entry::Body::Message(message)) => message.client_message_id.clone(),
                Some(entry::Body::Group(event)) => format!("{:?}", event.kind()),
                Some(entry::Body::Recalled(_)) => "recalled".to_owned(),
                Some(entry::Body::Edited(edited)) => {
                    edited.message.as_ref().unwrap().content.clone()
                }
                Some(_) => "other".to_owned(),
                None => "aged".to_owned(),
            });
        }
        if page.entries.is_empty() {
            assert_eq!(after, page.head);
            return found;
        }
    }
}

async fn club(bench: &Bench) -> [UserId; 3] {
    let users = bench.users(["ann", "bob", "cem"]).await;
    create(bench, "g", &users[0], &[&users[1], &users[2]]).await;
    users
}

contract! { of big groups:
    async fn who_is_absent_is_not_written_to_and_finds_everything_on_arriving(bench: Bench) {
        let [ann, bob, cem] = club(&bench).await;
        let begun = connect(&bench, &cem, NOW).await;
        say(&bench, "ann", "m1").await;
        bench.nudges.take();
        say(&bench, "ann", "m2").await;
        let told: Vec<_> = bench.nudges.take().into_iter().map(|nudge| nudge.user).collect();
        assert_eq!(told, std::slice::from_ref(&ann), "bob and cem are not written to");
        send(&bench.store, bench.app, "ann", "bob", "direct").await.unwrap();
        say(&bench, "ann", "m3").await;
        // Whoever looks, at whatever, finds all.
        assert_eq!((unread(&bench, &bob).await, channel(&bench, &cem).await.unread_count), (4, 3));
        assert_eq!(heard(&bench, &bob).await, ["direct", "m1", "m2", "m3"]);
        assert_eq!(connect(&bench, &cem, later()).await, begun + 3);
        assert_eq!(heard(&bench, &cem).await, ["m1", "m2", "m3"]);
        // Cem is connected now and told at once, bob has only looked.
        bench.nudges.take();
        say(&bench, "ann", "m4").await;
        let told: Vec<_> = bench.nudges.take().into_iter().map(|n| (n.user, n.seq)).collect();
        assert_eq!(told.len(), 2);
        assert!(told.contains(&(cem.clone(), begun + 4)), "{told:?}");
        for member in [&ann, &cem] {
            assert_eq!(heard(&bench, member).await.last().unwrap(), "m4");
        }
        assert_eq!(heard(&bench, &bob).await, ["direct", "m1", "m2", "m3", "m4"]);
        assert_eq!(channel(&bench, &bob).await.latest_message.unwrap().client_message_id, "m4");
    }

    async fn an_absent_sender_has_what_came_before_its_own_message(bench: Bench) {
        let [_, bob, cem] = club(&bench).await;
        say(&bench, "ann", "m1").await;
        let sent = say(&bench, "bob", "m2").await;
        assert_eq!(sent.seq, connect(&bench, &bob, later()).await);
        assert_eq!(heard(&bench, &bob).await, ["m1", "m2"]);
        assert_eq!(heard(&bench, &cem).await, ["m1", "m2"]);
        assert_eq!((unread(&bench, &bob).await, unread(&bench, &cem).await), (1, 2));
    }

    async fn long_stretches_are_read_in_pages_of_any_size(bench: Bench) {
        let [_, bob, _] = club(&bench).await;
        let mut expected = paged(&bench, &bob, 100).await;
        for number in 0..450 {
            say(&bench, "ann", &format!("m{number}")).await;
            expected.push(format!("m{number}"));
            if number % 150 == 7 {
                send(&bench.store, bench.app, "cem", "bob", &format!("d{number}")).await.unwrap();
                // Looking makes the stretch end here.
                unread(&bench, &bob).await;
                expected.push(format!("d{number}"));
            }
        }
        let all = paged(&bench, &bob, 500).await;
        let of_group = |all: &[String]| -> Vec<String> {
            all.iter().filter(|name| !name.starts_with('d')).cloned().collect()
        };
        assert_eq!(of_group(&all), of_group(&expected), "the group's are in order");
        assert_eq!(all.len(), expected.len(), "nothing is lost or doubled");
        for limit in [1, 7, 50, 199, 200, 201] {
            assert_eq!(paged(&bench, &bob, limit).await, all, "pages of {limit}");
        }
    }

    async fn what_becomes_of_messages_reaches_who_was_absent(bench: Bench) {
        let [ann, bob, cem] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        let first = say(&bench, "ann", "m1").await;
        let second = say(&bench, "ann", "m2").await;
        assert_eq!(unread(&bench, &cem).await, 2);
        let recall = async |id: MessageId| {
            let by = Recaller::User(ann.clone());
            store.recall_in_group(app, by, group("g"), id, String::new(), later()).await.unwrap();
        };
        recall(first.id).await;
        let edit = GroupEdit {
            app,
            sender: ann.clone(),
            by: SERVER,
            group: group("g"),
            id: second.id,
            content: Content::try_from("{\"content\":\"new\"}".to_owned()).unwrap(),
            asked: false,
        };
        store.edit_in_group(edit, later()).await.unwrap();
        // Cem had counted the recalled message, bob finds it recalled.
        assert_eq!((unread(&bench, &cem).await, unread(&bench, &bob).await), (1, 1));
        let after = ["m1", "m2", "recalled", "{\"content\":\"new\"}"];
        for member in [&bob, &cem] {
            let found = paged(&bench, member, 50).await;
            assert_eq!(found[found.len() - 4..], after);
        }
        recall(second.id).await;
        assert_eq!((unread(&bench, &cem).await, unread(&bench, &bob).await), (0, 0));
    }

    async fn what_was_read_is_not_counted_again(bench: Bench) {
        let [_, bob, _] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        say(&bench, "ann", "m1").await;
        let second = say(&bench, "ann", "m2").await;
        store.mark_group_read(app, bob.clone(), group("g"), Some(second.id), later()).await.unwrap();
        assert_eq!(unread(&bench, &bob).await, 0);
        mention(&bench, "ann", "m3", "cem").await;
        say(&bench, "ann", "m4").await;
        let state = channel(&bench, &bob).await;
        assert_eq!((state.unread_count, state.mentioned_count, state.mentioned_me_count), (2, 1, 0));
        store.mark_group_read(app, bob.clone(), group("g"), None, later()).await.unwrap();
        assert_eq!(unread(&bench, &bob).await, 0);
    }

    async fn who_is_meant_by_name_hears_of_it_at_once(bench: Bench) {
        let [_, bob, cem] = club(&bench).await;
        say(&bench, "ann", "m1").await;
        bench.nudges.take();
        mention(&bench, "ann", "m2", "bob").await;
        say_at(&bench, draft(bench.app, "ann", "m3", "m3"), &[&cem], later()).await;
        let told: Vec<_> = bench.nudges.take().into_iter().map(|nudge| nudge.user).collect();
        assert_eq!(told.iter().filter(|user| **user == bob).count(), 1);
        assert_eq!(told.iter().filter(|user| **user == cem).count(), 1);
        assert_eq!(heard(&bench, &bob).await, ["m1", "m2"], "m3 is cem's alone");
        assert_eq!(heard(&bench, &cem).await, ["m1", "m2", "m3"]);
        let state = channel(&bench, &bob).await;
        assert_eq!((state.unread_count, state.mentioned_me_count), (2, 1));
        assert_eq!(state.latest_message.unwrap().client_message_id, "m2");
    }

    async fn who_is_removed_has_all_from_before_and_nothing_from_after(bench: Bench) {
        let [ann, bob, cem] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        say(&bench, "ann", "m1").await;
        let by = Actor::Member(ann.clone());
        store.leave_group(app, by, group("g"), vec![bob.clone()], FORGET, later()).await.unwrap();
        say(&bench, "ann", "m2").await;
        let found = paged(&bench, &bob, 50).await;
        assert_eq!(found[found.len() - 2..], ["m1", "Kicked"]);
        // Back again, with what comes since.
        store.join_group(app, group("g"), vec![bob.clone()], later()).await.unwrap();
        say(&bench, "ann", "m3").await;
        assert_eq!(heard(&bench, &bob).await, ["m1", "m3"]);
        assert_eq!(heard(&bench, &cem).await, ["m1", "m2", "m3"]);
    }

    async fn who_was_absent_when_a_group_ended_has_all_of_it(bench: Bench) {
        let [ann, bob, _] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        say(&bench, "ann", "m1").await;
        store.dismiss_group(app, Actor::App, group("g"), later()).await.unwrap();
        // A group of the same id is another one.
        create(&bench, "g", &ann, &[&bob]).await;
        say(&bench, "ann", "m2").await;
        assert_eq!(heard(&bench, &bob).await, ["m1", "m2"]);
        let events: Vec<_> = paged(&bench, &bob, 3).await;
        let events: Vec<_> =
            events.iter().filter(|name| !name.starts_with('m') && !name.is_empty()).collect();
        assert_eq!(events, ["Created", "Dismissed", "Created"]);
    }

    async fn a_restored_user_finds_nothing_from_before(bench: Bench) {
        let [_, bob, _] = club(&bench).await;
        let (store, app, one) = (&bench.store, bench.app, vec![user("bob")]);
        say(&bench, "ann", "m1").await;
        store.soft_delete(app, one.clone(), "op1".to_owned(), later()).await.unwrap();
        say(&bench, "ann", "m2").await;
        let open = store.open_deletions(9).await.unwrap();
        while !store.go_on_deleting(open[0].clone(), later()).await.unwrap() {}
        store.restore(app, one, "op2".to_owned(), later()).await.unwrap();
        assert_eq!(unread(&bench, &bob).await, 0);
        say(&bench, "ann", "m3").await;
        // What was sent meanwhile is a member's to read, and counts, but no entry tells of it.
        assert_eq!(unread(&bench, &bob).await, 2);
        let page = store.sync(app, bob.clone(), 0, 50, None).await.unwrap();
        assert_eq!(page.entries.len(), 1);
        assert_eq!(channel(&bench, &bob).await.latest_message.unwrap().client_message_id, "m3");
    }

    async fn what_has_aged_leaves_no_gap(bench: Bench) {
        let [_, bob, cem] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        say(&bench, "ann", "m1").await;
        let day = later().plus_ms(24 * 60 * 60 * 1000);
        connect(&bench, &bob, later()).await;
        unread(&bench, &cem).await;
        say_at(&bench, draft(app, "ann", "m2", "m2"), &[], day).await;
        unread(&bench, &cem).await;
        // Of the sequence what is old goes, and of inboxes, whose owners begin behind it.
        let walked = store.trim_group_entries(app, String::new(), day).await.unwrap();
        assert!(walked.deleted > 0);
        let found = paged(&bench, &cem, 1).await;
        assert_eq!(found.iter().filter(|name| *name == "aged").count(), 1);
        assert_eq!(found.last().unwrap(), "m2");
        store.trim_inboxes(app, String::new(), day).await.unwrap();
        let page = store.sync(app, cem.clone(), 0, 50, None).await.unwrap();
        assert_eq!((page.entries.len(), page.floor), (1, page.head - 1));
    }

    async fn who_comes_back_after_entries_have_aged_begins_anew(bench: Bench) {
        let [_, bob, cem] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        say(&bench, "ann", "m1").await;
        let day = later().plus_ms(24 * 60 * 60 * 1000);
        say_at(&bench, draft(app, "ann", "m2", "m2"), &[], day).await;
        let before = store.sync(app, cem.clone(), 0, 50, None).await.unwrap();
        assert_eq!(before.floor, 0, "nothing has aged yet");
        store.trim_group_entries(app, String::new(), day).await.unwrap();
        let page = store.sync(app, bob.clone(), 0, 50, None).await.unwrap();
        assert_eq!((page.entries.len(), page.floor), (1, page.head - 1));
        // What is left to be read is in the history, and counts.
        assert_eq!(unread(&bench, &bob).await, 2);
    }

    async fn an_absent_members_device_is_pushed_to(bench: Bench) {
        let [..] = club(&bench).await;
        let (store, app) = (&bench.store, bench.app);
        register(store, app, "bob", "d").await;
        say(&bench, "ann", "m1").await;
        let first = (nuncio_protocol::ids::AppId(0), String::new());
        let (behind, _) = store.users_behind(first, 10, later()).await.unwrap();
        assert_eq!(behind, [(app, user("bob"))]);
        let due = store.due_push_devices(app, user("bob"), later()).await.unwrap().unwrap();
        let until = later().plus_ms(20_000);
        let work = store.next_push(due[0].clone(), None, later(), until).await.unwrap().unwrap();
        assert_eq!(work.found.message.client_message_id, "m1");
        assert_eq!((work.found.count, work.found.group.unwrap().0), (1, "Name".to_owned()));
    }

    async fn arriving_and_lapsing_beside_messages_loses_and_doubles_nothing(bench: Bench) {
        let [ann, bob, cem] = club(&bench).await;
        let other = bench.another().await;
        let bench = Arc::new(bench);
        let speak = |from: &'static str, store: nuncio_store::Store| {
            let app = bench.app;
            tokio::spawn(async move {
                for number in 0..60_i64 {
                    // Every few messages all who were not heard of lapse.
                    let now = later().plus_ms(number * 40_000);
                    let id = format!("{from}{number}");
                    let draft = draft(app, from, &id, &id);
                    store.append_to_groups(draft, vec![group("g")], vec![], now).await.unwrap();
                }
            })
        };
        let look = |user: UserId, store: nuncio_store::Store| {
            let app = bench.app;
            tokio::spawn(async move {
                for number in 0..60_i64 {
                    let now = later().plus_ms(number * 40_000);
                    let connected = (number % 3 > 0).then_some(now);
                    store.inbox_head(app, user.clone(), connected).await.unwrap();
                    store.total_unread(app, user.clone()).await.unwrap();
                }
            })
        };
        let tasks = [
            speak("ann", bench.store.clone()),
            speak("cem", other.clone()),
            look(bob.clone(), bench.store.clone()),
            look(bob.clone(), other.clone()),
            look(cem.clone(), other),
        ];
        for task in tasks {
            task.await.unwrap();
        }
        let expected = heard(&bench, &ann).await;
        assert_eq!(expected.len(), 120);
        for member in [&bob, &cem] {
            assert_eq!(heard(&bench, member).await, expected, "one order for all");
        }
        assert_eq!(unread(&bench, &bob).await, 120);
        assert_eq!(unread(&bench, &cem).await, 60);
    }
}

/// Groups of more than two are big.
fn above_two() -> GroupOptions {
    GroupOptions { big_above: 2, ..GroupOptions::default() }
}

async fn becomes_big(bench: Bench) {
    let [ann, bob, cem, dan] = bench.users(["ann", "bob", "cem", "dan"]).await;
    create(&bench, "g", &ann, &[&bob]).await;
    say(&bench, "ann", "m1").await;
    for (member, before) in [(&cem, "m2"), (&dan, "m3")] {
        bench.store.join_group(bench.app, group("g"), vec![member.clone()], later()).await.unwrap();
        bench.nudges.take();
        say(&bench, "bob", before).await;
        let told = bench.nudges.take().into_iter().filter(|nudge| nudge.user == *member).count();
        assert_eq!(told, 1, "whoever comes in attends at first");
    }
    // It stays big when members leave.
    let gone = vec![cem.clone(), dan.clone()];
    bench
        .store
        .leave_group(bench.app, Actor::App, group("g"), gone, FORGET, later())
        .await
        .unwrap();
    let much_later = later().plus_ms(3_600_000);
    say_at(&bench, draft(bench.app, "ann", "m4", "m4"), &[], much_later).await;
    assert_eq!(heard(&bench, &bob).await, ["m1", "m2", "m3", "m4"]);
    assert_eq!(heard(&bench, &cem).await, ["m2", "m3"]);
    assert_eq!(heard(&bench, &dan).await, ["m3"]);
}

#[tokio::test]
async fn a_group_becomes_big_without_losing_or_doubling_anything_on_sqlite() {
    becomes_big(Bench::sqlite_with(above_two()).await).await;
}

#[tokio::test]
async fn a_group_becomes_big_without_losing_or_doubling_anything_on_postgres() {
    becomes_big(Bench::postgres_with(above_two()).await).await;
}

#[tokio::test]
async fn a_message_writes_as_much_whoever_is_absent() {
    let bench = Bench::sqlite_with(above_two()).await;
    let [ann, bob] = bench.users(["ann", "bob"]).await;
    create(&bench, "g", &ann, &[&bob]).await;
    let ids: Vec<String> = (0..40).map(|number| format!("member{number}")).collect();
    for id in &ids {
        let [member] = bench.users([id.as_str()]).await;
        bench.store.join_group(bench.app, group("g"), vec![member], NOW).await.unwrap();
    }
    say(&bench, "ann", "m1").await;
    let tables = ["inbox", "channels", "group_entries", "messages"];
    let count = || tables.map(|table| bench.rows(table));
    let before = count();
    say(&bench, "ann", "m2").await;
    let after = count();
    let written: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(written, [1, 0, 1, 1], "{tables:?}");
}
