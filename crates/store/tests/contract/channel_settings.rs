//! What users set for their channels.

use nuncio_protocol::frames::{Channel, ChannelSettings, ChannelType, entry};
use nuncio_protocol::ids::{ChannelId, MessageId};
use nuncio_protocol::values::NotificationLevel;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use nuncio_store::channel_settings::{Attributes, Change};

use crate::harness::{Bench, NOW, contract, refusal, user};

fn with(peer: &str) -> ChannelId {
    ChannelId::Direct(user(peer))
}

async fn set(bench: &Bench, owner: &UserId, peer: &str, change: Change) {
    bench.store.set_channel(bench.app, owner.clone(), with(peer), change, NOW).await.unwrap();
}

async fn kept(bench: &Bench, owner: &UserId) -> Vec<ChannelSettings> {
    let (app, owner) = (bench.app, owner.clone());
    bench.store.channel_settings(app, owner, Channel::default(), 500).await.unwrap()
}

/// What the user's devices were told.
async fn told(bench: &Bench, owner: &UserId) -> Vec<ChannelSettings> {
    let settings = |body| match body {
        entry::Body::ChannelSettings(settings) => Some(settings),
        _ => None,
    };
    bench.inbox(owner).await.into_iter().filter_map(settings).collect()
}

fn pinned(pinned: bool) -> Change {
    Change { pinned: Some(pinned), ..Change::default() }
}

fn number(level: i64) -> NotificationLevel {
    NotificationLevel::try_from(level).unwrap()
}

fn level(level: i64) -> Change {
    Change { level: Some(number(level)), ..Change::default() }
}

fn removed(id: i64) -> Change {
    Change { removed: Some(MessageId(id)), ..Change::default() }
}

contract! {
    async fn each_change_leaves_the_rest_and_is_told_to_the_owner_only(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        for change in [pinned(true), pinned(true), level(5), removed(7), level(-1)] {
            set(&bench, &alice, "bob", change).await;
        }
        let last = ChannelSettings {
            channel: Some(Channel::direct("bob")),
            pinned: true,
            level: -1,
            removed_message_id: MessageId(7).to_string(),
        };
        assert_eq!(kept(&bench, &alice).await, std::slice::from_ref(&last));
        let told_alice = told(&bench, &alice).await;
        assert_eq!((told_alice.len(), told_alice.last()), (4, Some(&last)), "the same again is nothing new");
        assert!(told(&bench, &bob).await.is_empty() && kept(&bench, &bob).await.is_empty());
    }

    async fn pinning_puts_a_channel_back_on_the_list_and_nothing_is_kept_of_what_is_undone(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        set(&bench, &alice, "bob", removed(7)).await;
        set(&bench, &alice, "bob", pinned(true)).await;
        assert_eq!(kept(&bench, &alice).await[0].removed_message_id, "");
        set(&bench, &alice, "bob", pinned(false)).await;
        assert!(kept(&bench, &alice).await.is_empty());
        set(&bench, &alice, "bob", removed(0)).await;
        assert_eq!(told(&bench, &alice).await.len(), 3);
    }

    async fn a_pin_knows_since_when_and_a_group_is_not_the_user_of_its_name(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let group = ChannelId::Group(GroupId::try_from("bob").unwrap());
        let store = &bench.store;
        let pin = async |pin, at| {
            store.set_channel(bench.app, alice.clone(), group.clone(), pinned(pin), at).await.unwrap();
        };
        let since = async || {
            store.channel_attributes(bench.app, alice.clone(), group.clone()).await.unwrap().pinned_at
        };
        pin(true, NOW).await;
        store.set_channel(bench.app, alice.clone(), group.clone(), level(5), NOW.plus_ms(1)).await.unwrap();
        assert_eq!(since().await, NOW, "another setting is no new pin");
        pin(false, NOW.plus_ms(2)).await;
        assert_eq!(since().await, Timestamp(0));
        pin(true, NOW.plus_ms(3)).await;
        assert_eq!(since().await, NOW.plus_ms(3));
        let direct = store.channel_attributes(bench.app, alice.clone(), with("bob")).await.unwrap();
        assert_eq!(direct, Attributes::default());
    }

    async fn a_level_for_a_type_is_the_users_own_and_goes_with_the_user(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let store = &bench.store;
        let of = async |who: &UserId, r#type| {
            store.channel_type_level(bench.app, who.clone(), r#type).await.unwrap().number()
        };
        for set in [1, 5] {
            let (app, who) = (bench.app, alice.clone());
            store.set_channel_type_level(app, who, ChannelType::Group, number(set), NOW).await.unwrap();
        }
        assert_eq!(of(&alice, ChannelType::Group).await, 5);
        assert_eq!((of(&alice, ChannelType::Direct).await, of(&bob, ChannelType::Group).await), (0, 0));
        store.set_channel_type_level(bench.app, alice.clone(), ChannelType::Group, number(0), NOW).await.unwrap();
        assert_eq!(of(&alice, ChannelType::Group).await, 0);
        let nobody = store.channel_type_level(bench.app, user("nobody"), ChannelType::Group).await;
        assert!(matches!(refusal(nobody), Refusal::NotRegistered(_)));
    }

    async fn settings_are_read_page_by_page_and_have_a_limit(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for number in 0..limits::CHANNEL_SETTINGS {
            set(&bench, &alice, &format!("u{number:05}"), pinned(true)).await;
        }
        let full = bench.store.set_channel(bench.app, alice.clone(), with("one-more"), pinned(true), NOW).await;
        assert_eq!(refusal(full), Refusal::ListFull { limit: limits::CHANNEL_SETTINGS });
        set(&bench, &alice, "u00000", level(5)).await;
        let after = Channel::direct("u00009");
        let page = bench.store.channel_settings(bench.app, alice, after, 2).await.unwrap();
        let ids: Vec<_> = page.into_iter().map(|one| one.channel.unwrap().id).collect();
        assert_eq!(ids, ["u00010", "u00011", "u00012"]);
    }

    async fn a_deleted_user_sets_nothing_and_leaves_nothing(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        set(&bench, &alice, "bob", pinned(true)).await;
        set(&bench, &bob, "alice", pinned(true)).await;
        let store = &bench.store;
        store.soft_delete(bench.app, vec![alice.clone()], "op".to_owned(), NOW).await.unwrap();
        let refused = store.set_channel(bench.app, alice.clone(), with("bob"), level(5), NOW).await;
        assert_eq!(refusal(refused), Refusal::SoftDeleted(alice.clone()));
        for deletion in store.open_deletions(10).await.unwrap() {
            while !store.go_on_deleting(deletion.clone(), NOW).await.unwrap() {}
        }
        assert!(kept(&bench, &alice).await.is_empty());
        assert_eq!(kept(&bench, &bob).await.len(), 1);
    }
}
