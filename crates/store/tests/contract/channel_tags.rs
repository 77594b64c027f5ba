//! Tags by which users sort their channels.

use nuncio_protocol::frames::{Channel, ChannelTagsChanged, entry};
use nuncio_protocol::ids::ChannelId;
use nuncio_protocol::values::{ChannelTagId, ChannelTagName};
use nuncio_protocol::{GroupId, Refusal, UserId, limits};
use nuncio_store::StoreError;

use crate::harness::{Bench, NOW, contract, refusal, user};

fn tag(id: &str) -> ChannelTagId {
    ChannelTagId::try_from(id).unwrap()
}

fn with(peer: &str) -> ChannelId {
    ChannelId::Direct(user(peer))
}

async fn name(bench: &Bench, owner: &UserId, tags: &[(&str, &str)]) -> Result<(), StoreError> {
    let named = |&(id, name): &(&str, &str)| (tag(id), ChannelTagName::try_from(name).unwrap());
    let tags = tags.iter().map(named).collect();
    bench.store.set_channel_tags(bench.app, owner.clone(), tags, NOW).await
}

async fn put(
    bench: &Bench,
    owner: &UserId,
    id: &str,
    channels: Vec<ChannelId>,
) -> Result<(), StoreError> {
    bench.store.tag_channels(bench.app, owner.clone(), tag(id), channels, NOW).await
}

async fn under(bench: &Bench, owner: &UserId, id: &str) -> Vec<Channel> {
    bench.store.tagged_channels(bench.app, owner.clone(), tag(id)).await.unwrap()
}

async fn names(bench: &Bench, owner: &UserId) -> Vec<String> {
    let tags = bench.store.channel_tags(bench.app, owner.clone()).await.unwrap();
    tags.into_iter().map(|tag| tag.name).collect()
}

contract! {
    async fn the_owners_devices_are_told_of_what_is_new(bench: Bench) {
        let [alice, _] = bench.users(["alice", "bob"]).await;
        let told = async || -> Vec<ChannelTagsChanged> {
            let changed = |body| match body {
                entry::Body::ChannelTagsChanged(changed) => Some(changed),
                _ => None,
            };
            bench.inbox(&alice).await.into_iter().filter_map(changed).collect()
        };
        name(&bench, &alice, &[("w", "Work"), ("h", "Home")]).await.unwrap();
        name(&bench, &alice, &[("w", "Work"), ("h", "House")]).await.unwrap();
        name(&bench, &alice, &[("w", "Work")]).await.unwrap();
        put(&bench, &alice, "w", vec![with("bob")]).await.unwrap();
        put(&bench, &alice, "w", vec![with("bob"), with("carol")]).await.unwrap();
        let (app, store) = (bench.app, &bench.store);
        let gone = vec![with("bob"), with("nobody")];
        store.untag_channels(app, alice.clone(), tag("w"), gone, NOW).await.unwrap();
        store.remove_channel_tags(app, alice.clone(), vec![tag("w"), tag("x")], NOW).await.unwrap();
        store.remove_channel_tags(app, alice.clone(), vec![tag("x")], NOW).await.unwrap();
        let told = told().await;
        let set = |index: usize| told[index].set.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>();
        assert_eq!((set(0), set(1)), (vec!["Work", "Home"], vec!["House"]));
        assert_eq!(told[2].added, [Channel::direct("bob")]);
        assert_eq!((told[3].tag_id.as_str(), told[3].added.clone()), ("w", vec![Channel::direct("carol")]));
        assert_eq!(told[4].removed, [Channel::direct("bob")]);
        assert_eq!((told[5].removed_tag_ids.clone(), told.len()), (vec!["w".to_owned()], 6));
    }

    async fn channels_are_put_under_a_tag_and_taken_from_under_it(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        name(&bench, &alice, &[("w", "work"), ("h", "home")]).await.unwrap();
        let group = ChannelId::Group(GroupId::try_from("bob").unwrap());
        put(&bench, &alice, "w", vec![group.clone(), with("bob"), with("bob")]).await.unwrap();
        put(&bench, &alice, "h", vec![with("bob")]).await.unwrap();
        assert_eq!(under(&bench, &alice, "w").await, [Channel::direct("bob"), Channel::group("bob")]);
        let attributes =
            bench.store.channel_attributes(bench.app, alice.clone(), with("bob")).await.unwrap();
        let ids: Vec<_> = attributes.tags.into_iter().map(|tag| tag.id).collect();
        assert_eq!(ids, ["h", "w"]);
        let away = vec![with("bob"), with("carol")];
        bench.store.untag_channels(bench.app, alice.clone(), tag("w"), away, NOW).await.unwrap();
        assert_eq!(under(&bench, &alice, "w").await, [Channel::group("bob")]);
        assert!(names(&bench, &bob).await.is_empty());
        let none = put(&bench, &bob, "w", vec![group]).await;
        assert!(matches!(refusal(none), Refusal::BadParameter(_)), "the tag is alice's");
    }

    async fn a_tag_that_ends_takes_its_channels_along_and_comes_back_empty(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        name(&bench, &alice, &[("w", "work")]).await.unwrap();
        put(&bench, &alice, "w", vec![with("bob")]).await.unwrap();
        name(&bench, &alice, &[("w", "labour")]).await.unwrap();
        assert_eq!(names(&bench, &alice).await, ["labour"]);
        assert_eq!(under(&bench, &alice, "w").await.len(), 1, "another name is the same tag");
        let gone = vec![tag("w"), tag("none")];
        bench.store.remove_channel_tags(bench.app, alice.clone(), gone, NOW).await.unwrap();
        let ended = bench.store.tagged_channels(bench.app, alice.clone(), tag("w")).await;
        assert!(matches!(refusal(ended), Refusal::BadParameter(_)));
        name(&bench, &alice, &[("w", "work")]).await.unwrap();
        assert!(under(&bench, &alice, "w").await.is_empty());
    }

    async fn tags_and_the_channels_under_one_have_limits(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let ids: Vec<_> = (0..limits::CHANNEL_TAGS).map(|number| format!("t{number}")).collect();
        let all: Vec<_> = ids.iter().map(|id| (id.as_str(), "tag")).collect();
        name(&bench, &alice, &all).await.unwrap();
        let full = name(&bench, &alice, &[("t0", "another"), ("more", "one more")]).await;
        assert_eq!(refusal(full), Refusal::ListFull { limit: limits::CHANNEL_TAGS });
        assert!(names(&bench, &alice).await.iter().all(|name| name == "tag"), "all or nothing");
        let peers = (0..limits::TAGGED_CHANNELS).map(|number| with(&format!("u{number}"))).collect();
        put(&bench, &alice, "t0", peers).await.unwrap();
        put(&bench, &alice, "t0", vec![with("u7")]).await.unwrap();
        let full = put(&bench, &alice, "t0", vec![with("one-more")]).await;
        assert_eq!(refusal(full), Refusal::ListFull { limit: limits::TAGGED_CHANNELS });
        assert_eq!(under(&bench, &alice, "t0").await.len(), limits::TAGGED_CHANNELS);
    }
}
