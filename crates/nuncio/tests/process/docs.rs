//! The pages that are made from the program are those that the program makes.

use crate::run::printed;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/");

async fn is_fresh(page: &str, path: &str) {
    let made = printed(&["docs", page]).await;
    let committed = std::fs::read_to_string(format!("{FOLDER}{path}")).unwrap_or_default();
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

#[tokio::test]
async fn the_guides_name_no_path_that_is_not_there() {
    let document = printed(&["openapi"]).await;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for page in ["server-api.md", "quick-start.md", "operation.md"] {
        let text = std::fs::read_to_string(format!("{FOLDER}{page}")).unwrap();
        for path in text.split(|c: char| !(c.is_ascii_alphanumeric() || "/-".contains(c))) {
            let is_path = path.starts_with("/v4/") && path != "/v4/";
            assert!(!is_path || paths.contains_key(path), "docs/{page} names {path}");
        }
    }
}
