//! Who may speak in a group: mutes, frozen groups, allowed senders.

use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use nuncio_store::groups::Actor;

use crate::groups::{create, group};
use crate::harness::{Bench, NOW, contract, refusal, user};

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

/// Who is muted in a group, or in all, at a moment.
async fn muted(bench: &Bench, id: Option<&str>, now: Timestamp) -> Vec<(UserId, Timestamp)> {
    let found = bench.store.muted_in_group(bench.app, id.map(group), now).await.unwrap();
    found.into_iter().map(|muted| (muted.user, muted.until)).collect()
}

contract! { any size:
    async fn a_mute_ends_by_itself_or_is_lifted(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let (app, g) = (bench.app, Some(group("g")));
        let mute = async |who: &UserId, until| {
            bench.store.mute_in_group(app, Actor::App, g.clone(), vec![who.clone()], until, NOW).await.unwrap();
        };
        mute(&bob, LATER).await;
        mute(&user("outsider"), Timestamp::FOREVER).await;
        let both = [(bob.clone(), LATER), (user("outsider"), Timestamp::FOREVER)];
        assert_eq!(muted(&bench, Some("g"), NOW).await, both);
        assert_eq!(muted(&bench, Some("g"), LATER).await, both[1..]);
        assert_eq!(muted(&bench, None, NOW).await, []);
        mute(&bob, Timestamp::FOREVER).await;
        assert_eq!(muted(&bench, Some("g"), LATER).await.len(), 2, "a new mute replaces the old");
        let lifted = vec![bob.clone(), ann];
        bench.store.unmute_in_group(app, Actor::App, g.clone(), lifted, NOW).await.unwrap();
        assert_eq!(muted(&bench, Some("g"), NOW).await, both[1..]);
    }

    async fn a_mute_in_all_groups_is_apart_from_one_in_a_group_and_there_are_100(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        create(&bench, "g", &ann, &[]).await;
        let users = |range: std::ops::Range<usize>| -> Vec<_> {
            range.map(|number| user(&format!("u{number}"))).collect()
        };
        let mute = async |who, until| {
            bench.store.mute_in_group(bench.app, Actor::App, None, who, until, NOW).await
        };
        mute(users(0..1), LATER).await.unwrap();
        mute(users(1..limits::MUTED_IN_ALL_GROUPS), Timestamp::FOREVER).await.unwrap();
        assert_eq!(muted(&bench, Some("g"), NOW).await, []);
        let full = Refusal::ListFull { limit: limits::MUTED_IN_ALL_GROUPS };
        assert_eq!(refusal(mute(users(100..101), LATER).await), full);
        assert_eq!(muted(&bench, None, NOW).await.len(), limits::MUTED_IN_ALL_GROUPS);
        // What has run out makes room.
        let late = bench.store.mute_in_group(bench.app, Actor::App, None, users(100..101), Timestamp::FOREVER, LATER);
        late.await.unwrap();
        let who = muted(&bench, None, LATER).await;
        assert_eq!(who.len(), limits::MUTED_IN_ALL_GROUPS);
        bench.store.unmute_in_group(bench.app, Actor::App, None, users(0..101), LATER).await.unwrap();
        assert_eq!(muted(&bench, None, NOW).await, []);
    }

    async fn a_mute_and_a_permission_to_speak_outlast_leaving_if_asked_to(bench: Bench) {
        let [ann, bob] = bench.users(["ann", "bob"]).await;
        create(&bench, "g", &ann, &[&bob]).await;
        let (app, g) = (bench.app, group("g"));
        for keeps in [true, false] {
            let who = vec![bob.clone()];
            bench.store.mute_in_group(app, Actor::App, Some(g.clone()), who.clone(), LATER, NOW).await.unwrap();
            bench.store.allow_group_senders(app, Actor::App, g.clone(), who.clone(), NOW).await.unwrap();
            let leaving = nuncio_store::groups::Leaving {
                forget_mute: !keeps,
                forget_allowed: !keeps,
                forget_favorites: true,
            };
            bench.store.leave_group(app, Actor::App, g.clone(), who.clone(), leaving, NOW).await.unwrap();
            let left = usize::from(keeps);
            assert_eq!(muted(&bench, Some("g"), NOW).await.len(), left);
            let allowed = bench.store.allowed_group_senders(app, g.clone()).await.unwrap();
            assert_eq!(allowed.len(), left);
            bench.store.join_group(app, g.clone(), who, NOW).await.unwrap();
        }
    }

    async fn groups_are_frozen_and_thawed_all_or_none(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        for id in ["g1", "g2", "g3"] {
            create(&bench, id, &ann, &[]).await;
        }
        let freeze = async |ids: &[&str], frozen| {
            let ids = ids.iter().map(|id| group(id)).collect();
            bench.store.freeze_groups(bench.app, Actor::App, ids, frozen, NOW).await
        };
        let frozen = async |offset, limit| -> Vec<_> {
            let found = bench.store.frozen_groups(bench.app, offset, limit).await.unwrap();
            found.into_iter().map(|group| group.id.to_string()).collect()
        };
        freeze(&["g3", "g1"], true).await.unwrap();
        let none = refusal(freeze(&["g2", "nope"], true).await);
        assert_eq!(none, Refusal::NoSuchGroup(group("nope")));
        assert_eq!(frozen(0, 10).await, ["g1", "g3"]);
        assert_eq!(frozen(1, 1).await, ["g3"]);
        let asked = vec![group("g2"), group("g1")];
        let told = bench.store.are_groups_frozen(bench.app, asked).await.unwrap();
        assert_eq!(told, [(group("g2"), false), (group("g1"), true)]);
        freeze(&["g1", "g2", "g3"], false).await.unwrap();
        assert_eq!(frozen(0, 10).await, Vec::<String>::new());
    }

    async fn who_may_speak_in_a_frozen_group_is_listed_in_order(bench: Bench) {
        let [ann] = bench.users(["ann"]).await;
        create(&bench, "g", &ann, &[]).await;
        let (app, g) = (bench.app, group("g"));
        for (step, id) in (0..).zip(["z", "a", "z"]) {
            let at = NOW.plus_ms(step);
            bench.store.allow_group_senders(app, Actor::App, g.clone(), vec![user(id)], at).await.unwrap();
        }
        let listed = async || bench.store.allowed_group_senders(app, g.clone()).await.unwrap();
        assert_eq!(listed().await, [user("z"), user("a")]);
        let gone = vec![user("z"), user("never")];
        bench.store.disallow_group_senders(app, Actor::App, g.clone(), gone, NOW).await.unwrap();
        assert_eq!(listed().await, [user("a")]);
    }

    async fn what_is_done_to_no_group_is_refused(bench: Bench) {
        let (app, none) = (bench.app, group("none"));
        let missing = Refusal::NoSuchGroup(none.clone());
        let who = vec![user("a")];
        let at = Some(none.clone());
        let mute = bench.store.mute_in_group(app, Actor::App, at.clone(), who.clone(), LATER, NOW).await;
        assert_eq!(refusal(mute), missing);
        let unmute = bench.store.unmute_in_group(app, Actor::App, at.clone(), who.clone(), NOW).await;
        assert_eq!(refusal(unmute), missing);
        assert_eq!(refusal(bench.store.muted_in_group(app, at, NOW).await), missing);
        let allow = bench.store.allow_group_senders(app, Actor::App, none.clone(), who.clone(), NOW).await;
        assert_eq!(refusal(allow), missing);
        let disallow = bench.store.disallow_group_senders(app, Actor::App, none.clone(), who, NOW).await;
        assert_eq!(refusal(disallow), missing);
        assert_eq!(refusal(bench.store.allowed_group_senders(app, none).await), missing);
    }
}
