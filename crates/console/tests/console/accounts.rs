//! Operators' accounts.

use nuncio_core::operators::Role;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::harness::{PASSWORD, World};

#[tokio::test]
async fn the_first_link_works_once_and_a_newer_one_voids_it() {
    let world = World::new().await;
    let old = world.core.first_owner_link().await.unwrap().unwrap();
    let new = world.core.first_owner_link().await.unwrap().unwrap();
    let browser = world.browser();
    let redeem = async |token: &str| {
        let body = json!({ "token": token, "name": "Ada", "password": PASSWORD });
        browser.call("session/redeem", body).await
    };
    assert_eq!(redeem(old.token.expose_secret()).await.refusal(), "LINK_VOID");
    let token = new.token.expose_secret().to_owned();
    let seen = browser.call("session/link", json!({ "token": token })).await.ok();
    assert_eq!(seen["firstOwner"], true);
    let session = redeem(&token).await.ok();
    assert_eq!(session["operator"], "ada");
    assert_eq!(session["grants"], json!([{ "appKey": null, "role": "owner" }]));
    assert_eq!(redeem(&token).await.refusal(), "LINK_VOID");
    assert!(world.core.first_owner_link().await.unwrap().is_none());
}

#[tokio::test]
async fn a_link_ends_after_three_days() {
    let world = World::new().await;
    let link = world.core.first_owner_link().await.unwrap().unwrap();
    world.clock.advance_ms(3 * 24 * 60 * 60 * 1000);
    let body = json!({ "token": link.token.expose_secret(), "password": PASSWORD });
    assert_eq!(world.browser().call("session/redeem", body).await.refusal(), "LINK_VOID");
}

#[tokio::test]
async fn a_session_ends_without_use_and_at_last_in_any_case() {
    const HOUR: i64 = 60 * 60 * 1000;
    let world = World::new().await;
    let owner = world.owner().await;
    for _ in 0..23 {
        world.clock.advance_ms(HOUR);
        owner.call("session/get", json!({})).await.ok();
    }
    world.clock.advance_ms(HOUR);
    assert_eq!(owner.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
    owner.sign_in("ada", PASSWORD).await.ok();
    world.clock.advance_ms(2 * HOUR);
    assert_eq!(owner.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
}

#[tokio::test]
async fn the_second_factor_is_asked_for_and_a_recovery_code_works_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    let begun = owner.call("account/second-factor/begin", json!({})).await.ok();
    assert!(begun["uri"].as_str().unwrap().starts_with("otpauth://totp/Nuncio:ada?secret="));
    let size = begun["qr"].as_array().unwrap().len();
    assert!(begun["qr"].as_array().unwrap().iter().all(|row| row.as_str().unwrap().len() == size));
    let wrong = owner.call("account/second-factor/enable", json!({ "code": "abcdef" })).await;
    assert_eq!(wrong.refusal(), "WRONG_CREDENTIALS");
    let code = totp(begun["secret"].as_str().unwrap(), world.core.now().0 / 30_000);
    let enabled = owner.call("account/second-factor/enable", json!({ "code": code })).await.ok();
    let recovery = enabled["recoveryCodes"][0].as_str().unwrap().to_owned();

    let browser = world.browser();
    assert_eq!(browser.sign_in("ada", PASSWORD).await.refusal(), "SECOND_FACTOR_NEEDED");
    let with = async |code: &str| {
        let body = json!({ "name": "ada", "password": PASSWORD, "code": code });
        browser.call("session/sign-in", body).await
    };
    assert_eq!(with(&code).await.refusal(), "WRONG_CREDENTIALS", "a code is good once");
    world.clock.advance_ms(30_000);
    let next = totp(begun["secret"].as_str().unwrap(), world.core.now().0 / 30_000);
    with(&next).await.ok();
    with(&recovery.to_lowercase()).await.ok();
    assert_eq!(with(&recovery).await.refusal(), "WRONG_CREDENTIALS");
}

/// An authenticator app's code, made independently of the server's code.
fn totp(secret: &str, step: i64) -> String {
    let script = "import sys,hmac,hashlib,base64,struct
s=sys.argv[1]; s+='='*(-len(s)%8)
m=hmac.new(base64.b32decode(s),struct.pack('>q',int(sys.argv[2])),hashlib.sha1).digest()
o=m[-1]&15
print('%06d'%((struct.unpack('>I',m[o:o+4])[0]&0x7fffffff)%1000000),end='')";
    let step = step.to_string();
    let output = std::process::Command::new("python3").args(["-c", script, secret, &step]).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let world = World::new().await;
    let owner = world.owner().await;
    let other = world.browser();
    other.sign_in("ada", PASSWORD).await.ok();
    let sessions = owner.call("account/sessions", json!({})).await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    let body = json!({ "current": PASSWORD, "password": "another long password" });
    owner.call("account/set-password", body).await.ok();
    owner.call("session/get", json!({})).await.ok();
    assert_eq!(other.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
    assert_eq!(other.sign_in("ada", PASSWORD).await.refusal(), "WRONG_CREDENTIALS");
    other.sign_in("ada", "another long password").await.ok();
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once_and_the_last_owner_stays() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    let bob = world.operator(&owner, "bob", None, Role::Support).await;
    bob.call("apps/get", json!({ "appKey": app })).await.ok();
    let grants = json!([{ "appKey": app, "role": "viewer" }]);
    owner.call("operators/set-grants", json!({ "name": "bob", "grants": grants })).await.ok();
    let body = json!({ "appKey": app, "userIds": ["u"] });
    assert_eq!(bob.call("users/unban", body).await.refusal(), "ROLE_TOO_LOW");
    owner.call("operators/remove", json!({ "name": "bob" })).await.ok();
    assert_eq!(bob.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
    let refused = owner.call("operators/remove", json!({ "name": "ada" })).await;
    assert_eq!(refused.refusal(), "NOT_NOW");
    let trail = owner.call("audit/list", json!({})).await.ok();
    let done: Vec<_> = trail["items"].as_array().unwrap().iter().map(|e| &e["action"]).collect();
    let mut items = trail["items"].as_array().unwrap().iter();
    let set = items.find(|item| item["action"] == "operator.set_grants").expect("noted");
    let [before, after] = ["before", "after"].map(|when| &set[when]["grants"]);
    assert_eq!(*before, json!([{ "appKey": null, "role": "support" }]));
    assert_eq!(*after, json!([{ "appKey": app, "role": "viewer" }]));
    assert_eq!(set["after"]["operator"], "bob");
    assert!(done.contains(&&json!("operator.remove")), "{done:?}");
}
