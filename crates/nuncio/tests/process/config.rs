//! Settings: what wins, what is refused, what is hidden.

use crate::run::{nuncio, printed, refused, within};

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nuncio.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

/// The line of `nuncio config` for a setting, spaces folded.
fn line<'a>(printed: &'a str, setting: &str) -> Vec<&'a str> {
    let line = printed.lines().find(|line| line.starts_with(setting)).unwrap();
    line.split_whitespace().collect()
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default() {
    let (_folder, path) = file(
        "drain-timeout = '1s'\nlisten = '127.0.0.1:1'\nmax-connections = 1\ndata = '/srv/file'\n",
    );
    let output = nuncio()
        .args(["config", "--config", &path, "--max-connections", "3"])
        .env("NUNCIO_MAX_CONNECTIONS", "2")
        .env("NUNCIO_LISTEN", "127.0.0.1:2")
        .output();
    let printed = String::from_utf8(within(output).await.unwrap().stdout).unwrap();
    assert_eq!(line(&printed, "max-connections"), ["max-connections", "=", "3", "#", "flag"]);
    assert_eq!(line(&printed, "listen"), ["listen", "=", "\"127.0.0.1:2\"", "#", "NUNCIO_LISTEN"]);
    assert_eq!(line(&printed, "drain-timeout"), ["drain-timeout", "=", "\"1s\"", "#", "file"]);
    assert_eq!(line(&printed, "header-timeout"), ["header-timeout", "=", "\"1m\"", "#", "default"]);
}

#[tokio::test]
async fn the_file_can_be_named_in_the_environment() {
    let (_folder, path) = file("data = '/srv/file'\n");
    let output = within(nuncio().arg("config").env("NUNCIO_CONFIG", path).output()).await.unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("data = \"/srv/file\""));
}

#[tokio::test]
async fn what_config_prints_is_a_file_that_brings_the_same_about() {
    let printed_first = printed(&["config", "--drain-timeout", "2s", "--log-format", "json"]).await;
    let (_folder, path) = file(&printed_first);
    let again = printed(&["config", "--config", &path]).await;
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect()
    };
    assert_eq!(values(&printed_first), values(&again));
}

#[tokio::test]
async fn a_misspelt_key_is_refused_with_its_line_and_the_right_names() {
    let (_folder, path) = file("data = '/srv/nuncio'\nlistn = '127.0.0.1:1'\n");
    for command in ["serve", "dev", "config"] {
        let told = refused(&[command, "--config", &path], 1).await;
        assert!(told.starts_with("error: cannot understand the configuration"), "{told}");
        for part in [path.as_str(), "line 2", "`listn`", "`listen`"] {
            assert!(told.contains(part), "{part} is not in: {told}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let told = refused(&["serve", "--config", "/nowhere/nuncio.toml"], 1).await;
    insta::assert_snapshot!(told, @"error: cannot read the configuration `/nowhere/nuncio.toml`: No such file or directory (os error 2)");
}

#[tokio::test]
async fn a_wrong_flag_is_told_with_what_would_be_right() {
    let told = refused(&["serve", "--drain-timeout", "soon"], 2).await;
    insta::assert_snapshot!(told, @"
    error: invalid value 'soon' for '--drain-timeout <SPAN>': `soon` is not a span of time such as `500ms`, `30s`, `10m`, `12h` or `7d`

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn config_hides_the_password_of_the_database() {
    let url = "postgres://nuncio:hunter2@db.example.org:5432/nuncio?password=hunter2";
    let output = nuncio().arg("config").env("NUNCIO_DATABASE_URL", url).output();
    let printed = String::from_utf8(within(output).await.unwrap().stdout).unwrap();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("postgres://nuncio:hidden@db.example.org:5432/nuncio"), "{printed}");
}

#[tokio::test]
async fn no_error_repeats_the_password_of_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for url in
        ["mysql://u:hunter2@h/d", "host=h password=hunter2", "postgres://u:hunter2@127.0.0.1:1/d"]
    {
        let told = refused(&["app", "list", "--data", data, "--database-url", url], 1).await;
        assert!(!told.contains("hunter2"), "{told}");
    }
}
