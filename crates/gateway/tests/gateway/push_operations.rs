//! Registering a device for push, and what users set about it.

use nuncio_protocol::frames::client_frame::Body as Ask;
use nuncio_protocol::frames::server_frame::Body as Answer;
use nuncio_protocol::frames::{
    GetPushInfo, GetPushSettings, Logout, PushInfo, PushProvider, PushSettings, QuietHours,
    RegisterPush, SetPushSettings, UnregisterPush,
};
use nuncio_protocol::values::Name;

use crate::operations::Asker;
use crate::world::{World, answer, refusal, user};

fn register(token: &str) -> RegisterPush {
    let provider = PushProvider::Webhook.into();
    RegisterPush { provider, token: token.to_owned(), ..RegisterPush::default() }
}

/// Gives the world's app a way to push.
async fn set_up(world: &World) {
    let setup = serde_json::json!({});
    let (store, now) = (world.core.store(), world.core.now());
    let provider = PushProvider::Webhook;
    store.set_push_provider(world.app.id, provider, setup, Vec::new(), true, now).await.unwrap();
}

pub(crate) async fn all(world: &World, ada: &mut Asker) {
    let off = refusal(&mut ada.wire, Ask::RegisterPush(register("t1"))).await;
    assert_eq!(off.code, 1009, "{off:?}");
    set_up(world).await;
    ada.done(Ask::RegisterPush(register("t1"))).await;
    let info = |registered: PushProvider| PushInfo {
        providers: vec![PushProvider::Webhook.into()],
        vapid_public_key: String::new(),
        registered: registered.into(),
    };
    let told = ada.ask(Ask::GetPushInfo(GetPushInfo {})).await;
    assert_eq!(told, Answer::PushInfo(info(PushProvider::Webhook)));
    ada.done(Ask::UnregisterPush(UnregisterPush {})).await;
    let told = ada.ask(Ask::GetPushInfo(GetPushInfo {})).await;
    assert_eq!(told, Answer::PushInfo(info(PushProvider::Unspecified)));

    let quiet =
        QuietHours { start: 79_200, minutes: 480, level: 5, timezone: "Europe/Berlin".into() };
    let set = |hide_content, language: Option<&str>, quiet_hours| {
        let language = language.map(str::to_owned);
        Ask::SetPushSettings(SetPushSettings { hide_content, language, quiet_hours })
    };
    ada.done(set(Some(true), None, Some(quiet.clone()))).await;
    ada.done(set(None, Some("de"), None)).await;
    let told = ada.ask(Ask::GetPushSettings(GetPushSettings {})).await;
    let all = PushSettings { hide_content: true, language: "de".into(), quiet_hours: Some(quiet) };
    assert_eq!(told, Answer::PushSettings(all.clone()));
    ada.done(set(None, None, Some(QuietHours::default()))).await;
    let told = ada.ask(Ask::GetPushSettings(GetPushSettings {})).await;
    assert_eq!(told, Answer::PushSettings(PushSettings { quiet_hours: None, ..all }));
}

#[tokio::test]
async fn what_is_wrong_about_push_is_told_by_its_member() {
    let world = World::new().await;
    set_up(&world).await;
    let mut ada = world.login("ada", "a").await;
    let web =
        RegisterPush { provider: PushProvider::Web.into(), ..register("https://push.example/1") };
    let zone = QuietHours { minutes: 1, level: 5, timezone: "No/Where".into(), start: 0 };
    let set = |quiet: QuietHours| {
        let quiet_hours = Some(quiet);
        Ask::SetPushSettings(SetPushSettings { quiet_hours, ..SetPushSettings::default() })
    };
    for (ask, member) in [
        (Ask::RegisterPush(RegisterPush { provider: 0, ..register("t") }), "`provider`"),
        (Ask::RegisterPush(register("")), "`token`"),
        (Ask::RegisterPush(register("a b")), "`token`"),
        (Ask::RegisterPush(register(&"t".repeat(1025))), "`token`"),
        (Ask::RegisterPush(RegisterPush { language: "d e".into(), ..register("t") }), "`language`"),
        (Ask::RegisterPush(RegisterPush { auth: "a".into(), ..register("t") }), "`auth`"),
        (Ask::RegisterPush(web), "`p256dh`"),
        (set(QuietHours { level: 2, ..zone.clone() }), "`quiet_hours`"),
        (set(zone), "`timezone`"),
    ] {
        let failure = refusal(&mut ada, ask).await;
        assert_eq!(failure.code, 1002, "{failure:?}");
        assert!(failure.message.contains(member), "{failure:?}");
    }
}

#[tokio::test]
async fn a_device_is_let_go_of_by_logout_and_ban_and_moves_with_its_token() {
    let world = World::new().await;
    set_up(&world).await;
    let (store, app) = (world.core.store(), world.app.id);
    let devices = async |name: &str| {
        let devices = store.push_devices(app, crate::world::user(name)).await.unwrap();
        devices.into_iter().map(|device| device.device).collect::<Vec<_>>()
    };
    let mut one = world.login("ada", "one").await;
    let mut two = world.login("ada", "two").await;
    for (wire, token) in [(&mut one, "t1"), (&mut two, "t2")] {
        answer(wire, Ask::RegisterPush(register(token))).await;
    }
    assert_eq!(devices("ada").await.len(), 2);
    answer(&mut one, Ask::Logout(Logout {})).await;
    assert_eq!(devices("ada").await, ["two"], "gone before the logout is answered");

    let mut bob = world.login("bob", "two").await;
    answer(&mut bob, Ask::RegisterPush(register("t2"))).await;
    assert!(devices("ada").await.is_empty(), "the token is bob's now");
    let ban = nuncio_protocol::values::BanDuration::try_from(5).unwrap();
    world.core.ban(app, vec![crate::world::user("bob")], ban, None, false).await.unwrap();
    assert!(devices("bob").await.is_empty());
}

#[tokio::test]
async fn a_registration_ends_when_the_token_of_its_login_does() {
    let world = World::new().await;
    set_up(&world).await;
    let (app, name) = (&world.app, Name::try_from("Ada").unwrap());
    let token = world.core.issue_token(app, user("ada"), name, None, Some(3600)).await.unwrap();
    let mut ada = world.login_with(&token, "a").await.unwrap();
    answer(&mut ada, Ask::RegisterPush(register("t1"))).await;
    world.login("bob", "b").await.send("ada", "m1", "hello").await.unwrap();
    let (store, now) = (world.core.store(), world.core.now());
    for (later_ms, is_told) in [(0, true), (3_601_000, false)] {
        let now = now.plus_ms(later_ms);
        let due = store.due_push_devices(app.id, user("ada"), now).await.unwrap();
        let place = due.unwrap_or_default().pop().unwrap();
        let work = store.next_push(place, None, now, now.plus_ms(1)).await.unwrap();
        let left = store.push_devices(app.id, user("ada")).await.unwrap();
        assert_eq!((work.is_some(), left.len()), (is_told, usize::from(is_told)), "{later_ms}");
    }
}
