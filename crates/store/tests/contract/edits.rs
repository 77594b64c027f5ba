//! Editing what was sent.

use nuncio_protocol::frames::{Message, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::apps::App;
use nuncio_store::channels::HistoryFrom;
use nuncio_store::edits::Edit;
use nuncio_store::messages::{By, Draft, Recaller};
use nuncio_store::{Store, StoreError};

use crate::harness::{Bench, NOW, contract, refusal, user};
use crate::messages::{draft, send};

pub(crate) fn edit(app: AppId, sender: &UserId, peer: &UserId, id: MessageId, text: &str) -> Edit {
    Edit {
        app,
        sender: sender.clone(),
        by: By::Client { token_issued_at: NOW, secret_version: 1 },
        peer: peer.clone(),
        id,
        content: content(text),
        asked: false,
    }
}

fn content(text: &str) -> Content {
    Content::try_from(format!("{{\"content\":\"{text}\"}}")).unwrap()
}

async fn latest(store: &Store, app: AppId, viewer: &UserId, peer: &UserId) -> Message {
    let (viewer, peer) = (viewer.clone(), peer.clone());
    store.history(app, viewer, peer, HistoryFrom::End, false, 1).await.unwrap().remove(0)
}

/// The edits that a user's devices were told.
async fn told(bench: &Bench, user: &UserId) -> Vec<Message> {
    let edited = |body| match body {
        entry::Body::Edited(edited) => edited.message,
        _ => None,
    };
    bench.inbox(user).await.into_iter().filter_map(edited).collect()
}

contract! {
    async fn an_edited_message_says_so_to_both_sides_and_in_the_history(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let id = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().id;
        let later = NOW.plus_ms(5);
        let change = edit(bench.app, &alice, &bob, id, "better");
        let answer = bench.store.edit(change.clone(), later).await.unwrap();
        assert_eq!((answer.content.as_str(), answer.edited_at), (change.content.as_str(), later.0));
        for (viewer, peer) in [(&alice, &bob), (&bob, &alice)] {
            let seen = latest(&bench.store, bench.app, viewer, peer).await;
            assert_eq!(told(&bench, viewer).await, std::slice::from_ref(&seen));
            assert_eq!((seen.content, seen.edited_at), (answer.content.clone(), later.0));
        }
        assert_eq!(bench.store.total_unread(bench.app, bob.clone()).await.unwrap(), 1);

        let again = bench.store.edit(change, later.plus_ms(5)).await.unwrap();
        assert_eq!(again, answer, "the same content again changes nothing");
        assert_eq!(told(&bench, &bob).await.len(), 1);
    }

    async fn of_two_edits_the_later_one_is_known_by_its_time_though_the_clock_went_back(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let id = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().id;
        let first = edit(bench.app, &alice, &bob, id, "first");
        let first = bench.store.edit(first, NOW.plus_ms(1000)).await.unwrap();
        let second = edit(bench.app, &alice, &bob, id, "second");
        let second = bench.store.edit(second, NOW).await.unwrap();
        assert!(second.edited_at > first.edited_at);
    }

    async fn what_was_recalled_after_an_edit_is_gone_from_the_inbox_too(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let id = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().id;
        bench.store.edit(edit(bench.app, &alice, &bob, id, "secret"), NOW).await.unwrap();
        let by = Recaller::User(alice.clone());
        bench.store.recall(bench.app, by, bob.clone(), id, String::new(), NOW).await.unwrap();
        let edits = told(&bench, &bob).await;
        assert!(edits[0].recalled && edits[0].content.is_empty());
        let gone = bench.store.edit(edit(bench.app, &alice, &bob, id, "again"), NOW).await;
        assert!(matches!(refusal(gone), Refusal::MessageNotFound(_)));
    }

    async fn only_the_sender_edits_and_only_what_can_be_edited_in_time(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let id = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().id;
        let try_edit = async |sender: &UserId, peer: &UserId, id: MessageId, now: Timestamp| {
            bench.store.edit(edit(bench.app, sender, peer, id, "x"), now).await
        };
        assert_eq!(refusal(try_edit(&bob, &alice, id, NOW).await), Refusal::NotYourMessage);
        let nothing = try_edit(&alice, &bob, MessageId(1), NOW).await;
        assert!(matches!(refusal(nothing), Refusal::MessageNotFound(_)));
        let carol = user("carol");
        let elsewhere = try_edit(&alice, &carol, id, NOW).await;
        assert!(matches!(refusal(elsewhere), Refusal::MessageNotFound(_)));

        let day = 24 * 60 * 60_000;
        let late = try_edit(&alice, &bob, id, NOW.plus_ms(day + 1)).await;
        assert_eq!(refusal(late), Refusal::EditTooLate { minutes: 24 * 60 });
        try_edit(&alice, &bob, id, NOW.plus_ms(day)).await.unwrap();
        let by_server = Edit {
            by: By::Server { verify_blocklist: false, echo_to_sender: true },
            ..edit(bench.app, &alice, &bob, id, "by the app server")
        };
        bench.store.edit(by_server, NOW.plus_ms(2 * day)).await.unwrap();
        let off = |app: &mut App| app.settings.message_edit_minutes = 0;
        bench.store.set_app(bench.app, NOW, off).await.unwrap();
        assert_eq!(refusal(try_edit(&alice, &bob, id, NOW).await), Refusal::EditTooLate { minutes: 0 });
        let on = |app: &mut App| app.settings.message_edit_minutes = 5;
        bench.store.set_app(bench.app, NOW, on).await.unwrap();

        let types =
            [("RC:ReferenceMsg", true), ("app:order", true), ("RC:ImgMsg", false), ("RC:CmdMsg", false)];
        for (name, editable) in types {
            let r#type = MessageType::try_from(name).unwrap();
            let draft = Draft { r#type: r#type.clone(), ..draft(bench.app, "alice", name, "m") };
            let id = bench.store.append(draft, bob.clone(), NOW).await.unwrap().id;
            let outcome = try_edit(&alice, &bob, id, NOW).await;
            if editable {
                outcome.unwrap();
            } else {
                assert_eq!(refusal(outcome), Refusal::NotEditable(r#type));
            }
        }
    }

    async fn whoever_may_not_write_may_not_edit(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let app = bench.app;
        let id = send(&bench.store, app, "alice", "bob", "m1").await.unwrap().id;
        let mut number = 0;
        let mut try_edit = async || -> Result<Message, StoreError> {
            number += 1;
            bench.store.edit(edit(app, &alice, &bob, id, &format!("try {number}")), NOW).await
        };

        bench.store.block(app, bob.clone(), vec![alice.clone()], NOW).await.unwrap();
        assert_eq!(refusal(try_edit().await), Refusal::InBlocklist);
        bench.store.unblock(app, bob.clone(), vec![alice.clone()], NOW).await.unwrap();
        try_edit().await.unwrap();

        bench.store.mute(app, vec![alice.clone()], true, NOW).await.unwrap();
        assert_eq!(refusal(try_edit().await), Refusal::Muted);
        bench.store.mute(app, vec![alice.clone()], false, NOW).await.unwrap();

        bench.store.set_whitelist_enabled(app, vec![bob.clone()], true, NOW).await.unwrap();
        assert_eq!(refusal(try_edit().await), Refusal::NotInWhitelist);
        bench.store.set_whitelist_enabled(app, vec![bob.clone()], false, NOW).await.unwrap();

        bench.store.set_app(app, NOW, |app| app.only_friends = true).await.unwrap();
        assert_eq!(refusal(try_edit().await), Refusal::OnlyFriends);
        bench.store.set_app(app, NOW, |app| app.only_friends = false).await.unwrap();

        let until = NOW.plus_ms(60_000);
        bench.store.ban(app, vec![alice.clone()], until, String::new(), false, NOW).await.unwrap();
        assert!(matches!(refusal(try_edit().await), Refusal::Banned { .. }));
        assert_eq!(latest(&bench.store, app, &bob, &alice).await.content, content("try 2").as_str());
    }
}
