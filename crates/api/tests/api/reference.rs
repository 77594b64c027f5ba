//! Our description against the facts that callers rely on: paths, members, types.

use std::collections::BTreeMap;

use nuncio_api::OPERATIONS;
use serde::Deserialize;
use serde_json::Value;

/// What callers know of an operation. A shape is a type's name, a list with the shape of its entries, or
/// an object with its members' shapes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fact {
    operation_id: String,
    tag: String,
    #[serde(default)]
    alias: Option<String>,
    required: Vec<String>,
    request: Value,
    response: Value,
}

fn facts() -> BTreeMap<String, Fact> {
    serde_json::from_str(include_str!("../reference.json")).unwrap()
}

/// Compares a schema of ours with a shape; tells each difference.
fn compare(at: &str, schema: &Value, shape: &Value, wrong: &mut Vec<String>) {
    let kind = schema["type"].as_str().unwrap_or("nothing");
    match shape {
        Value::String(wanted) => {
            if kind != wanted {
                wrong.push(format!("{at}: {kind}, wanted {wanted}"));
            }
        }
        Value::Array(entries) => {
            if kind != "array" {
                wrong.push(format!("{at}: {kind}, wanted array"));
            }
            compare(&format!("{at}[]"), &schema["items"], &entries[0], wrong);
        }
        Value::Object(members) => {
            if kind != "object" {
                wrong.push(format!("{at}: {kind}, wanted object"));
            }
            for (name, shape) in members {
                compare(&format!("{at}.{name}"), &schema["properties"][name], shape, wrong);
            }
        }
        other => panic!("{at}: {other} is no shape"),
    }
}

#[test]
fn nothing_that_callers_know_is_missing_or_of_another_type() {
    let document = nuncio_api::openapi();
    let facts = facts();
    assert_eq!(facts.len(), 67);
    let mut wrong = Vec::new();
    for (path, fact) in &facts {
        let ours = &document["paths"][path]["post"];
        if ours["operationId"] != fact.operation_id.as_str() || ours["tags"][0] != fact.tag.as_str()
        {
            wrong.push(format!("{path}: {} in {}", ours["operationId"], ours["tags"]));
        }
        let request = &ours["requestBody"]["content"]["application/json"]["schema"];
        compare(&format!("{path} request"), request, &fact.request, &mut wrong);
        for required in request["required"].as_array().into_iter().flatten() {
            if !fact.required.iter().any(|name| required == name) {
                wrong.push(format!("{path}: {required} need not be given"));
            }
        }
        let mut response =
            ours["responses"]["200"]["content"]["application/json"]["schema"].clone();
        // The key to blame comes with a failure, whose HTTP status tells callers that it is one.
        response["properties"]["profileKey"] =
            document["components"]["schemas"]["Failure"]["properties"]["profileKey"].clone();
        compare(&format!("{path} response"), &response, &fact.response, &mut wrong);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn other_public_spellings_of_a_path_are_served() {
    let aliases: Vec<_> =
        facts().into_iter().filter_map(|(path, fact)| Some((path, fact.alias?))).collect();
    assert_eq!(aliases.len(), 3);
    for (path, alias) in aliases {
        let operation = OPERATIONS.iter().find(|operation| operation.path == path).unwrap();
        assert!(operation.aliases.contains(&alias.as_str()), "{alias}");
    }
}
