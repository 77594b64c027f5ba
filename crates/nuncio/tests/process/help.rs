//! What `--help` teaches.

use crate::run::printed;

#[tokio::test]
async fn the_help_of_serve_teaches() {
    insta::assert_snapshot!(printed(&["serve", "--help"]).await);
}

#[tokio::test]
async fn the_help_of_the_program_names_its_commands() {
    insta::assert_snapshot!(printed(&["--help"]).await);
}

#[tokio::test]
async fn the_help_of_app_set_names_every_setting_of_an_app() {
    let help = printed(&["app", "set", "--help"]).await;
    for flag in [
        "--name",
        "--environment",
        "--edition",
        "--locked",
        "--only-friends-can-message",
        "--token-ttl",
        "--expire-closes-connections",
        "--devices-per-user",
        "--friend-permission",
        "--profile-ext-keys",
        "--whitelist-service",
        "--require-signature-v2",
        "--message-edit-minutes",
        "--inbox-days",
        "--history-days",
        "--group-notices",
        "--group-history-from-joining",
        "--api-rate",
        "--client-rate",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}
