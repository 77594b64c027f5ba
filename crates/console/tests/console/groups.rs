//! Groups: what an operator sees of them and does about them.

use nuncio_core::groups::{Actor, NewGroup};
use nuncio_core::operators::Role;
use nuncio_protocol::groups::{GroupName, GroupPermissionsChange, GroupProfileChange, Nickname};
use nuncio_protocol::values::{BasicProfileChange, ExtProfile};
use nuncio_protocol::{AppKey, GroupId, UserId};
use serde_json::{Value, json};

use crate::harness::{Browser, World};

struct Scene {
    world: World,
    owner: Browser,
    app: String,
}

impl Scene {
    /// An app with users `u0` to `u59` who are called `User 0` and so on.
    async fn new() -> Self {
        let world = World::new().await;
        let owner = world.owner().await;
        let app = owner.app("production", "flagship").await;
        for n in 0..60 {
            let body =
                json!({ "appKey": app, "userId": format!("u{n}"), "name": format!("User {n}") });
            owner.call("users/register", body).await.ok();
        }
        Self { world, owner, app }
    }

    async fn app_id(&self) -> nuncio_protocol::ids::AppId {
        let key = AppKey::try_from(self.app.as_str()).unwrap();
        self.world.core.app(&key).await.unwrap().unwrap().id
    }

    /// A group that `u0` owns, with members from `u1` up to `users`.
    async fn group(&self, id: &str, users: usize) {
        let profile = json!({
            "introduction": "Who likes it", "portraitUrl": "https://img.example/1.png",
        });
        let new = NewGroup {
            id: group(id),
            name: GroupName::try_from(format!("Group {id}").as_str()).unwrap(),
            owner: user(0),
            members: (1..users).map(user).collect(),
            profile: GroupProfileChange::parse(profile.as_object().unwrap()).unwrap(),
            ext: ExtProfile::default(),
            permissions: GroupPermissionsChange::default(),
        };
        self.world.core.create_group(self.app_id().await, Actor::App, new).await.unwrap();
        self.world.clock.advance_ms(1);
    }

    async fn call(&self, path: &str, more: Value) -> Value {
        self.owner.call(path, self.of_app(more)).await.ok()
    }

    fn of_app(&self, mut more: Value) -> Value {
        more["appKey"] = json!(self.app);
        more
    }

    async fn trail(&self) -> Vec<(Value, Value)> {
        let listed =
            self.call("audit/list", json!({ "action": "group.", "operator": "ada" })).await;
        let entries = listed["items"].as_array().unwrap();
        entries.iter().map(|entry| (entry["action"].clone(), entry["userId"].clone())).collect()
    }
}

fn user(n: usize) -> UserId {
    UserId::try_from(format!("u{n}").as_str()).unwrap()
}

fn group(id: &str) -> GroupId {
    GroupId::try_from(id).unwrap()
}

fn column<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list["items"].as_array().unwrap().iter().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn groups_are_listed_by_age_and_found_by_how_their_id_begins() {
    let scene = Scene::new().await;
    for id in ["tea-1", "tea-2", "coffee"] {
        scene.group(id, 3).await;
    }
    let first = scene.call("groups/list", json!({ "pageSize": 2 })).await;
    assert_eq!(column(&first, "groupId"), ["coffee", "tea-2"]);
    let next = json!({ "pageSize": 2, "pageToken": first["pageToken"] });
    let second = scene.call("groups/list", next).await;
    assert_eq!(column(&second, "groupId"), ["tea-1"]);
    assert!(second["pageToken"].is_null());
    let tea = &second["items"][0];
    assert_eq!(
        (&tea["name"], &tea["owner"], &tea["ownerName"], &tea["memberCount"], &tea["frozen"]),
        (&json!("Group tea-1"), &json!("u0"), &json!("User 0"), &json!(3), &json!(false))
    );
    assert_eq!(tea["avatarUrl"], "https://img.example/1.png");
    let found = scene.call("groups/list", json!({ "query": "tea", "pageSize": 1 })).await;
    assert_eq!(column(&found, "groupId"), ["tea-1"]);
    let next = json!({ "query": "tea", "pageSize": 1, "pageToken": found["pageToken"] });
    let found = scene.call("groups/list", next).await;
    assert_eq!((column(&found, "groupId"), &found["pageToken"]), (vec!["tea-2"], &Value::Null));
    let long = scene.of_app(json!({ "query": "x".repeat(65) }));
    assert_eq!(scene.owner.call("groups/list", long).await.refusal(), "BAD_PARAMETER");
}

#[tokio::test]
async fn members_are_shown_by_the_one_rule_for_names_role_by_role() {
    let scene = Scene::new().await;
    scene.group("g", 55).await;
    let (app, core) = (scene.app_id().await, &scene.world.core);
    let nickname = Some(Nickname::try_from("Nick").unwrap());
    core.set_group_member(app, Actor::App, group("g"), user(1), nickname, None).await.unwrap();
    for n in [1, 2] {
        let basic = json!({ "name": format!("Profile {n}") });
        let basic = BasicProfileChange::parse(basic.as_object().unwrap()).unwrap();
        core.set_profile(app, user(n), basic, None).await.unwrap();
    }
    core.set_group_admins(app, Actor::App, group("g"), vec![user(2)], true).await.unwrap();
    let page = scene.call("groups/members", json!({ "groupId": "g" })).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 50);
    let next = json!({ "groupId": "g", "pageToken": page["pageToken"] });
    let rest = scene.call("groups/members", next).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 5);
    let mut names = [column(&page, "name"), column(&rest, "name")].concat();
    names.sort_unstable();
    for (name, count) in [("Nick", 1), ("Profile 1", 0), ("Profile 2", 1), ("User 3", 1)] {
        assert_eq!(names.iter().filter(|found| **found == name).count(), count, "{name}");
    }
    for (role, users) in [("owner", vec!["u0"]), ("admin", vec!["u2"])] {
        let page = scene.call("groups/members", json!({ "groupId": "g", "role": role })).await;
        assert_eq!(column(&page, "userId"), users);
        assert_eq!(column(&page, "role"), [role]);
    }
    let none = scene.of_app(json!({ "groupId": "none" }));
    for path in ["groups/get", "groups/members"] {
        assert_eq!(scene.owner.call(path, none.clone()).await.refusal(), "NO_SUCH_GROUP", "{path}");
    }
    // Other pages show the same names.
    let listed = scene.call("users/list", json!({ "query": "u2" })).await;
    assert_eq!(listed["items"][0]["shownName"], "Profile 2");
    let joined = scene.call("users/groups", json!({ "userId": "u2" })).await;
    assert_eq!((column(&joined, "groupId"), column(&joined, "role")), (vec!["g"], vec!["admin"]));
}

#[tokio::test]
async fn what_an_operator_does_to_a_group_holds_at_once_and_is_written_down() {
    let scene = Scene::new().await;
    scene.group("g", 4).await;
    let bob = scene.world.operator(&scene.owner, "bob", Some(&scene.app), Role::Viewer).await;
    let freeze = scene.of_app(json!({ "groupId": "g", "frozen": true }));
    assert_eq!(bob.call("groups/set-frozen", freeze).await.refusal(), "ROLE_TOO_LOW");
    scene.call("groups/set-frozen", json!({ "groupId": "g", "frozen": true })).await;
    assert_eq!(scene.call("groups/get", json!({ "groupId": "g" })).await["frozen"], true);
    scene.call("groups/set-frozen", json!({ "groupId": "g", "frozen": false })).await;
    assert_eq!(scene.call("groups/get", json!({ "groupId": "g" })).await["frozen"], false);

    let mute = json!({ "groupId": "g", "userIds": ["u1"], "durationMinutes": 60 });
    scene.call("groups/mute", mute).await;
    let mute = json!({ "groupId": "g", "userIds": ["u2"], "durationMinutes": 0 });
    scene.call("groups/mute", mute).await;
    let app = scene.app_id().await;
    let forever = nuncio_protocol::groups::MuteDuration::UntilUnmuted;
    let core = &scene.world.core;
    core.mute_in_group(app, Actor::App, None, vec![user(2)], forever).await.unwrap();
    let mutes = async || {
        let page = scene.call("groups/members", json!({ "groupId": "g" })).await;
        let row = |id: &str| {
            let rows = page["items"].as_array().unwrap();
            let row = rows.iter().find(|row| row["userId"] == id).unwrap();
            (row["muted"].clone(), row["mutedInAllGroups"].clone())
        };
        (row("u1"), row("u2"))
    };
    let (one, two) = mutes().await;
    let until = core.now().0 + 3_600_000;
    assert_eq!(one, (json!({ "until": until, "untilUnmuted": false }), Value::Null));
    assert_eq!((&two.0["untilUnmuted"], &two.1["untilUnmuted"]), (&json!(true), &json!(true)));
    scene.call("groups/unmute", json!({ "groupId": "g", "userIds": ["u1", "u2"] })).await;
    let (one, two) = mutes().await;
    assert_eq!((one.0, two.0), (Value::Null, Value::Null));
    assert_eq!(two.1["untilUnmuted"], true, "the mute in all groups is another");

    scene.call("groups/kick", json!({ "groupId": "g", "userIds": ["u3"] })).await;
    assert_eq!(scene.call("groups/get", json!({ "groupId": "g" })).await["memberCount"], 3);
    let none = scene.call("users/groups", json!({ "userId": "u3" })).await;
    assert!(column(&none, "groupId").is_empty());
    let of_owner = scene.of_app(json!({ "groupId": "g", "userIds": ["u0"] }));
    assert_eq!(scene.owner.call("groups/kick", of_owner).await.refusal(), "OWNER_CANNOT_LEAVE");

    scene.call("groups/dismiss", json!({ "groupId": "g" })).await;
    let gone = scene.of_app(json!({ "groupId": "g" }));
    assert_eq!(scene.owner.call("groups/get", gone).await.refusal(), "NO_SUCH_GROUP");
    let trail = scene.trail().await;
    for (action, of) in [
        ("group.freeze", Value::Null),
        ("group.mute", json!("u1")),
        ("group.mute", json!("u2")),
        ("group.unmute", json!("u1")),
        ("group.leave", json!("u3")),
        ("group.dismiss", Value::Null),
    ] {
        assert!(trail.contains(&(json!(action), of.clone())), "{action} {of}: {trail:?}");
    }
}
