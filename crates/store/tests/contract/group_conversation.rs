//! What makes a group's messages a conversation: notices of its changes, mentions, messages for some, who has read what.

use futures_util::future::join_all;
use nuncio_protocol::frames::{Message, ReceiptCount, entry};
use nuncio_protocol::groups::GroupProfileChange;
use nuncio_protocol::ids::MessageId;
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ChannelId, Refusal, UserId, limits};
use nuncio_store::StoreError;
use nuncio_store::channels::HistoryFrom;
use nuncio_store::exports::{After, Section};
use nuncio_store::groups::{Actor, GroupChange, ReceiptUser};
use nuncio_store::messages::{Draft, Recaller};
use serde_json::{Value, json};

use crate::group_messages::{NOTICE, SERVER, heard, read, say, unread};
use crate::groups::{FORGET, create, group};
use crate::harness::{Bench, NOW, contract, refusal, user};
use crate::messages::draft;

/// Sends a message to the group `g` for these members, all when there are none, that mentions whom `info` says.
async fn tell(
    bench: &Bench,
    from: &str,
    id: &str,
    to: &[&UserId],
    info: Value,
) -> Result<MessageId, StoreError> {
    let content = json!({ "content": id, "mentionedInfo": info }).to_string();
    let draft = Draft {
        content: Content::try_from(content).unwrap(),
        needs_receipt: true,
        ..draft(bench.app, from, id, id)
    };
    let to = to.iter().map(|user| (*user).clone()).collect();
    let sent = bench.store.append_to_groups(draft, vec![group("g")], to, NOW).await?;
    Ok(sent[0].id)
}

/// What notices a user has got, as operation, operator and sentence.
async fn notices(bench: &Bench, user: &UserId) -> Vec<(String, String, String)> {
    let notice = |body| match body {
        entry::Body::Message(message) if message.r#type == NOTICE => Some(message),
        _ => None,
    };
    let text = |content: &Value, key: &str| content[key].as_str().unwrap().to_owned();
    let told = |message: Message| {
        assert!(!message.counted);
        let content: Value = serde_json::from_str(&message.content).unwrap();
        assert_eq!(text(&content, "operatorUserId"), message.sender_id);
        (text(&content, "operation"), message.sender_id, text(&content, "message"))
    };
    bench.inbox(user).await.into_iter().filter_map(notice).map(told).collect()
}

/// How many unread messages of the group `g` a user has, how many mention anybody, and how many the user.
async fn counts(bench: &Bench, user: &UserId) -> (u32, u32, u32) {
    let channel = vec![ChannelId::Group(group("g"))];
    let found = bench.store.channels_of(bench.app, user.clone(), channel).await.unwrap();
    let state = found.first().cloned().unwrap_or_default();
    (state.unread_count, state.mentioned_count, state.mentioned_me_count)
}

async fn mark(bench: &Bench, user: &UserId, up_to: Option<MessageId>) {
    let g = group("g");
    bench.store.mark_group_read(bench.app, user.clone(), g, up_to, NOW).await.unwrap();
}

async fn receipts(bench: &Bench, user: &UserId, ids: &[MessageId]) -> Vec<(u32, u32)> {
    let ids = ids.to_vec();
    let found = bench.store.group_receipts(bench.app, user.clone(), group("g"), ids).await;
    let counts = |count: ReceiptCount| (count.read_count, count.unread_count);
    found.unwrap().into_iter().map(counts).collect()
}

async fn record(bench: &Bench, user: &UserId, ids: &[MessageId]) -> usize {
    let (app, ids) = (bench.app, ids.to_vec());
    let new = bench.store.record_group_receipts(app, user.clone(), group("g"), ids, NOW).await;
    new.unwrap().len()
}

fn names(found: Vec<ReceiptUser>) -> Vec<String> {
    found.into_iter().map(|found| found.user.to_string()).collect()
}

contract! { any size:
    async fn what_happens_to_a_group_is_told_in_its_conversation(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        create(&bench, "g", &ann, &[&bob]).await;
        let by = || Actor::Member(ann.clone());
        store.join_group(app, g.clone(), vec![cem.clone()], NOW).await.unwrap();
        store.set_group_admins(app, by(), g.clone(), vec![bob.clone()], true, NOW).await.unwrap();
        let texts = json!({ "name": "New", "announcement": "Hear!", "introduction": "x" });
        let profile = GroupProfileChange::parse(texts.as_object().unwrap()).unwrap();
        let change = GroupChange { profile, ..GroupChange::default() };
        store.update_group(app, by(), g.clone(), change, NOW).await.unwrap();
        store.freeze_groups(app, by(), vec![g.clone()], true, NOW).await.unwrap();
        store.leave_group(app, by(), g.clone(), vec![cem.clone()], FORGET, NOW).await.unwrap();
        store.transfer_group(app, by(), g.clone(), bob.clone(), None, NOW).await.unwrap();
        store.leave_group(app, by(), g.clone(), vec![ann.clone()], FORGET, NOW).await.unwrap();
        store.dismiss_group(app, Actor::App, g.clone(), NOW).await.unwrap();
        let told = notices(&bench, &bob).await;
        let expected = [
            ("Create", "", "The app created the group"),
            ("Add", "", "The app added Name of cem"),
            ("AddAdmin", "ann", "Name of ann made admin: Name of bob"),
            ("Rename", "ann", "Name of ann renamed the group to New"),
            ("Bulletin", "ann", "Name of ann changed the announcement"),
            ("MuteAll", "ann", "Name of ann muted everybody"),
            ("Kicked", "ann", "Name of ann removed Name of cem"),
            ("TransferOwner", "ann", "Name of ann passed the group on to Name of bob"),
            ("Quit", "ann", "Name of ann left"),
            ("Dismiss", "", "The app dismissed the group"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(told, expected);
        // Who comes reads of the coming; who is removed has the event, not the notice.
        let of_cem = notices(&bench, &cem).await;
        assert_eq!(of_cem, expected[1..6]);
        assert_eq!(unread(&bench, &bob).await, 0, "notices raise no count");
        let last = bench.inbox(&cem).await.pop().unwrap();
        assert!(matches!(last, entry::Body::Group(_)), "{last:?}");
    }

    async fn a_notice_is_the_servers_word_alone(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        create(&bench, "g", &ann, &[&bob]).await;
        let r#type = MessageType::try_from(NOTICE).unwrap();
        let forged = |by| Draft { r#type: r#type.clone(), by, ..draft(app, "bob", "m1", "x") };
        let client = draft(app, "bob", "x", "x").by;
        let sent = store.append_to_groups(forged(client.clone()), vec![g.clone()], vec![], NOW).await;
        assert!(matches!(refusal(sent), Refusal::BadParameter(_)));
        let sent = store.check_send_to_group(forged(client), g.clone(), vec![], NOW).await;
        assert!(matches!(refusal(sent), Refusal::BadParameter(_)));
        store.append_to_groups(forged(SERVER), vec![g.clone()], vec![], NOW).await.unwrap();
        // Nobody takes one back, but the app.
        let history = store.group_history(app, ann.clone(), g.clone(), HistoryFrom::End, true, 9).await;
        let notice: MessageId = history.unwrap()[0].id.parse().unwrap();
        let recall = async |by| store.recall_in_group(app, by, g.clone(), notice, String::new(), NOW).await;
        assert_eq!(refusal(recall(Recaller::User(ann.clone())).await), Refusal::NotYourMessage);
        recall(Recaller::Server { user: ann, admin: true }).await.unwrap();
    }

    async fn an_app_can_do_without_notices(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        bench.store.set_app(bench.app, NOW, |app| app.settings.group_notices = false).await.unwrap();
        create(&bench, "g", &ann, &[]).await;
        assert_eq!(bench.inbox(&ann).await.len(), 1, "the event");
    }

    async fn mentions_are_counted_for_whom_they_mean_until_they_are_read(bench: Bench) {
        let [ann, bob, cem] = bench.users(["ann", "bob", "cem"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        let all = || json!({ "type": 1 });
        let only = |ids: &[&str]| json!({ "type": 2, "userIdList": ids });
        tell(&bench, "ann", "m1", &[], Value::Null).await.unwrap();
        let m2 = tell(&bench, "ann", "m2", &[], only(&["bob", "ghost"])).await.unwrap();
        let m3 = tell(&bench, "ann", "m3", &[], all()).await.unwrap();
        tell(&bench, "ann", "m4", &[], only(&["ann", "cem"])).await.unwrap();
        assert_eq!(counts(&bench, &ann).await, (0, 0, 0), "one's own do not count");
        assert_eq!(counts(&bench, &bob).await, (4, 3, 2));
        assert_eq!(counts(&bench, &cem).await, (4, 3, 2));
        let mentioned = async |who: &UserId, after| -> Vec<String> {
            let found = bench.store.unread_mentions(bench.app, who.clone(), group("g"), after, 10).await;
            found.unwrap().into_iter().map(|message| message.client_message_id).collect()
        };
        assert_eq!(mentioned(&bob, None).await, ["m2", "m3"]);
        assert_eq!(mentioned(&bob, Some(m2)).await, ["m3"]);
        assert_eq!(mentioned(&cem, None).await, ["m3", "m4"]);
        mark(&bench, &bob, Some(m2)).await;
        assert_eq!(counts(&bench, &bob).await, (2, 2, 1));
        assert_eq!(mentioned(&bob, None).await, ["m3"]);
        let bodies = bench.inbox(&bob).await;
        let Some(entry::Body::ChannelRead(told)) = bodies.last() else { panic!("{bodies:?}") };
        assert_eq!((told.unread_count, told.mentioned_count, told.mentioned_me_count), (2, 2, 1));
        // A recall takes its mention with it, where it was not read.
        let recall = Recaller::User(ann.clone());
        bench.store.recall_in_group(bench.app, recall, group("g"), m3, String::new(), NOW).await.unwrap();
        assert_eq!(counts(&bench, &bob).await, (1, 1, 0));
        assert_eq!(counts(&bench, &cem).await, (3, 2, 1));
        mark(&bench, &cem, None).await;
        assert_eq!(counts(&bench, &cem).await, (0, 0, 0));
        let many: Vec<String> = (0..=limits::MENTIONED_USERS).map(|n| format!("u{n}")).collect();
        let refused = tell(&bench, "ann", "m5", &[], json!({ "type": 2, "userIdList": many })).await;
        assert_eq!(refusal(refused), Refusal::TooManyIds { limit: limits::MENTIONED_USERS });
    }

    async fn a_message_for_some_is_nobody_elses(bench: Bench) {
        let [ann, bob, cem, dan] = bench.users(["ann", "bob", "cem", "dan"]).await;
        create(&bench, "g", &ann, &[&bob, &cem]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        let all = json!({ "type": 1 });
        let id = tell(&bench, "ann", "secret", &[&bob], all.clone()).await.unwrap();
        for who in [&ann, &bob] {
            assert_eq!(heard(&bench, who).await, ["secret"]);
            assert_eq!(read(&bench, who).await.unwrap(), ["secret"]);
        }
        let got = bench.inbox(&bob).await;
        let Some(entry::Body::Message(message)) = got.last() else { panic!("{got:?}") };
        assert_eq!(message.to_user_ids, ["bob"]);
        assert_eq!(heard(&bench, &cem).await, Vec::<String>::new());
        assert_eq!(read(&bench, &cem).await.unwrap(), Vec::<String>::new());
        assert_eq!((counts(&bench, &bob).await, counts(&bench, &cem).await), ((1, 1, 1), (0, 0, 0)));
        // Not by id either, and what becomes of it reaches those whom it is for.
        say(&bench, "ann", "open").await.unwrap();
        mark(&bench, &cem, Some(MessageId(id.0 - 1))).await;
        assert_eq!(counts(&bench, &cem).await, (1, 0, 0), "what is not for cem is not unread");
        store.set_group_admins(app, Actor::App, g.clone(), vec![cem.clone()], true, NOW).await.unwrap();
        let recall = async |who: &UserId| {
            store.recall_in_group(app, Recaller::User(who.clone()), g.clone(), id, String::new(), NOW).await
        };
        assert_eq!(refusal(recall(&cem).await), Refusal::MessageNotFound(id.to_string()));
        let edit = nuncio_store::groups::GroupEdit {
            app, sender: ann.clone(), by: SERVER, group: g.clone(), id, asked: true,
            content: Content::try_from(r#"{"content":"other"}"#).unwrap(),
        };
        store.edit_in_group(edit, NOW).await.unwrap();
        recall(&ann).await.unwrap();
        let told = |bodies: Vec<entry::Body>| bodies.iter().filter(|body| {
            matches!(body, entry::Body::Edited(_) | entry::Body::Recalled(_))
        }).count();
        for (who, times) in [(&ann, 2), (&bob, 2), (&cem, 0)] {
            assert_eq!(told(bench.inbox(who).await), times);
        }
        let stranger = tell(&bench, "ann", "m2", &[&bob, &dan], all.clone()).await;
        assert_eq!(refusal(stranger), Refusal::NotAMember { group: g.clone(), user: dan });
        let many: Vec<UserId> = (0..=limits::GROUP_DIRECTED_USERS).map(|n| user(&format!("u{n}"))).collect();
        let refused = tell(&bench, "ann", "m3", &many.iter().collect::<Vec<_>>(), all).await;
        assert_eq!(refusal(refused), Refusal::TooManyIds { limit: limits::GROUP_DIRECTED_USERS });
        // An export holds what is for the user.
        let export = async |who: &UserId| -> usize {
            let page = store.export_page(app, who.clone(), Section::Messages, After::default(), 50);
            let rows = page.await.unwrap().0;
            rows.iter().filter(|row| row["toUserIds"] == json!(["bob"])).count()
        };
        assert_eq!((export(&bob).await, export(&cem).await), (1, 0));
    }

    async fn a_sender_learns_who_has_read_a_message_and_who_has_not(bench: Bench) {
        let [ann, bob, cem, dan] = bench.users(["ann", "bob", "cem", "dan"]).await;
        create(&bench, "g", &ann, &[&bob, &cem, &dan]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        let m1 = tell(&bench, "ann", "m1", &[], Value::Null).await.unwrap();
        let m2 = tell(&bench, "ann", "m2", &[&bob], Value::Null).await.unwrap();
        let plain = say(&bench, "ann", "plain").await.unwrap().id;
        let theirs = tell(&bench, "bob", "theirs", &[], Value::Null).await.unwrap();
        assert_eq!(receipts(&bench, &ann, &[m1, m2, plain, theirs]).await, [(0, 3), (0, 1)]);
        assert_eq!(record(&bench, &bob, &[m1, m2, plain, theirs]).await, 2);
        assert_eq!(record(&bench, &bob, &[m1, m2]).await, 0, "once");
        assert_eq!(record(&bench, &cem, &[m1, m2]).await, 1, "m2 is not for cem");
        assert_eq!(record(&bench, &ann, &[m1]).await, 0, "one's own");
        assert_eq!(receipts(&bench, &ann, &[m1, m2]).await, [(2, 1), (1, 0)]);
        let readers = async |after, limit| {
            store.group_readers(app, ann.clone(), g.clone(), m1, after, limit).await.unwrap()
        };
        let (page, total) = readers(None, 1).await;
        assert_eq!((names(page.items), total), (vec!["bob".to_owned()], 2));
        let (page, _) = readers(page.next, 1).await;
        assert!(page.next.is_none());
        assert_eq!(names(page.items), ["cem"]);
        let others = store.group_nonreaders(app, ann.clone(), g.clone(), m1, None, 9).await.unwrap();
        assert_eq!((names(others.0.items), others.1), (vec!["dan".to_owned()], 1));
        let of_bob = store.group_readers(app, bob.clone(), g.clone(), m1, None, 9).await;
        assert_eq!(refusal(of_bob), Refusal::NotYourMessage);
        let of_plain = store.group_readers(app, ann.clone(), g.clone(), plain, None, 9).await;
        assert_eq!(refusal(of_plain), Refusal::MessageNotFound(plain.to_string()));
        // Who leaves is not waited for; who has read has read. Who comes later was not reached.
        for who in [&bob, &dan] {
            store.leave_group(app, Actor::App, g.clone(), vec![(*who).clone()], FORGET, NOW).await.unwrap();
        }
        let [eve] = bench.users(["eve"]).await;
        store.join_group(app, g.clone(), vec![eve.clone()], NOW).await.unwrap();
        assert_eq!(receipts(&bench, &ann, &[m1]).await, [(2, 0)]);
        assert_eq!(record(&bench, &eve, &[m1]).await, 0);
        let gone = store.record_group_receipts(app, bob.clone(), g.clone(), vec![m1], NOW).await;
        assert_eq!(refusal(gone), Refusal::NotInGroup(g.clone()));
        // A recalled message has no readers, and they go with age.
        let recall = Recaller::User(ann.clone());
        store.recall_in_group(app, recall, g.clone(), m1, String::new(), NOW).await.unwrap();
        assert_eq!(receipts(&bench, &ann, &[m1]).await, []);
        store.trim_messages(app, String::new(), NOW.plus_ms(10)).await.unwrap();
        let left = store.export_page(app, cem, Section::ReadReceipts, After::default(), 9).await.unwrap();
        assert_eq!(left.0, Vec::<Value>::new());
    }

    async fn readers_at_once_are_all_counted(bench: Bench) {
        let ids: Vec<String> = (0..20).map(|n| format!("u{n}")).collect();
        let ids: [&str; 20] = std::array::from_fn(|n| ids[n].as_str());
        let users = bench.users(ids).await;
        create(&bench, "g", &users[0], &users[1..].iter().collect::<Vec<_>>()).await;
        let id = tell(&bench, "u0", "m1", &[], Value::Null).await.unwrap();
        let read = [id];
        let new = join_all(users[1..].iter().map(|user| record(&bench, user, &read))).await;
        assert_eq!(new, [1; 19]);
        assert_eq!(receipts(&bench, &users[0], &[id]).await, [(19, 0)]);
    }

    async fn history_is_whole_where_the_app_wants_it(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[]).await;
        let (app, g, store) = (bench.app, group("g"), &bench.store);
        let m1 = say(&bench, "ann", "m1").await.unwrap().id;
        let join = async || store.join_group(app, g.clone(), vec![bob.clone()], NOW).await.unwrap();
        join().await;
        say(&bench, "ann", "m2").await.unwrap();
        assert_eq!(read(&bench, &bob).await.unwrap(), ["m2"]);
        // Marking an older place read does not bring back what was never unread.
        mark(&bench, &bob, Some(m1)).await;
        assert_eq!(unread(&bench, &bob).await, 1);
        store.leave_group(app, Actor::App, g.clone(), vec![bob.clone()], FORGET, NOW).await.unwrap();
        say(&bench, "ann", "m3").await.unwrap();
        join().await;
        assert_eq!(read(&bench, &bob).await.unwrap(), Vec::<String>::new(), "from joining again on");
        let whole = |app: &mut nuncio_store::apps::App| app.settings.group_history_from_joining = false;
        store.set_app(app, NOW, whole).await.unwrap();
        assert_eq!(read(&bench, &bob).await.unwrap(), ["m1", "m2", "m3"]);
        say(&bench, "ann", "m4").await.unwrap();
        mark(&bench, &bob, None).await;
        assert_eq!(unread(&bench, &bob).await, 0);
    }
}
