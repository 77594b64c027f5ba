//! Appending, recalling, reading.

use nuncio_protocol::frames::{Entry, Message, ProtobufMessage as _, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ChannelId, ClientMessageId, Refusal, Timestamp, UserId};
use nuncio_store::channels::HistoryFrom;
use nuncio_store::messages::{By, Draft, Recaller, Sent};
use nuncio_store::{Store, StoreError};

use crate::harness::{NOW, contract, refusal, user};

pub(crate) fn draft(app: AppId, sender: &str, client_id: &str, text: &str) -> Draft {
    Draft {
        app,
        sender: user(sender),
        by: By::Client { token_issued_at: NOW, secret_version: 1 },
        client_id: Some(ClientMessageId::try_from(client_id).unwrap()),
        r#type: MessageType::try_from("RC:TxtMsg").unwrap(),
        content: Content::try_from(format!("{{\"content\":\"{text}\"}}")).unwrap(),
        counted: true,
        needs_receipt: false,
        push: None,
        asked: false,
    }
}

pub(crate) async fn send(
    store: &Store,
    app: AppId,
    from: &str,
    to: &str,
    id: &str,
) -> Result<Sent, StoreError> {
    store.append(draft(app, from, id, id), user(to), NOW).await
}

/// Everything in a user's inbox, which must have no gap.
async fn inbox(store: &Store, app: AppId, id: &str) -> Vec<Entry> {
    let page = store.sync(app, user(id), 0, 500, None).await.unwrap();
    assert!(page.entries.iter().map(|entry| entry.seq).eq(1..=page.head), "a gap");
    page.entries
}

fn messages(entries: &[Entry]) -> Vec<&Message> {
    let message = |entry: &'_ Entry| matches!(entry.body, Some(entry::Body::Message(_)));
    entries
        .iter()
        .filter(|entry| message(entry))
        .filter_map(|entry| match &entry.body {
            Some(entry::Body::Message(message)) => Some(message),
            _ => None,
        })
        .collect()
}

contract! {
    async fn a_message_is_in_both_inboxes_and_in_the_history(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        bench.nudges.take();
        let sent = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap();
        assert_eq!(sent.seq, 1);
        assert_eq!(sent.id.sent_at(), NOW);

        let at_bob = inbox(&bench.store, bench.app, "bob").await;
        let message = messages(&at_bob)[0].clone();
        assert_eq!(message.id, sent.id.to_string());
        assert_eq!(message.sender_id, "alice");
        assert_eq!(message.channel.as_ref().unwrap().id, "alice");
        assert_eq!(message.content, r#"{"content":"m1"}"#);
        let at_alice = inbox(&bench.store, bench.app, "alice").await;
        assert_eq!(messages(&at_alice)[0].channel.as_ref().unwrap().id, "bob");

        for (viewer, peer) in [(&alice, &bob), (&bob, &alice)] {
            let history = bench
                .store
                .history(bench.app, viewer.clone(), peer.clone(), HistoryFrom::End, false, 10)
                .await
                .unwrap();
            assert_eq!(history.len(), 1);
            assert_eq!(history[0].channel.as_ref().unwrap().id, peer.as_str());
        }
    }

    async fn what_is_nudged_is_what_the_inbox_holds(bench: Bench) {
        bench.users(["alice", "bob"]).await;
        bench.nudges.take();
        for number in 0..20 {
            send(&bench.store, bench.app, "alice", "bob", &format!("m{number}")).await.unwrap();
        }
        let nudges = bench.nudges.take();
        let of_bob: Vec<Entry> = nudges
            .iter()
            .filter(|nudge| nudge.user == user("bob"))
            .map(|nudge| Entry { seq: nudge.seq, ..Entry::decode(nudge.body.clone()).unwrap() })
            .collect();
        assert_eq!(of_bob, inbox(&bench.store, bench.app, "bob").await);
    }

    async fn the_same_client_message_id_again_gets_the_first_answer(bench: Bench) {
        bench.users(["alice", "bob"]).await;
        let first = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap();
        let again = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap();
        assert_eq!((again.id, again.seq), (first.id, 0));
        assert_eq!(inbox(&bench.store, bench.app, "bob").await.len(), 1);
        assert_eq!(inbox(&bench.store, bench.app, "alice").await.len(), 1);
    }

    async fn tries_at_the_same_time_make_one_message(bench: Bench) {
        bench.users(["alice", "bob"]).await;
        let another = bench.another().await;
        let mut tries = tokio::task::JoinSet::new();
        for number in 0..16 {
            let store = if number % 2 == 0 { bench.store.clone() } else { another.clone() };
            let app = bench.app;
            tries.spawn(async move { send(&store, app, "alice", "bob", "m1").await });
        }
        let mut ids = std::collections::HashSet::new();
        while let Some(outcome) = tries.join_next().await {
            ids.insert(outcome.unwrap().unwrap().id);
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(inbox(&bench.store, bench.app, "bob").await.len(), 1);
    }

    async fn crossing_messages_of_many_pairs_leave_no_gap_and_no_disorder(bench: Bench) {
        bench.users(["a", "b", "c", "d"]).await;
        let another = bench.another().await;
        let mut senders = tokio::task::JoinSet::new();
        let pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "a"), ("a", "d")];
        for (index, (from, to)) in pairs.into_iter().enumerate() {
            let store = if index % 2 == 0 { bench.store.clone() } else { another.clone() };
            let app = bench.app;
            senders.spawn(async move {
                for number in 0..40 {
                    send(&store, app, from, to, &format!("{from}{to}{number}")).await.unwrap();
                }
            });
        }
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
        for id in ["a", "b", "c", "d"] {
            let entries = inbox(&bench.store, bench.app, id).await;
            for (from, to) in pairs.into_iter().filter(|(from, to)| *from == id || *to == id) {
                let key = format!("{from}{to}");
                let order: Vec<_> = messages(&entries)
                    .iter()
                    .filter_map(|m| m.client_message_id.strip_prefix(&key)?.parse::<u32>().ok())
                    .collect();
                assert!(order.iter().copied().eq(0..40), "{key} at {id}: {order:?}");
            }
        }
    }

    async fn messages_that_come_together_are_decided_on_each_by_itself(bench: Bench) {
        let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        bench.store.block(bench.app, carol.clone(), vec![alice], NOW).await.unwrap();
        let mut sends = Vec::new();
        for number in 0..120 {
            let (store, app) = (bench.store.clone(), bench.app);
            sends.push(async move {
                let (to, id) = match number % 4 {
                    0 => ("bob", number),
                    // What another one of those beside it says too.
                    1 => ("bob", number - 1),
                    2 => ("carol", number),
                    _ => ("alice", number),
                };
                send(&store, app, "alice", to, &format!("m{id}")).await
            });
        }
        let outcomes = futures_util::future::join_all(sends).await;
        for (number, outcome) in outcomes.iter().enumerate() {
            match number % 4 {
                1 => {
                    let first = outcomes[number - 1].as_ref().unwrap().id;
                    assert_eq!(outcome.as_ref().unwrap().id, first);
                }
                2 => assert!(matches!(
                    outcome,
                    Err(StoreError::Refused(Refusal::InBlocklist))
                )),
                _ => assert!(outcome.is_ok()),
            }
        }
        assert_eq!(inbox(&bench.store, bench.app, "alice").await.len(), 60);
        assert_eq!(messages(&inbox(&bench.store, bench.app, "bob").await).len(), 30);
        assert_eq!(messages(&inbox(&bench.store, bench.app, "carol").await).len(), 0);
        assert_eq!(bench.store.total_unread(bench.app, bob).await.unwrap(), 30);
    }

    async fn a_clock_that_jumps_back_does_not_turn_the_order(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        for (number, at) in [0, -3_600_000, 5, -10, -86_400_000].into_iter().enumerate() {
            let message = draft(bench.app, "alice", &format!("m{number}"), "x");
            bench.store.append(message, bob.clone(), Timestamp(NOW.0 + at)).await.unwrap();
        }
        // A store that has just been opened does not know of the ids that were made before.
        let another = bench.another().await;
        let late = draft(bench.app, "alice", "m5", "x");
        another.append(late, bob.clone(), Timestamp(NOW.0 - 7_000_000)).await.unwrap();
        let history = bench
            .store
            .history(bench.app, bob, alice, HistoryFrom::End, true, 10)
            .await
            .unwrap();
        let order: Vec<_> = history.iter().map(|m| m.client_message_id.as_str()).collect();
        assert_eq!(order, ["m0", "m1", "m2", "m3", "m4", "m5"]);
    }

    async fn a_refused_message_leaves_nothing(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let nobody = send(&bench.store, bench.app, "alice", "nobody", "m1").await;
        assert_eq!(refusal(nobody), Refusal::NotRegistered(user("nobody")));
        let stranger = send(&bench.store, bench.app, "stranger", "bob", "m1").await;
        assert_eq!(refusal(stranger), Refusal::NotRegistered(user("stranger")));
        bench.store.set_app(bench.app, NOW, |app| app.only_friends = true).await.unwrap();
        assert_eq!(
            refusal(send(&bench.store, bench.app, "alice", "bob", "m1").await),
            Refusal::OnlyFriends
        );
        bench.store.set_app(bench.app, NOW, |app| app.only_friends = false).await.unwrap();
        for id in [&alice, &bob] {
            assert_eq!(bench.store.inbox_head(bench.app, id.clone(), None).await.unwrap(), 0);
        }
        // The id that was refused may be used once nothing stands against it.
        assert_eq!(send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().seq, 1);
    }

    async fn a_token_of_an_old_secret_sends_nothing(bench: Bench) {
        bench.users(["alice", "bob"]).await;
        bench.store.rotate_secret(bench.app, vec![9], NOW).await.unwrap();
        let outcome = send(&bench.store, bench.app, "alice", "bob", "m1").await;
        assert_eq!(refusal(outcome), Refusal::TokenExpired);
    }

    async fn a_message_to_several_is_all_or_nothing(bench: Bench) {
        let [_, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        let by = By::Server { verify_blocklist: false, echo_to_sender: false };
        let message = Draft { by, ..draft(bench.app, "alice", "key", "x") };
        let to = vec![bob.clone(), user("nobody"), carol.clone()];
        let outcome = bench.store.append_to_many(message.clone(), to, NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        assert_eq!(bench.store.inbox_head(bench.app, bob.clone(), None).await.unwrap(), 0);

        let to = vec![bob.clone(), carol.clone()];
        let first = bench.store.append_to_many(message.clone(), to.clone(), NOW).await.unwrap();
        let again = bench.store.append_to_many(message, to, NOW).await.unwrap();
        assert_eq!(first, again, "the same key again");
        for id in ["bob", "carol"] {
            assert_eq!(inbox(&bench.store, bench.app, id).await.len(), 1);
        }
        assert_eq!(inbox(&bench.store, bench.app, "alice").await.len(), 0, "no echo was asked for");
    }

    async fn a_message_to_several_that_is_refused_takes_no_number_from_those_beside_it(bench: Bench) {
        let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        let by = By::Server { verify_blocklist: false, echo_to_sender: true };
        let mut tries = tokio::task::JoinSet::new();
        for number in 0..60 {
            let (store, app) = (bench.store.clone(), bench.app);
            let id = format!("m{number}");
            let draft = Draft { by: by.clone(), ..draft(app, "alice", &id, &id) };
            let mut to = vec![bob.clone(), carol.clone()];
            if number % 2 == 0 {
                to.push(user("nobody"));
            }
            tries.spawn(async move { store.append_to_many(draft, to, NOW).await.is_ok() });
        }
        let mut sent = 0;
        while let Some(accepted) = tries.join_next().await {
            sent += usize::from(accepted.unwrap());
        }
        assert_eq!(sent, 30);
        for (who, count) in [(alice, 60), (bob, 30), (carol, 30)] {
            assert_eq!(inbox(&bench.store, bench.app, who.as_str()).await.len(), count);
        }
    }

    async fn a_note_to_oneself_has_one_entry(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        assert_eq!(send(&bench.store, bench.app, "alice", "alice", "m1").await.unwrap().seq, 1);
        assert_eq!(inbox(&bench.store, bench.app, "alice").await.len(), 1);
        assert_eq!(bench.store.total_unread(bench.app, alice).await.unwrap(), 0);
    }

    async fn a_recalled_message_has_no_content_anywhere(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let id = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().id;
        let recall = |by: Recaller, peer: &UserId| {
            bench.store.recall(bench.app, by, peer.clone(), id, String::new(), NOW)
        };
        let by_other = recall(Recaller::User(bob.clone()), &alice).await;
        assert_eq!(refusal(by_other), Refusal::NotYourMessage);
        recall(Recaller::User(alice.clone()), &bob).await.unwrap();
        recall(Recaller::User(alice.clone()), &bob).await.unwrap();

        let entries = inbox(&bench.store, bench.app, "bob").await;
        assert_eq!(entries.len(), 2, "the message and its recall, once");
        let message = messages(&entries)[0];
        assert!(message.recalled && message.content.is_empty());
        assert!(matches!(entries[1].body, Some(entry::Body::Recalled(_))));
        assert_eq!(bench.store.total_unread(bench.app, bob).await.unwrap(), 0);

        let gone = bench
            .store
            .recall(bench.app, Recaller::User(alice), user("bob"), MessageId(1), String::new(), NOW)
            .await;
        assert!(matches!(refusal(gone), Refusal::MessageNotFound(_)));
    }

    async fn reading_a_channel_tells_both_sides_once(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let mut ids = Vec::new();
        for number in 0..3 {
            let sent = send(&bench.store, bench.app, "alice", "bob", &format!("m{number}")).await;
            ids.push(sent.unwrap().id);
        }
        let unread = async || bench.store.total_unread(bench.app, bob.clone()).await.unwrap();
        let read = async |up_to| {
            bench.store.mark_read(bench.app, bob.clone(), alice.clone(), up_to, NOW).await.unwrap();
        };
        assert_eq!(unread().await, 3);
        read(Some(ids[0])).await;
        assert_eq!(unread().await, 2);
        read(None).await;
        read(None).await;
        read(Some(ids[0])).await;
        assert_eq!(unread().await, 0, "reading goes forward only");

        let channels = bench.store.channels(bench.app, alice.clone(), None, None, 10).await.unwrap();
        assert_eq!(channels[0].peer_read_message_id, ids[2].to_string());
        assert_eq!(channels[0].unread_count, 0);
        let receipts = inbox(&bench.store, bench.app, "alice").await;
        let receipts = receipts
            .iter()
            .filter(|entry| matches!(entry.body, Some(entry::Body::ReadReceipt(_))))
            .count();
        assert_eq!(receipts, 2, "one for each step forward");
    }

    async fn channels_are_listed_by_their_latest_message(bench: Bench) {
        let [alice, ..] = bench.users(["alice", "bob", "carol"]).await;
        for (index, peer) in (0_i64..).zip(["bob", "carol", "bob"]) {
            let message = draft(bench.app, peer, &format!("m{index}"), "x");
            let at = Timestamp(NOW.0 + index * 10);
            bench.store.append(message, alice.clone(), at).await.unwrap();
        }
        let list = async |before| {
            let channels =
                bench.store.channels(bench.app, alice.clone(), before, None, 10).await.unwrap();
            channels
                .into_iter()
                .map(|c| (c.channel.unwrap().id, c.unread_count, c.updated_at))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            list(None).await,
            [("bob".to_owned(), 2, NOW.0 + 20), ("carol".to_owned(), 1, NOW.0 + 10)]
        );
        assert_eq!(list(Some(Timestamp(NOW.0 + 20))).await.len(), 1);
        let with = bench
            .store
            .channels_of(
                bench.app,
                alice.clone(),
                ["carol", "nobody"].map(|id| ChannelId::Direct(user(id))).into(),
            )
            .await
            .unwrap();
        assert_eq!(with.len(), 1);
    }

    async fn history_is_paged_in_both_directions(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let mut ids = Vec::new();
        for number in 0..5 {
            let message = draft(bench.app, "alice", &format!("m{number}"), "x");
            let at = Timestamp(NOW.0 + number);
            ids.push(bench.store.append(message, bob.clone(), at).await.unwrap().id);
        }
        let page = async |from, ascending| {
            let page = bench
                .store
                .history(bench.app, alice.clone(), bob.clone(), from, ascending, 2)
                .await
                .unwrap();
            page.into_iter().map(|m| m.client_message_id).collect::<Vec<_>>()
        };
        assert_eq!(page(HistoryFrom::End, false).await, ["m4", "m3", "m2"]);
        assert_eq!(page(HistoryFrom::Message(ids[3]), false).await, ["m2", "m1", "m0"]);
        assert_eq!(page(HistoryFrom::Message(ids[3]), true).await, ["m4"]);
        assert_eq!(page(HistoryFrom::End, true).await, ["m0", "m1", "m2"]);
        assert_eq!(page(HistoryFrom::Time(Timestamp(NOW.0 + 2)), false).await, ["m1", "m0"]);
        assert_eq!(page(HistoryFrom::Time(Timestamp(NOW.0 + 2)), true).await, ["m3", "m4"]);
    }

    async fn old_entries_and_messages_are_let_go_and_no_others(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        for (number, at) in [0, 1000, 2000].into_iter().enumerate() {
            let message = draft(bench.app, "alice", &format!("m{number}"), "x");
            bench.store.append(message, bob.clone(), Timestamp(NOW.0 + at)).await.unwrap();
        }
        let before = Timestamp(NOW.0 + 1500);
        let walked = bench.store.trim_inboxes(bench.app, String::new(), before).await.unwrap();
        assert_eq!((walked.deleted, walked.next), (4, None));
        let page = bench.store.sync(bench.app, bob.clone(), 0, 10, None).await.unwrap();
        assert_eq!((page.floor, page.head, page.entries.len()), (2, 3, 1));
        assert_eq!(page.entries[0].seq, 3);

        let walked = bench.store.trim_messages(bench.app, String::new(), before).await.unwrap();
        assert_eq!((walked.deleted, walked.next), (2, None));
        let history =
            bench.store.history(bench.app, bob, alice, HistoryFrom::End, false, 10).await.unwrap();
        assert_eq!(history.len(), 1);
    }

    async fn a_sync_page_of_large_messages_stays_bounded(bench: Bench) {
        let [_, bob] = bench.users(["alice", "bob"]).await;
        for number in 0..12 {
            let mut message = draft(bench.app, "alice", &format!("m{number}"), "x");
            message.content = Content::try_from(format!("\"{}\"", "x".repeat(120_000))).unwrap();
            bench.store.append(message, bob.clone(), NOW).await.unwrap();
        }
        let (mut after, mut pages) = (0, 0);
        while after < 12 {
            let page = bench.store.sync(bench.app, bob.clone(), after, 500, None).await.unwrap();
            assert!(page.encoded_len() < 700_000, "{} bytes", page.encoded_len());
            assert_eq!(page.entries[0].seq, after + 1);
            after = page.entries.last().unwrap().seq;
            pages += 1;
        }
        assert!(pages >= 3);
    }

    async fn nothing_of_one_app_is_seen_with_another(bench: Bench) {
        use nuncio_store::apps::Environment;
        bench.users(["alice", "bob"]).await;
        let id = send(&bench.store, bench.app, "alice", "bob", "m1").await.unwrap().id;
        let other = crate::harness::make_app(&bench.store, "app2", Environment::Production).await.id;
        assert_eq!(
            refusal(send(&bench.store, other, "alice", "bob", "m1").await),
            Refusal::NotRegistered(user("alice"))
        );
        let name = nuncio_protocol::values::Name::try_from("A").unwrap();
        bench.store.register(other, user("alice"), name, None, NOW).await.unwrap();
        assert!(inbox(&bench.store, other, "alice").await.is_empty());
        let history = bench
            .store
            .history(other, user("alice"), user("bob"), HistoryFrom::End, false, 10)
            .await
            .unwrap();
        assert!(history.is_empty());
        let by = Recaller::Server { user: user("alice"), admin: true };
        let recall = bench.store.recall(other, by, user("bob"), id, String::new(), NOW).await;
        assert!(matches!(refusal(recall), Refusal::MessageNotFound(_)));
    }
}
