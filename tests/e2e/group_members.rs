//! Groups in the hands of their members: they make, join, change and end them from their devices, everybody learns of
//! it, whoever did it, and what was answered holds for messages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nuncio_client::frames::group_application::{Direction, Status};
use nuncio_client::frames::group_event::Kind;
use nuncio_client::frames::group_result::Process;
use nuncio_client::frames::{
    self as f, GetGroupApplications, GetGroupMembers, GetJoinedGroups, GroupChange, GroupEvent,
    GroupPermissionsChange, LeavingMember,
};
use nuncio_client::{Client, ClientError, Event, Events, GroupAnswer, GroupId, UserId};
use nuncio_protocol::frames::{Channel, client_frame::Body, entry};
use nuncio_testkit::receiver::{Received, Receiver};
use nuncio_testkit::{Refused, Wire, World};
use serde_json::json;

use crate::everywhere;

const PATIENCE: Duration = Duration::from_secs(20);
/// Groups that a user is removed from at once.
const GROUPS: usize = 60;
/// How often somebody is removed, muted, frozen while they write.
const ROUNDS: usize = 6;

fn id(user: &str) -> UserId {
    UserId::try_from(user).unwrap()
}

fn g() -> GroupId {
    GroupId::try_from("g").unwrap()
}

async fn client(world: &World, user: &str) -> (Client, Events) {
    let token = world.api.token(user).await;
    let (client, events) =
        Client::builder(&world.address, &world.api.key).token(token).build().await.unwrap();
    client.connect().await.unwrap();
    (client, events)
}

/// The next news of a group, which must be of this kind.
async fn news(events: &mut Events, kind: Kind) -> GroupEvent {
    let found = async {
        loop {
            if let Event::Group(event) = events.next().await.expect("the client has ended") {
                return *event;
            }
        }
    };
    let event = tokio::time::timeout(PATIENCE, found).await.expect("no news");
    assert_eq!(event.kind(), kind, "{event:?}");
    event
}

fn code<T: std::fmt::Debug>(outcome: Result<T, ClientError>) -> u32 {
    outcome.expect_err("it was not refused").cause().code
}

fn refused(error: &anyhow::Error) -> u32 {
    error.downcast_ref::<Refused>().map_or(0, |refused| refused.0.code)
}

fn named(name: &str) -> GroupChange {
    GroupChange { name: Some(name.to_owned()), ..GroupChange::default() }
}

fn concerned(event: &GroupEvent) -> Vec<&str> {
    event.members.iter().map(|member| member.user_id.as_str()).collect()
}

/// All news of groups in a user's inbox, by name, and the messages between them by sender. A notice comes right behind the
/// news that it tells of, and is left out.
async fn story(wire: &mut Wire) -> Vec<String> {
    let (mut after, mut story) = (0, Vec::new());
    loop {
        let page = wire.sync(after, 500).await.unwrap();
        for entry in page.entries {
            after = entry.seq;
            match entry.body {
                Some(entry::Body::Message(message)) if message.r#type == NOTICE => {
                    let news: Option<&String> = story.last();
                    assert!(news.is_some_and(|news| news.chars().all(|c| !c.is_lowercase())));
                }
                Some(entry::Body::Message(message)) => story.push(message.sender_id),
                Some(entry::Body::Group(event)) => {
                    story.push(event.kind().as_str_name().to_owned());
                }
                _ => {}
            }
        }
        if after >= page.head {
            return story;
        }
    }
}

const NOTICE: &str = "RC:GrpNtf";

/// A message that was tried: when it was begun, when it was answered, and whether it was accepted.
type Tried = (Instant, Instant, bool);

/// Writes to the group as fast as it is answered.
async fn write(mut wire: Wire, stop: Arc<AtomicBool>) -> Vec<Tried> {
    let mut tried = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (began, number) = (Instant::now(), tried.len());
        let sent = wire.send_in(Channel::group("g"), &format!("w-{number}"), "x").await;
        if let Err(error) = &sent {
            assert!([22406, 22408, 20604].contains(&refused(error)), "{error}");
        }
        tried.push((began, Instant::now(), sent.is_ok()));
    }
    tried
}

/// Asks with a frame, which must succeed; returns when it was answered.
async fn done(wire: &mut Wire, body: Body) -> Instant {
    wire.call(body).await.unwrap();
    Instant::now()
}

fn kick(user: &str) -> Body {
    let user_ids = vec![user.to_owned()];
    Body::KickGroupMembers(f::KickGroupMembers { group_id: "g".into(), user_ids, leaving: None })
}

fn mute(user: &str, muted: bool) -> Body {
    let user_ids = vec![user.to_owned()];
    Body::MuteGroupMembers(f::MuteGroupMembers {
        group_id: "g".into(),
        user_ids,
        muted,
        minutes: 0,
    })
}

fn freeze(frozen: bool) -> Body {
    Body::FreezeGroup(f::FreezeGroup { group_id: "g".into(), frozen })
}

/// Makes `g` of ann, who owns it, and bob.
async fn pair(world: &World) -> (Wire, Wire) {
    world.api.token("bob").await;
    let mut ann = world.login("ann", "desk").await;
    let create = f::CreateGroup {
        group_id: "g".into(),
        info: Some(named("G")),
        user_ids: vec!["bob".into()],
    };
    ann.call(Body::CreateGroup(create)).await.unwrap();
    (ann, world.login("bob", "phone").await)
}

everywhere! { any size:
    async fn members_make_a_group_and_manage_it_from_their_devices(world: World) {
        let (bob, mut of_bob) = client(&world, "bob").await;
        let (cem, mut of_cem) = client(&world, "cem").await;
        let (ann, mut of_ann) = client(&world, "ann").await;
        let made = ann.create_group(&g(), named("Walkers"), &[id("bob")]).await.unwrap();
        assert_eq!(made, Process::Done);
        for events in [&mut of_ann, &mut of_bob] {
            let event = news(events, Kind::Created).await;
            assert_eq!(event.group.unwrap().name, "Walkers");
            assert_eq!(event.operator.unwrap().user_id, "ann");
        }
        assert_eq!(code(bob.create_group(&g(), named("Mine"), &[]).await), 25409);

        // Who is outside sees what the group says of itself, but not who is in it.
        assert_eq!(cem.get_groups(&[g()]).await.unwrap()[0].member_count, 2);
        let members = GetGroupMembers { group_id: "g".into(), ..GetGroupMembers::default() };
        assert_eq!(code(cem.get_group_members(members.clone()).await), 22406);
        assert_eq!(cem.join_group(&g()).await.unwrap(), Process::ApprovalPending);
        let asked = news(&mut of_ann, Kind::ApplicationChanged).await.application.unwrap();
        assert_eq!(asked.joiner.unwrap().user_id, "cem");
        news(&mut of_cem, Kind::ApplicationChanged).await;
        let query = GetGroupApplications {
            directions: vec![Direction::ApplicationReceived.into()],
            statuses: vec![Status::AdminPending.into()],
            ..GetGroupApplications::default()
        };
        assert_eq!(ann.get_group_applications(query).await.unwrap().total_count, 1);
        let yes = GroupAnswer::Accept;
        let by_bob = bob.answer_group_application(&g(), &id("cem"), None, yes.clone()).await;
        assert_eq!(code(by_bob), 25405);
        ann.answer_group_application(&g(), &id("cem"), None, yes.clone()).await.unwrap();
        news(&mut of_cem, Kind::ApplicationChanged).await;
        assert_eq!(concerned(&news(&mut of_cem, Kind::Joined).await), ["cem"]);
        news(&mut of_bob, Kind::Joined).await;

        // The group lets admins rename it, and bob is one.
        let permissions = GroupPermissionsChange { profile: Some(1), ..<_>::default() };
        let change = GroupChange { permissions: Some(permissions), ..GroupChange::default() };
        assert_eq!(code(bob.update_group(&g(), change.clone()).await), 25405);
        ann.update_group(&g(), change).await.unwrap();
        news(&mut of_cem, Kind::InfoChanged).await;
        ann.set_group_admins(&g(), &[id("bob")], true).await.unwrap();
        news(&mut of_cem, Kind::AdminsAdded).await;
        bob.update_group(&g(), named("Hikers")).await.unwrap();
        assert_eq!(news(&mut of_cem, Kind::InfoChanged).await.changed, ["name"]);
        assert_eq!(code(cem.update_group(&g(), named("Mine")).await), 25405);

        // Names: in the group, of the group, and found by either.
        let nickname = "Captain".to_owned().try_into().unwrap();
        cem.set_group_member(&g(), &id("cem"), Some(nickname), None).await.unwrap();
        assert_eq!(news(&mut of_cem, Kind::MemberChanged).await.members[0].nickname, "Captain");
        let search = GetGroupMembers { name: "captain".into(), ..members.clone() };
        assert_eq!(bob.get_group_members(search).await.unwrap().items[0].user_id, "cem");
        let admins = GetGroupMembers { role: 2, ..members };
        assert_eq!(cem.get_group_members(admins).await.unwrap().items[0].user_id, "bob");
        let alias = "Sunday".to_owned().try_into().unwrap();
        cem.set_group_alias(&g(), &alias).await.unwrap();
        assert_eq!(news(&mut of_cem, Kind::AliasChanged).await.group.unwrap().alias, "Sunday");
        let search = GetJoinedGroups { name: "sun".into(), ..GetJoinedGroups::default() };
        assert_eq!(cem.get_joined_groups(search).await.unwrap().items[0].alias, "Sunday");
        cem.set_group_favorites(&g(), &[id("ann")], &[]).await.unwrap();
        news(&mut of_cem, Kind::FavoritesAdded).await;
        assert_eq!(cem.get_group_favorites(&g()).await.unwrap(), ["ann"]);

        // Owner and admins come and go, and the group ends.
        assert_eq!(code(ann.leave_group(&g(), LeavingMember::default()).await), 25417);
        assert_eq!(code(bob.transfer_group(&g(), &id("bob"), None).await), 25404);
        ann.transfer_group(&g(), &id("bob"), Some(LeavingMember::default())).await.unwrap();
        news(&mut of_cem, Kind::OwnerTransferred).await;
        assert_eq!(concerned(&news(&mut of_cem, Kind::Left).await), ["ann"]);
        let dan = world.api.token("dan").await;
        assert_eq!(code(cem.invite_to_group(&g(), &[id("dan")]).await), 25426);
        let permissions = GroupPermissionsChange {
            invite: Some(2), invite_handle: Some(1), join: Some(1), ..<_>::default()
        };
        let change = GroupChange { permissions: Some(permissions), ..GroupChange::default() };
        bob.update_group(&g(), change).await.unwrap();
        news(&mut of_cem, Kind::InfoChanged).await;
        let invited = cem.invite_to_group(&g(), &[id("dan")]).await.unwrap();
        assert_eq!(invited, Process::ConsentPending);
        let built = Client::builder(&world.address, &world.api.key).token(dan).build().await;
        let (dan, mut of_dan) = built.unwrap();
        dan.connect().await.unwrap();
        let asked = news(&mut of_dan, Kind::ApplicationChanged).await.application.unwrap();
        assert_eq!((asked.inviter.unwrap().user_id, asked.group_name), ("cem".into(), "Hikers".into()));
        dan.answer_group_invitation(&g(), &id("cem"), yes.clone()).await.unwrap();
        let again = dan.answer_group_invitation(&g(), &id("cem"), yes).await;
        assert_eq!(code(again), 25428);
        assert_eq!(code(cem.dismiss_group(&g()).await), 25404);
        bob.dismiss_group(&g()).await.unwrap();
        assert!(bob.get_groups(&[g()]).await.unwrap().is_empty());
        world.kill().await;
    }

    async fn whatever_the_app_server_does_to_a_group_reaches_its_members_once(world: World) {
        let receiver = Receiver::start().await;
        let key = world.api.key.clone();
        let url = receiver.url("/hook");
        let command =
            ["webhook", "add", &key, "--name", "t", "--url", &url, "--events", "group_channel:changed"];
        world.command(&command).await;
        for user in ["ann", "bob", "cem"] {
            world.api.token(user).await;
        }
        let group = "channelId";
        let api = async |path: &str, body| {
            world.api.ok(&format!("/v4/group-channel/{path}"), body).await;
        };
        api("create", json!({ group: "g", "name": "G", "owner": "ann", "userIds": ["bob"] })).await;
        let mut bob = world.login("bob", "phone").await;
        api("join", json!({ group: "g", "userIds": ["cem"] })).await;
        api("admin/add", json!({ group: "g", "userIds": ["cem"] })).await;
        api("profile/update", json!({ group: "g", "groupProfile": { "name": "H" } })).await;
        // What happens while nobody is connected waits in the inbox.
        bob.call(Body::Logout(f::Logout {})).await.unwrap();
        api("member/set", json!({ group: "g", "userId": "cem", "nickname": "C" })).await;
        api("freeze-list/add", json!({ "channelIds": ["g"] })).await;
        api("freeze-list/remove", json!({ "channelIds": ["g"] })).await;
        let bob_muted = json!({ group: "g", "userIds": ["bob"], "durationMinutes": 5 });
        api("user/mute-list/add", bob_muted).await;
        api("transfer/owner", json!({ group: "g", "newOwner": "cem" })).await;
        api("leave", json!({ group: "g", "userIds": ["ann"] })).await;
        world.kill().await;
        world.restart().await;
        let api = async |path: &str, body| {
            world.api.ok(&format!("/v4/group-channel/{path}"), body).await;
        };
        api("dismiss", json!({ group: "g" })).await;
        let mut bob = world.login("bob", "phone").await;
        let expected = [
            "CREATED", "JOINED", "ADMINS_ADDED", "INFO_CHANGED", "MEMBER_CHANGED", "FROZEN", "UNFROZEN",
            "MUTED", "OWNER_TRANSFERRED", "LEFT", "DISMISSED",
        ];
        assert_eq!(story(&mut bob).await, expected);
        // What was under way when the server was killed may come twice.
        let operations = |received: &[Received]| -> BTreeSet<String> {
            let each = received.iter().map(|one| one.data()["operation"].as_str().unwrap());
            each.map(str::to_uppercase).collect()
        };
        let all = |received: &[Received]| operations(received).len() == expected.len();
        let told = receiver.wait("all of it", all).await;
        assert_eq!(operations(&told), expected.map(str::to_owned).into());
        world.kill().await;
    }

    async fn a_removal_from_all_groups_comes_to_its_end_though_the_server_is_killed(world: World) {
        for user in ["ann", "bob"] {
            world.api.token(user).await;
        }
        for number in 0..GROUPS {
            let body = json!({
                "channelId": format!("g{number}"), "name": "G", "owner": "ann", "userIds": ["bob"],
            });
            world.api.ok("/v4/group-channel/create", body).await;
        }
        let joined = async |world: &World| {
            let body = json!({ "userId": "bob", "pageSize": 100 });
            let answer = world.api.ok("/v4/group-channel/joined/list", body).await;
            answer["groups"].as_array().map_or(0, Vec::len)
        };
        assert_eq!(joined(&world).await, GROUPS);
        // The answer does not come, or comes too late to matter.
        {
            let body = json!({ "userId": "bob" });
            let call = world.api.call("/v4/group-channel/member/kickout-all", body);
            let begun = async {
                while joined(&world).await == GROUPS {}
            };
            tokio::select! {
                _ = call => {}
                () = begun => {}
            }
        }
        world.kill().await;
        world.restart().await;
        let since = Instant::now();
        while joined(&world).await > 0 {
            assert!(since.elapsed() < Duration::from_mins(1), "it does not go on");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.kill().await;
    }

    async fn who_was_removed_or_muted_is_heard_no_more_from_the_answer_on(world: World) {
        let (mut ann, bob) = pair(&world).await;
        let stop = Arc::new(AtomicBool::new(false));
        let writing = tokio::spawn(write(bob, Arc::clone(&stop)));
        // From each answer to the moment at which it is taken back, nothing may be accepted.
        let mut silences: Vec<(Instant, Instant)> = Vec::new();
        for round in 0..ROUNDS {
            tokio::time::sleep(Duration::from_millis(60)).await;
            let (silence, speech) = match round % 3 {
                0 => (kick("bob"), None),
                1 => (mute("bob", true), Some(mute("bob", false))),
                _ => (freeze(true), Some(freeze(false))),
            };
            let from = done(&mut ann, silence).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
            silences.push((from, Instant::now()));
            if let Some(speech) = speech {
                done(&mut ann, speech).await;
            } else {
                let back = json!({ "channelId": "g", "userIds": ["bob"] });
                world.api.ok("/v4/group-channel/join", back).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        stop.store(true, Ordering::Relaxed);
        let tried = writing.await.unwrap();
        let accepted: Vec<&Tried> = tried.iter().filter(|(_, _, accepted)| *accepted).collect();
        for (from, to) in &silences {
            let broken = accepted.iter().filter(|(began, ended, _)| began > from && ended < to);
            assert_eq!(broken.count(), 0, "accepted after the answer");
        }
        assert!(accepted.len() > ROUNDS && accepted.len() < tried.len(), "both were tried");
        // And in either's inbox nothing of the writer's stands between silence and speech, however long a message took.
        let mut bob = world.login("bob", "desk").await;
        for wire in [&mut ann, &mut bob] {
            let mut speaks = true;
            for step in story(wire).await {
                match step.as_str() {
                    "KICKED" | "FROZEN" | "MUTED" => speaks = false,
                    "JOINED" | "UNFROZEN" | "UNMUTED" => speaks = true,
                    "bob" => assert!(speaks, "heard while it could not speak"),
                    _ => {}
                }
            }
        }
        world.kill().await;
    }

    async fn many_come_and_go_at_once_and_everybody_has_the_same_story(world: World) {
        let (mut ann, mut bob) = pair(&world).await;
        let open = GroupPermissionsChange { join: Some(1), ..<_>::default() };
        let info = GroupChange { permissions: Some(open), ..GroupChange::default() };
        let update = f::UpdateGroup { group_id: "g".into(), info: Some(info) };
        done(&mut ann, Body::UpdateGroup(update)).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..6 {
            let user = format!("guest{number}");
            let mut guest = world.login(&user, "phone").await;
            tasks.spawn(async move {
                for turn in 0..5 {
                    let join = Body::JoinGroup(f::JoinGroup { group_id: "g".into() });
                    guest.call(join).await.unwrap();
                    let said = format!("{user}-{turn}");
                    guest.send_in(Channel::group("g"), &said, "hello").await.unwrap();
                    let leave = f::LeaveGroup { group_id: "g".into(), leaving: None };
                    guest.call(Body::LeaveGroup(leave)).await.unwrap();
                    let late = guest.send_in(Channel::group("g"), "late", "?").await;
                    assert_eq!(refused(&late.unwrap_err()), 22406);
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        let (of_ann, of_bob) = (story(&mut ann).await, story(&mut bob).await);
        assert_eq!(of_ann, of_bob, "one order for all");
        let count = |what: &str| of_ann.iter().filter(|step| step.as_str() == what).count();
        assert_eq!((count("JOINED"), count("LEFT")), (30, 30));
        let group = f::GetGroups { group_ids: vec!["g".into()] };
        let answer = ann.call(Body::GetGroups(group)).await.unwrap();
        let f::server_frame::Body::Groups(groups) = answer else { panic!("no groups") };
        assert_eq!(groups.groups[0].member_count, 2);
        world.kill().await;
    }
}
