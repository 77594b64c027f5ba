//! The pages that are made from the program are those that the program makes.

use crate::run::printed;

async fn is_fresh(page: &str, path: &str) {
    let made = printed(&["docs", page]).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/");
    let committed = std::fs::read_to_string(format!("{folder}{path}")).unwrap_or_default();
    assert!(made == committed, "docs/{path} is stale: run `make docs`");
}

#[tokio::test]
async fn the_page_of_codes_is_fresh() {
    is_fresh("codes", "codes.md").await;
}

#[tokio::test]
async fn the_example_of_a_configuration_is_fresh() {
    is_fresh("config", "nuncio.example.toml").await;
}

#[tokio::test]
async fn the_example_of_a_configuration_is_one() {
    let text = printed(&["docs", "config"]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nuncio.toml");
    // With every setting that has a value switched on.
    let on: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = ") && !setting.ends_with("\"\"") => setting,
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(on.contains("\nlisten = "), "{on}");
    std::fs::write(&path, on).unwrap();
    let with = printed(&["config", "--config", path.to_str().unwrap()]).await;
    let without = printed(&["config"]).await;
    assert_eq!(with.replace("# file", "# default"), without);
}
