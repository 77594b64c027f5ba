//! The audit trail.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Name;
use nuncio_protocol::{Origin, Refusal, Timestamp, UserId};
use nuncio_store::audit::{Break, Broken, Chain, Entry, Filter, INSTALLATION, Verifier};
use nuncio_store::{Store, StoreError};

use crate::harness::{Bench, NOW, contract, refusal, user};

fn operator(name: &str) -> Origin {
    Origin::operator(name.to_owned(), Some([203, 0, 113, 9].into()), "request-1".to_owned())
}

async fn all(store: &Store, app: AppId) -> Vec<Entry> {
    store.audit_after(app, 0, 10_000).await.unwrap()
}

/// What is wrong with a chain.
async fn breaks(store: &Store, app: AppId) -> Vec<Break> {
    let mut verifier = Verifier::new(store.audit_chain(app).await.unwrap());
    let mut found: Vec<_> =
        all(store, app).await.iter().filter_map(|entry| verifier.follow(entry)).collect();
    found.extend(verifier.end());
    found
}

/// Bans and unbans one user until the chain has `count` entries.
async fn fill(bench: &Bench, count: usize) {
    let [ada] = bench.users(["ada"]).await;
    let store = bench.store.by(operator("olga"));
    for turn in 0..count {
        if turn % 2 == 0 {
            ban(&store, bench.app, &ada, "spam").await.unwrap();
        } else {
            store.unban(bench.app, vec![ada.clone()], NOW).await.unwrap();
        }
    }
    assert_eq!(all(&bench.store, bench.app).await.len(), count);
    assert_eq!(breaks(&bench.store, bench.app).await, []);
}

async fn ban(store: &Store, app: AppId, who: &UserId, why: &str) -> Result<(), StoreError> {
    store.ban(app, vec![who.clone()], NOW.plus_ms(60_000), why.to_owned(), false, NOW).await
}

fn changed(seq: i64) -> Break {
    Break { seq, what: Broken::Changed }
}

fn missing(from: i64, to: i64) -> Break {
    Break { seq: to, what: Broken::Missing { from } }
}

contract! {
    async fn an_entry_says_who_did_what_to_whom_from_where(bench: Bench) {
        let [ada] = bench.users(["ada"]).await;
        ban(&bench.store.by(operator("olga")), bench.app, &ada, "spam").await.unwrap();
        let entries = all(&bench.store, bench.app).await;
        let [entry] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!((entry.seq, entry.at), (1, NOW));
        assert_eq!((entry.actor.as_str(), entry.actor_name.as_str()), ("operator", "olga"));
        assert_eq!(entry.address, "203.0.113.9");
        assert_eq!(entry.request_id, "request-1");
        assert_eq!((entry.operation.as_str(), entry.user.as_str()), ("user.ban", "ada"));
        assert_eq!(entry.before, r#"{"bannedUntil":0,"reason":""}"#);
        let until = NOW.plus_ms(60_000).0;
        let after = format!(r#"{{"bannedUntil":{until},"reason":"spam","tokensExpired":false}}"#);
        assert_eq!(entry.after, after);
    }

    async fn what_users_do_themselves_leaves_no_entry(bench: Bench) {
        let [ada, bob] = bench.users(["ada", "bob"]).await;
        bench.store.block(bench.app, ada, vec![bob], NOW).await.unwrap();
        assert_eq!(all(&bench.store, bench.app).await, []);
    }

    async fn what_is_refused_or_changes_nothing_leaves_no_entry(bench: Bench) {
        let [ada] = bench.users(["ada"]).await;
        let store = bench.store.by(operator("olga"));
        let nobody = user("nobody");
        let refused = refusal(ban(&store, bench.app, &nobody, "").await);
        assert_eq!(refused, Refusal::NotRegistered(nobody));
        store.unban(bench.app, vec![ada.clone()], NOW).await.unwrap();
        store.mute(bench.app, vec![ada], false, NOW).await.unwrap();
        assert_eq!(all(&bench.store, bench.app).await, []);
    }

    async fn a_batch_leaves_an_entry_for_each_user(bench: Bench) {
        let users = bench.users(["ada", "bob", "carol"]).await;
        bench.store.by(Origin::job("x")).mute(bench.app, users.to_vec(), true, NOW).await.unwrap();
        let entries = all(&bench.store, bench.app).await;
        let named: Vec<_> = entries.iter().map(|entry| entry.user.as_str()).collect();
        assert_eq!(named, ["ada", "bob", "carol"]);
        assert!(entries.iter().all(|entry| entry.after == r#"{"muted":true}"#), "{entries:?}");
    }

    async fn an_apps_secret_is_in_no_entry(bench: Bench) {
        let store = bench.store.by(Origin::command_line("root".to_owned()));
        store.rotate_secret(bench.app, b"sealed secret".to_vec(), NOW).await.unwrap();
        store.set_app(bench.app, NOW, |app| app.settings.inbox_days = 3).await.unwrap();
        let entries = all(&bench.store, bench.app).await;
        let said: Vec<_> = entries.iter().map(|e| (e.before.as_str(), e.after.as_str())).collect();
        assert_eq!(said, [
            ("", r#"{"secretVersion":2}"#),
            (r#"{"inboxDays":7}"#, r#"{"inboxDays":3}"#),
        ]);
    }

    async fn entries_are_found_by_user_and_by_operator_page_by_page(bench: Bench) {
        let [ada, bob] = bench.users(["ada", "bob"]).await;
        for (turn, name) in ["olga", "oskar", "olga", "oskar"].into_iter().enumerate() {
            for who in [&ada, &bob] {
                let why = turn.to_string();
                ban(&bench.store.by(operator(name)), bench.app, who, &why).await.unwrap();
            }
        }
        let find = async |user: Option<&UserId>, name: Option<&str>, before, limit| {
            let actor_name = name.map(str::to_owned);
            let filter = Filter { user: user.cloned(), actor_name, ..Filter::default() };
            let found = bench.store.audit(bench.app, filter, 1..before, limit).await.unwrap();
            found.iter().map(|entry| entry.seq).collect::<Vec<_>>()
        };
        assert_eq!(find(None, None, i64::MAX, 3).await, [8, 7, 6]);
        assert_eq!(find(None, None, 6, 100).await, [5, 4, 3, 2, 1]);
        assert_eq!(find(Some(&ada), None, i64::MAX, 3).await, [7, 5, 3]);
        assert_eq!(find(Some(&ada), None, 3, 3).await, [1]);
        assert_eq!(find(None, Some("oskar"), i64::MAX, 3).await, [8, 7, 4]);
        assert_eq!(find(Some(&bob), Some("oskar"), i64::MAX, 9).await, [8, 4]);
        assert_eq!(find(None, Some("oscar"), i64::MAX, 9).await, [0; 0]);
    }

    async fn entries_are_found_by_what_was_done_and_when(bench: Bench) {
        let [ada] = bench.users(["ada"]).await;
        let store = bench.store.by(operator("olga"));
        for turn in 0..6 {
            let now = NOW.plus_ms(turn * 1000);
            if turn % 2 == 0 {
                let until = now.plus_ms(60_000);
                let why = turn.to_string();
                store.ban(bench.app, vec![ada.clone()], until, why, false, now).await.unwrap();
            } else {
                store.unban(bench.app, vec![ada.clone()], now).await.unwrap();
            }
        }
        let find = async |operation: &str, from: i64, to: i64, user: Option<&UserId>| {
            let filter = Filter {
                user: user.cloned(),
                operation: Some(operation.to_owned()),
                from: Some(NOW.plus_ms(from)),
                to: Some(NOW.plus_ms(to)),
                ..Filter::default()
            };
            let found = bench.store.audit(bench.app, filter, 1..i64::MAX, 10).await.unwrap();
            found.iter().map(|entry| entry.seq).collect::<Vec<_>>()
        };
        assert_eq!(find("user.ban", 0, 60_000, None).await, [5, 3, 1]);
        assert_eq!(find("user.", 1000, 4000, None).await, [4, 3, 2]);
        assert_eq!(find("user.unban", 0, 60_000, Some(&ada)).await, [6, 4, 2]);
        assert_eq!(find("app.", 0, 60_000, None).await, [0; 0]);
        let at = async |ms| bench.store.audit_seq_at(bench.app, NOW.plus_ms(ms)).await.unwrap();
        assert_eq!([at(-1).await, at(0).await, at(1).await, at(5000).await], [1, 1, 2, 6]);
        assert_eq!(at(5001).await, 7);
    }

    async fn writers_that_work_at_once_make_one_chain_without_gaps(bench: Bench) {
        let other = bench.another().await;
        let tasks: Vec<_> = (0..200)
            .map(|turn| {
                let store = if turn % 2 == 0 { &bench.store } else { &other };
                let (store, app) = (store.by(operator("olga")), bench.app);
                tokio::spawn(async move {
                    let name = Name::try_from("x").unwrap();
                    let who = user(&format!("u{turn}"));
                    store.register(app, who.clone(), name, None, NOW).await.unwrap();
                    ban(&store, app, &who, "").await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(all(&bench.store, bench.app).await.len(), 400);
        assert_eq!(breaks(&bench.store, bench.app).await, []);
    }

    async fn each_app_has_a_chain_of_its_own(bench: Bench) {
        fill(&bench, 2).await;
        let app = crate::harness::make_app(
            &bench.store.by(operator("olga")),
            "app2",
            nuncio_store::apps::Environment::Production,
        )
        .await;
        assert_eq!(all(&bench.store, app.id).await.len(), 1);
        assert_eq!(all(&bench.store, bench.app).await.len(), 2);
        assert_eq!(breaks(&bench.store, app.id).await, []);
        assert_eq!(bench.store.audited().await.unwrap(), [INSTALLATION, bench.app, app.id]);
    }

    async fn a_changed_entry_shows_where_it_is(bench: Bench) {
        fill(&bench, 5).await;
        bench.tamper("update audit set actor_name = 'oskar' where seq = 3").await;
        assert_eq!(breaks(&bench.store, bench.app).await, [changed(3)]);
    }

    async fn a_changed_hash_shows_in_the_entry_and_in_the_next(bench: Bench) {
        fill(&bench, 5).await;
        bench.tamper("update audit set hash = (select hash from audit_heads) where seq = 3").await;
        assert_eq!(breaks(&bench.store, bench.app).await, [changed(3), changed(4)]);
    }

    async fn removed_entries_show(bench: Bench) {
        fill(&bench, 6).await;
        bench.tamper("delete from audit where seq in (3, 4)").await;
        assert_eq!(breaks(&bench.store, bench.app).await, [missing(3, 4)]);
    }

    async fn a_gap_that_is_closed_by_renumbering_shows(bench: Bench) {
        fill(&bench, 4).await;
        bench.tamper("delete from audit where seq = 2").await;
        bench.tamper("update audit set seq = 2 where seq = 3").await;
        bench.tamper("update audit set seq = 3 where seq = 4").await;
        let found = breaks(&bench.store, bench.app).await;
        assert_eq!(found, [changed(2), changed(3), missing(4, 4)]);
    }

    async fn swapped_entries_show(bench: Bench) {
        fill(&bench, 5).await;
        bench.tamper("update audit set seq = 100 where seq = 2").await;
        bench.tamper("update audit set seq = 2 where seq = 3").await;
        bench.tamper("update audit set seq = 3 where seq = 100").await;
        let found = breaks(&bench.store, bench.app).await;
        assert_eq!(found, [changed(2), changed(3), changed(4)]);
    }

    async fn an_entry_of_another_app_does_not_fit(bench: Bench) {
        fill(&bench, 2).await;
        bench.tamper("update audit set app = 7").await;
        bench.tamper("update audit_heads set app = 7").await;
        assert_eq!(breaks(&bench.store, AppId(7)).await, [changed(1), changed(2)]);
    }

    async fn entries_that_are_cut_off_at_the_end_show(bench: Bench) {
        fill(&bench, 5).await;
        bench.tamper("delete from audit where seq > 3").await;
        assert_eq!(breaks(&bench.store, bench.app).await, [missing(4, 5)]);
        bench.tamper("update audit_heads set seq = 3").await;
        let head = Break { seq: 3, what: Broken::Head };
        assert_eq!(breaks(&bench.store, bench.app).await, [head]);
    }

    // The limit of what can be seen from inside, which the documentation names.
    async fn an_end_that_is_cut_off_together_with_the_head_shows_only_to_who_kept_a_hash(bench: Bench) {
        fill(&bench, 5).await;
        let Chain { last, hash, .. } = bench.store.audit_chain(bench.app).await.unwrap();
        bench.tamper("delete from audit where seq > 3").await;
        bench.tamper("update audit_heads set seq = 3, hash = (select hash from audit where seq = 3)")
            .await;
        assert_eq!(breaks(&bench.store, bench.app).await, []);
        let kept = all(&bench.store, bench.app).await;
        assert!(!kept.iter().any(|entry| entry.seq == last && entry.hash == hash));
    }

    async fn entries_past_the_head_show(bench: Bench) {
        fill(&bench, 3).await;
        bench.tamper("update audit_heads set seq = 2, hash = (select hash from audit where seq = 2)")
            .await;
        let past = Break { seq: 3, what: Broken::PastHead };
        assert_eq!(breaks(&bench.store, bench.app).await, [past]);
    }

    async fn a_removed_head_shows(bench: Bench) {
        fill(&bench, 3).await;
        bench.tamper("delete from audit_heads").await;
        let past = Break { seq: 3, what: Broken::PastHead };
        assert_eq!(breaks(&bench.store, bench.app).await, [past]);
    }

    async fn old_entries_go_and_the_rest_still_hangs_together(bench: Bench) {
        fill(&bench, 5).await;
        let late = NOW.plus_ms(1000);
        let store = bench.store.by(Origin::job("trim-audit"));
        assert_eq!(store.trim_audit(bench.app, NOW, late).await.unwrap(), 0);
        assert_eq!(store.trim_audit(bench.app, late, late).await.unwrap(), 5);
        assert_eq!(breaks(&bench.store, bench.app).await, []);
        let left = all(&bench.store, bench.app).await;
        let [trimmed] = left.as_slice() else { panic!("{left:?}") };
        assert_eq!((trimmed.seq, trimmed.operation.as_str()), (6, "audit.trim"));
        assert_eq!(trimmed.after, r#"{"upTo":5}"#);

        ban(&store, bench.app, &user("ada"), "again").await.unwrap();
        assert_eq!(breaks(&bench.store, bench.app).await, []);
        bench.tamper("delete from audit where seq = 6").await;
        assert_eq!(breaks(&bench.store, bench.app).await, [missing(6, 6)]);
    }

    async fn an_end_that_aged_goes_too_and_the_chain_goes_on(bench: Bench) {
        fill(&bench, 2).await;
        let late = Timestamp(NOW.0 + 1);
        // Without an origin nothing is noted, so that nothing is left.
        assert_eq!(bench.store.trim_audit(bench.app, late, late).await.unwrap(), 2);
        assert_eq!(all(&bench.store, bench.app).await, []);
        assert_eq!(breaks(&bench.store, bench.app).await, []);
        ban(&bench.store.by(operator("olga")), bench.app, &user("ada"), "x").await.unwrap();
        assert_eq!(breaks(&bench.store, bench.app).await, []);
    }
}

/// The example of docs/operation.md in code of its own: what is hashed, and how.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hash_is_what_the_documentation_says() {
    use sha2::{Digest as _, Sha256};
    let bench = Bench::sqlite().await;
    fill(&bench, 2).await;
    let mut previous = vec![0_u8; 32];
    for entry in all(&bench.store, bench.app).await {
        let mut bytes = previous;
        for text in [
            "nuncio audit 1".to_owned(),
            bench.app.0.to_string(),
            entry.seq.to_string(),
            entry.at.0.to_string(),
            entry.actor,
            entry.actor_name,
            entry.address,
            entry.request_id,
            entry.operation,
            entry.user,
            entry.before,
            entry.after,
        ] {
            bytes.extend(u64::try_from(text.len()).unwrap().to_be_bytes());
            bytes.extend(text.into_bytes());
        }
        assert_eq!(entry.hash.as_slice(), Sha256::digest(&bytes).as_slice());
        previous = entry.hash.to_vec();
    }
}
