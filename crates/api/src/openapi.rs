//! The OpenAPI document, made from the table of operations.

use std::sync::LazyLock;

use nuncio_protocol::limits;
use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::operation::{Counted, Declared};
use crate::operations::OPERATIONS;

/// The Server API's description, OpenAPI 3.1. Made once.
#[must_use]
pub fn openapi() -> Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
    DOCUMENT.clone()
}

fn document() -> Value {
    let paths: Map<_, _> = OPERATIONS
        .iter()
        .map(|operation| (operation.path.to_owned(), json!({ "post": describe(operation) })))
        .collect();
    let mut tags: Vec<&str> = Vec::new();
    for operation in OPERATIONS {
        if !tags.contains(&operation.tag) {
            tags.push(operation.tag);
        }
    }
    let tags: Vec<_> = tags.into_iter().map(|tag| json!({ "name": tag })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Nuncio Server API",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": INTRODUCTION,
        },
        "servers": [{ "url": "/" }],
        "security": [{ "AppKey": [], "Nonce": [], "Timestamp": [], "Signature": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "AppKey": header_scheme("App-Key", "Which app calls."),
                "Nonce": header_scheme("Nonce", "1 to 64 characters, new for each request."),
                "Timestamp": header_scheme(
                    "Timestamp",
                    "Unix time in milliseconds or seconds, at most 5 minutes off.",
                ),
                "Signature": header_scheme(
                    "Signature",
                    "Lower-case hex of SHA-1 over App Secret, Nonce and Timestamp, one after the other.",
                ),
            },
            "parameters": {
                "RequestId": header_parameter(
                    "X-Request-ID",
                    limits::REQUEST_ID_BYTES,
                    "Names the call in both sides' logs; echoed, and made up when absent.",
                ),
                "IdempotencyKey": header_parameter(
                    "Idempotency-Key",
                    limits::IDEMPOTENCY_KEY_BYTES,
                    "Calls with the same key and body take effect once; for 24 hours each gets the first \
                     one's answer.",
                ),
                "StrongSignature": header_parameter(
                    "Nuncio-Signature",
                    67,
                    "`v2=` and lower-case hex of HMAC-SHA-256 under the App Secret over method, path, hex \
                     SHA-256 of the body, Timestamp and Nonce, joined by line feeds. An app can require it.",
                ),
            },
            "responses": { "Failure": {
                "description": "The call was refused or failed.",
                "headers": {
                    "X-Request-ID": { "schema": { "type": "string" } },
                    "Retry-After": {
                        "description": "With 429: seconds after which to try again.",
                        "schema": { "type": "integer" },
                    },
                },
                "content": { "application/json": { "schema": {
                    "$ref": "#/components/schemas/Failure",
                } } },
            } },
            "schemas": { "Failure": {
                "type": "object",
                "required": ["code", "errorMessage", "requestId"],
                "properties": {
                    "code": { "type": "integer", "description": "Not 0; see the table of codes." },
                    "errorMessage": { "type": "string", "description": "What to mend." },
                    "requestId": { "type": "string", "description": "As in `X-Request-ID`." },
                    "profileKey": {
                        "type": "string",
                        "description": "The key to blame, when a profile was refused.",
                    },
                },
            } },
        },
    })
}

const INTRODUCTION: &str = "\
Called by an app's own server, with POST, a JSON object and four signed headers. Members that are not known are \
ignored, `null` is as good as absent, and numbers and truth may be written as text. Success is HTTP 200 and code \
0; a failure has a code of its own, the HTTP status that fits, a sentence that says what to mend, and the \
request's id. All changes of one call are made, or none.";

fn header_scheme(name: &str, description: &str) -> Value {
    json!({ "type": "apiKey", "in": "header", "name": name, "description": description })
}

fn header_parameter(name: &str, most: usize, description: &str) -> Value {
    json!({
        "name": name,
        "in": "header",
        "required": false,
        "schema": { "type": "string", "maxLength": most },
        "description": description,
    })
}

fn describe(operation: &Declared) -> Value {
    let counted = match operation.counted {
        Counted::Call => "each call counts as one".to_owned(),
        Counted::Each(list) => format!("each entry of `{list}` counts as one"),
    };
    let mut description = format!("Rate class `{}`: {counted}.", operation.rate.name());
    for alias in operation.aliases {
        description.extend([" Also served at `", alias, "`."]);
    }
    let parameter = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    let mut parameters = vec![parameter("RequestId"), parameter("StrongSignature")];
    if operation.mutates {
        parameters.push(parameter("IdempotencyKey"));
    }
    json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description,
        "parameters": parameters,
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": request_schema(operation),
            } },
        },
        "responses": {
            "200": {
                "description": "Done.",
                "headers": { "X-Request-ID": { "schema": { "type": "string" } } },
                "content": { "application/json": { "schema": success(operation) } },
            },
            "default": { "$ref": "#/components/responses/Failure" },
        },
    })
}

/// The schema of an operation's body.
pub(crate) fn request_schema(operation: &Declared) -> Value {
    schema(operation.request, Contract::Deserialize)
}

/// The envelope of a success.
fn success(operation: &Declared) -> Value {
    let code = json!({ "type": "integer", "const": 0 });
    let result = generated(operation.response, Contract::Serialize);
    if result.get("type") == Some(&json!("null")) {
        return json!({ "type": "object", "required": ["code"], "properties": { "code": code } });
    }
    let required = if may_be_null(&result) { json!(["code"]) } else { json!(["code", "result"]) };
    json!({
        "type": "object",
        "required": required,
        "properties": { "code": code, "result": without_null(result) },
    })
}

fn schema(make: fn(&mut SchemaGenerator) -> Schema, contract: Contract) -> Value {
    without_null(generated(make, contract))
}

/// A schema, complete in itself.
fn generated(make: fn(&mut SchemaGenerator) -> Schema, contract: Contract) -> Schema {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.contract = contract;
    make(&mut settings.into_generator())
}

fn may_be_null(schema: &Schema) -> bool {
    matches!(schema.get("type"), Some(Value::Array(types)) if types.contains(&json!("null")))
}

fn without_null(mut schema: Schema) -> Value {
    RecursiveTransform(forget_null).transform(&mut schema);
    schema.to_value()
}

/// `null` is as good as absent everywhere, so the document need not say it for each member.
fn forget_null(schema: &mut Schema) {
    let Some(Value::Array(types)) = schema.get_mut("type") else { return };
    types.retain(|kind| kind != "null");
    if let [only] = types.as_slice() {
        let only = only.clone();
        schema.insert("type".to_owned(), only);
    }
}
