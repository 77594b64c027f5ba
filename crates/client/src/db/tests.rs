//! What the local database promises: once, together, and still after a crash.

use std::path::Path;

use nuncio_protocol::frames::{
    Channel, ChannelRead, ChannelState, Entry, Friend, FriendEvent, Message, MessageEdited,
    MessageRecalled, Profile, ProfileChanged, SendMessage, entry, friend_event,
};
use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::db::apply::{Ack, Applied};
use crate::events::Event;
use crate::inbox::Step;
use crate::outbox::Sent;

const ME: &str = "alice";
const KEEP: Keep = Keep { messages: 100, rows: 100 };

fn message(n: u64, from: &str) -> Message {
    Message {
        id: format!("{n:013}"),
        channel: Some(Channel::direct("bob")),
        sender_id: from.into(),
        r#type: "RC:TxtMsg".into(),
        content: "{}".into(),
        sent_at: n.cast_signed(),
        counted: true,
        ..Message::default()
    }
}

fn step(seq: u64, body: entry::Body) -> Step {
    Step::Entry(Box::new(Entry { seq, body: Some(body), at: 0 }))
}

fn received(seq: u64) -> Step {
    step(seq, entry::Body::Message(message(seq, "bob")))
}

fn memory() -> Connection {
    connect(None).unwrap()
}

fn commit(db: &mut Connection, steps: Vec<Step>) -> Applied {
    apply::commit(db, ME, Vec::new(), steps, KEEP).unwrap()
}

fn stored(db: &Connection) -> Vec<String> {
    let messages = read::messages(db, &Channel::direct("bob"), None, 1000).unwrap();
    messages.into_iter().rev().map(|m| m.id).collect()
}

fn unread(db: &Connection) -> u32 {
    read::total_unread(db).unwrap()
}

#[test]
fn an_entry_and_the_cursor_are_committed_together() {
    let mut db = memory();
    let applied = commit(&mut db, vec![received(1), received(2)]);
    assert_eq!(applied.events.len(), 2);
    assert_eq!(cursor(&db).unwrap(), 2);
    assert_eq!((stored(&db).len(), unread(&db)), (2, 2));
}

#[test]
fn entries_up_to_the_cursor_are_not_applied_again() {
    let mut db = memory();
    commit(&mut db, vec![received(1), received(2)]);
    let applied = commit(&mut db, vec![received(1), received(2), received(3)]);
    assert_eq!(applied.events.len(), 1);
    assert_eq!((stored(&db).len(), unread(&db), cursor(&db).unwrap()), (3, 3, 3));
}

#[test]
fn a_commit_that_fails_leaves_nothing_behind() {
    let mut db = memory();
    commit(&mut db, vec![received(1)]);
    db.execute_batch(
        "create trigger breaks before insert on messages when new.id like '%3'
         begin select raise(abort, 'disk full'); end;",
    )
    .unwrap();
    let failed = apply::commit(&mut db, ME, Vec::new(), vec![received(2), received(3)], KEEP);
    assert!(matches!(failed, Err(StoreError::Sqlite(_))));
    assert_eq!((cursor(&db).unwrap(), stored(&db).len(), unread(&db)), (1, 1, 1));
}

/// Runs `work` on a copy of the files as a crash would have left them: without closing the database.
fn after_crash(path: &Path, work: impl FnOnce(&mut Connection)) {
    let left = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), left.path().join(file.file_name())).unwrap();
    }
    work(&mut connect(Some(left.path().join(path.file_name().unwrap()))).unwrap());
}

#[test]
fn a_crash_between_any_two_statements_leaves_a_whole_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.db");
    let mut db = connect(Some(path.clone())).unwrap();
    for seq in 1..=20 {
        commit(&mut db, vec![received(seq)]);
        after_crash(&path, |left| {
            let at = cursor(left).unwrap();
            assert_eq!(at, seq);
            assert_eq!(stored(left).len() as u64, at);
            commit(left, vec![received(seq), received(seq + 1)]);
            assert_eq!(u64::from(unread(left)), seq + 1);
        });
    }
    // A transaction that is open when the crash comes has not happened.
    let tx = db.transaction().unwrap();
    set_cursor(&tx, 99).unwrap();
    after_crash(&path, |left| assert_eq!(cursor(left).unwrap(), 20));
}

#[test]
fn messages_to_be_sent_outlive_the_app_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.db");
    let send = |id: &str| SendMessage { client_message_id: id.into(), ..SendMessage::default() };
    let mut db = connect(Some(path.clone())).unwrap();
    for id in ["one", "two", "three"] {
        queue_send(&mut db, &send(id)).unwrap();
    }
    assert!(queue_send(&mut db, &send("two")).is_err(), "an id is used once");
    assert!(drop_send(&db, "two").unwrap());
    after_crash(&path, |left| {
        let left: Vec<_> = pending_sends(left).unwrap().into_iter().map(|(_, m)| m).collect();
        assert_eq!(left, [send("one"), send("three")]);
    });
}

#[test]
fn an_own_message_is_told_once_whether_its_ack_arrives_or_not() {
    let mut db = memory();
    let own = |n, id: &str| Message { client_message_id: id.into(), ..message(n, ME) };
    let sent = |n: u64, id: &str| Sent {
        client_message_id: id.into(),
        message_id: format!("{n:013}"),
        sent_at: n.cast_signed(),
    };
    for id in ["acked", "unacked"] {
        let message = SendMessage { client_message_id: id.into(), ..SendMessage::default() };
        queue_send(&mut db, &message).unwrap();
    }
    let acks = vec![Ack { sent: sent(1, "acked"), message: own(1, "acked") }];
    apply::commit(&mut db, ME, acks, Vec::new(), KEEP).unwrap();
    let steps = vec![
        step(1, entry::Body::Message(own(1, "acked"))),
        step(2, entry::Body::Message(own(2, "unacked"))),
        step(3, entry::Body::Message(own(3, "from another device"))),
    ];
    let applied = commit(&mut db, steps);
    assert_eq!(applied.accepted, [sent(2, "unacked")]);
    assert!(matches!(&applied.events[..], [Event::Message(m)] if m.sent_at == 3));
    assert!(pending_sends(&mut db).unwrap().is_empty());
    assert_eq!((stored(&db).len(), unread(&db)), (3, 0));
}

#[test]
fn recall_and_reading_change_what_is_unread() {
    let mut db = memory();
    let recall = |n: u64| {
        entry::Body::Recalled(MessageRecalled {
            channel: Some(Channel::direct("bob")),
            message_id: format!("{n:013}"),
            ..MessageRecalled::default()
        })
    };
    let read = entry::Body::ChannelRead(ChannelRead {
        channel: Some(Channel::direct("bob")),
        message_id: format!("{:013}", 2),
        unread_count: 1,
        ..ChannelRead::default()
    });
    commit(&mut db, vec![received(1), received(2), received(3), step(4, read)]);
    assert_eq!(unread(&db), 1);
    commit(&mut db, vec![step(5, recall(1))]);
    assert_eq!(unread(&db), 1, "it had been read");
    commit(&mut db, vec![step(6, recall(3)), step(7, recall(3))]);
    assert_eq!(unread(&db), 0);
    let messages = read::messages(&db, &Channel::direct("bob"), None, 9).unwrap();
    assert_eq!(messages.iter().map(|m| m.recalled).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(messages[0].content, "");
}

#[test]
fn an_edit_is_taken_in_once_and_never_brings_a_recalled_message_back() {
    let mut db = memory();
    let edit = |n: u64, content: &str, edited_at: i64| {
        let content = content.to_owned();
        let message = Message { content, edited_at, ..message(n, "bob") };
        entry::Body::Edited(MessageEdited { message: Some(message) })
    };
    let edited = |applied: &Applied| matches!(applied.events[..], [Event::MessageEdited(_)]);
    commit(&mut db, vec![received(1), received(2)]);
    assert!(edited(&commit(&mut db, vec![step(3, edit(1, "new", 20))])));
    let late = commit(&mut db, vec![step(4, edit(1, "old", 10)), step(5, edit(1, "new", 20))]);
    assert!(late.events.is_empty());
    assert!(edited(&commit(&mut db, vec![step(6, edit(9, "not kept here", 20))])));
    let recall = MessageRecalled { message_id: format!("{:013}", 2), ..MessageRecalled::default() };
    let recall = MessageRecalled { channel: Some(Channel::direct("bob")), ..recall };
    commit(&mut db, vec![step(7, entry::Body::Recalled(recall)), step(8, edit(2, "back", 30))]);
    let messages = read::messages(&db, &Channel::direct("bob"), None, 9).unwrap();
    let contents: Vec<_> = messages.iter().map(|m| (m.content.as_str(), m.edited_at)).collect();
    assert_eq!(contents, [("", 0), ("new", 20)]);
    assert_eq!(unread(&db), 1);
}

#[test]
fn channels_read_anew_do_not_count_a_message_twice() {
    let mut db = memory();
    let state = ChannelState {
        channel: Some(Channel::direct("bob")),
        latest_message: Some(message(5, "bob")),
        unread_count: 2,
        updated_at: 5,
        ..ChannelState::default()
    };
    apply::reset(&mut db, 3).unwrap();
    apply::store_channels(&mut db, ME, &[state], KEEP).unwrap();
    commit(&mut db, vec![received(4), received(5), received(6)]);
    assert_eq!(unread(&db), 3);
    let channels = read::channels(&db, 10).unwrap();
    assert_eq!(channels[0].latest_message.as_ref().unwrap().id, format!("{:013}", 6));
}

#[test]
fn mentions_in_a_group_are_counted_until_they_are_read_or_recalled() {
    let mut db = memory();
    let message = |n: u64, info: &str| {
        let content = format!("{{\"mentionedInfo\":{info}}}");
        let channel = Some(Channel::group("g"));
        entry::Body::Message(Message { channel, content, ..message(n, "bob") })
    };
    let counts = |db: &Connection| {
        let states = read::channels(db, 10).unwrap();
        let state = &states[0];
        (state.unread_count, state.mentioned_count, state.mentioned_me_count)
    };
    let me = r#"{"type":2,"userIdList":["alice"]}"#;
    let steps = [
        step(1, message(1, me)),
        step(2, message(2, r#"{"type":2,"userIdList":["carol"]}"#)),
        step(3, message(3, r#"{"type":1}"#)),
        step(4, message(4, "null")),
    ];
    commit(&mut db, steps.into());
    assert_eq!(counts(&db), (4, 3, 2));
    let recall = MessageRecalled {
        channel: Some(Channel::group("g")),
        message_id: format!("{:013}", 3),
        ..MessageRecalled::default()
    };
    commit(&mut db, vec![step(5, entry::Body::Recalled(recall))]);
    assert_eq!(counts(&db), (3, 2, 1));
    let read = ChannelRead {
        channel: Some(Channel::group("g")),
        message_id: format!("{:013}", 1),
        unread_count: 2,
        mentioned_count: 1,
        mentioned_me_count: 0,
    };
    commit(&mut db, vec![step(6, entry::Body::ChannelRead(read))]);
    assert_eq!(counts(&db), (2, 1, 0));
}

#[test]
fn members_that_are_kept_follow_what_happens_to_their_group() {
    use nuncio_protocol::frames::group_event::Kind;
    use nuncio_protocol::frames::{Group, GroupEvent, GroupMember};
    let mut db = memory();
    let member = |id: &str, nickname: &str| GroupMember {
        user_id: id.into(),
        nickname: nickname.into(),
        ..GroupMember::default()
    };
    let all = [member("bob", "Bob"), member("carol", ""), member(ME, "")];
    people::store_members(&db, "g", &all, KEEP).unwrap();
    people::store_members(&db, "h", &all, KEEP).unwrap();
    let mut seq = 0;
    let mut happens = |db: &mut Connection, kind: Kind, members: Vec<GroupMember>| {
        seq += 1;
        let group = Some(Group { id: "g".into(), ..Group::default() });
        let event = GroupEvent { kind: kind.into(), group, members, ..GroupEvent::default() };
        commit(db, vec![step(seq, entry::Body::Group(Box::new(event)))]);
    };
    let kept = |db: &Connection, group: &str, id: &str| {
        people::member(db, group, id).unwrap().map(|member| member.nickname)
    };
    happens(&mut db, Kind::MemberChanged, vec![member("bob", "Bobby"), member("dan", "New")]);
    assert_eq!(kept(&db, "g", "bob").as_deref(), Some("Bobby"));
    assert_eq!(kept(&db, "g", "dan"), None, "only who was asked about is kept");
    assert_eq!(kept(&db, "h", "bob").as_deref(), Some("Bob"));
    happens(&mut db, Kind::Kicked, vec![member("bob", "Bobby")]);
    assert_eq!((kept(&db, "g", "bob"), kept(&db, "g", "carol").is_some()), (None, true));
    happens(&mut db, Kind::Left, vec![member(ME, "")]);
    assert_eq!((kept(&db, "g", "carol"), kept(&db, "h", "carol").is_some()), (None, true));
}

#[test]
fn each_channel_keeps_its_newest_messages() {
    let mut db = memory();
    let keep = Keep { messages: 3, rows: 2 };
    for seq in 1..=10 {
        apply::commit(&mut db, ME, Vec::new(), vec![received(seq)], keep).unwrap();
    }
    assert_eq!(stored(&db), [8, 9, 10].map(|n| format!("{n:013}")));
    for (seq, other) in [(11, "carol"), (12, "dave")] {
        let message = Message { channel: Some(Channel::direct(other)), ..message(seq, other) };
        let steps = vec![step(seq, entry::Body::Message(message))];
        apply::commit(&mut db, ME, Vec::new(), steps, keep).unwrap();
    }
    assert_eq!(read::channels(&db, 10).unwrap().len(), 2);
    assert!(stored(&db).is_empty());
}

#[test]
fn people_are_kept_and_forgotten() {
    let mut db = memory();
    let (user_id, alias, name) = ("bob".to_owned(), "Bobby".to_owned(), "Bob".to_owned());
    let friend = Friend { user_id, alias, name, ..Friend::default() };
    let event = |kind: friend_event::Kind, friend: Option<Friend>| {
        entry::Body::Friend(FriendEvent {
            kind: kind.into(),
            user_ids: vec!["bob".into()],
            friend,
            ..FriendEvent::default()
        })
    };
    let profile = Profile { user_id: "bob".into(), basic: "{}".into(), ..Profile::default() };
    let applied = commit(
        &mut db,
        vec![
            step(1, event(friend_event::Kind::Added, Some(friend.clone()))),
            step(
                2,
                entry::Body::ProfileChanged(ProfileChanged {
                    profile: Some(profile.clone()),
                    friend: false,
                }),
            ),
        ],
    );
    assert_eq!(applied.people, ["bob", "bob"]);
    assert_eq!(people::friend(&db, "bob").unwrap(), Some(friend));
    assert_eq!(people::profile(&db, "bob").unwrap(), Some(profile));
    commit(&mut db, vec![step(3, event(friend_event::Kind::Removed, None))]);
    assert_eq!(people::friend(&db, "bob").unwrap(), None);
    let known = people::profile(&db, "bob").unwrap().unwrap();
    assert_eq!(known.basic, r#"{"name":"Bob"}"#, "the name stays known");
}

#[test]
fn entries_of_a_later_version_are_passed_over() {
    let mut db = memory();
    let unknown = Step::Entry(Box::new(Entry { seq: 1, body: None, at: 0 }));
    assert!(commit(&mut db, vec![unknown, Step::Own(2)]).events.is_empty());
    assert_eq!(cursor(&db).unwrap(), 2);
}

#[test]
fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.db");
    let db = connect(Some(path.clone())).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let error = connect(Some(path)).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }));
    assert!(error.to_string().contains("update the app"), "{error}");
}

#[test]
fn a_database_belongs_to_one_user_and_one_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.db");
    let mut db = connect(Some(path.clone())).unwrap();
    assert_eq!(bind(&mut db, "app", "alice").unwrap(), 0);
    assert!(matches!(bind(&mut db, "app", "bob"), Err(StoreError::SomebodyElses { .. })));
    assert!(matches!(connect(Some(path.clone())), Err(StoreError::InUse)));
    drop(db);
    assert_eq!(bind(&mut connect(Some(path)).unwrap(), "app", "alice").unwrap(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is delivered again after whichever crash: once each, in order, and counted once.
    #[test]
    fn any_batches_with_repeats_store_each_message_once(
        batches in prop::collection::vec((1u64..6, 0u64..6), 1..12),
    ) {
        let mut db = memory();
        let mut told = Vec::new();
        let mut head = 0;
        for (new, again) in batches {
            let from = head + 1 - again.min(head);
            head += new;
            let applied = commit(&mut db, (from..=head).map(received).collect());
            for event in applied.events {
                if let Event::Message(message) = event { told.push(message.id) }
            }
        }
        let all: Vec<_> = (1..=head).map(|n| format!("{n:013}")).collect();
        prop_assert_eq!(&told, &all);
        prop_assert_eq!(stored(&db), all);
        prop_assert_eq!(u64::from(unread(&db)), head);
    }
}
