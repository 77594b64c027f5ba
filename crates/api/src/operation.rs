//! What an operation is: a declaration that routing, the OpenAPI document and the coverage tests read.

use std::pin::Pin;
use std::sync::Arc;

use nuncio_core::Core;
use nuncio_protocol::ClientMessageId;
use nuncio_store::apps::App;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Which operations share an app's budget of calls.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RateClass {
    /// Registering and issuing tokens.
    Tokens,
    /// Users' standing and push identity.
    Users,
    /// Blocklists and whitelists.
    Lists,
    /// Hosted profiles.
    Profiles,
    /// Friendships.
    Friends,
    /// Groups.
    Groups,
    /// What users have set for channels.
    Channels,
    /// Sending and deleting messages.
    Messages,
    /// Reading messages.
    History,
}

impl RateClass {
    /// The class's name, in the OpenAPI document and in the sentence of a refusal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Users => "users",
            Self::Lists => "lists",
            Self::Profiles => "profiles",
            Self::Friends => "friends",
            Self::Groups => "groups",
            Self::Channels => "channels",
            Self::Messages => "messages",
            Self::History => "history",
        }
    }
}

/// What one call takes from the budget.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counted {
    /// One.
    Call,
    /// One for each entry of this list in the request.
    Each(&'static str),
}

/// Whose call it is, and what it works with.
pub struct Context {
    /// The product.
    pub core: Core,
    /// The app that signed the call.
    pub app: Arc<App>,
    /// Recognises a message that an earlier try of the same call has sent already.
    pub(crate) dedup: Option<ClientMessageId>,
    /// Entries that a list may have instead of the operation's own limit.
    pub(crate) most: Option<usize>,
}

impl Context {
    /// Entries that a list may have: `usual`, unless the caller's dialect knows another limit.
    pub(crate) fn most(&self, usual: usize) -> usize {
        self.most.unwrap_or(usual)
    }
}

/// One operation of the Server API. Its file holds the declaration, the request and the response as they
/// are on the wire, and a `call` that makes types of the request, calls the core once, and makes the
/// response of what comes back.
pub trait Operation: 'static {
    /// The path under which it is documented.
    const PATH: &'static str;
    /// Other public spellings of the path.
    const ALIASES: &'static [&'static str] = &[];
    /// The name of the method in the official server SDKs.
    const ID: &'static str;
    /// The group that the SDKs put it in.
    const TAG: &'static str;
    /// What it does, in a few words.
    const SUMMARY: &'static str;
    /// The budget that calls are taken from.
    const RATE: RateClass;
    /// What one call takes.
    const COUNTED: Counted = Counted::Call;
    /// Whether it changes anything: then an `Idempotency-Key` counts.
    const MUTATES: bool;

    /// The body; unknown members are ignored, `null` is as good as absent.
    type Request: DeserializeOwned + JsonSchema + Send;
    /// The answer's `result`; `()` when there is none.
    type Response: Serialize + JsonSchema;

    /// Does it.
    fn call(
        ctx: &Context,
        request: Self::Request,
    ) -> impl Future<Output = Result<Self::Response, ApiError>> + Send;
}

/// An operation as an entry of the table, its types hidden.
pub struct Declared {
    /// See [`Operation::PATH`].
    pub path: &'static str,
    /// See [`Operation::ALIASES`].
    pub aliases: &'static [&'static str],
    /// See [`Operation::ID`].
    pub id: &'static str,
    /// See [`Operation::TAG`].
    pub tag: &'static str,
    /// See [`Operation::SUMMARY`].
    pub summary: &'static str,
    /// See [`Operation::RATE`].
    pub rate: RateClass,
    /// See [`Operation::COUNTED`].
    pub counted: Counted,
    /// See [`Operation::MUTATES`].
    pub mutates: bool,
    pub(crate) request: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) response: fn(&mut SchemaGenerator) -> Schema,
    /// Whether these members make a request.
    pub(crate) check: fn(Map<String, Value>) -> Result<(), ApiError>,
    pub(crate) run: fn(Context, Map<String, Value>) -> Running,
}

/// A call that is being worked on; ends with the answer's `result`.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send>>;

impl Declared {
    pub(crate) const fn of<O: Operation>() -> Self {
        Self {
            path: O::PATH,
            aliases: O::ALIASES,
            id: O::ID,
            tag: O::TAG,
            summary: O::SUMMARY,
            rate: O::RATE,
            counted: O::COUNTED,
            mutates: O::MUTATES,
            request: <O::Request as JsonSchema>::json_schema,
            response: <O::Response as JsonSchema>::json_schema,
            check: |members| request::<O>(members).map(drop),
            run: run::<O>,
        }
    }
}

fn run<O: Operation>(ctx: Context, members: Map<String, Value>) -> Running {
    Box::pin(async move {
        let response = O::call(&ctx, request::<O>(members)?).await?;
        serde_json::to_value(response).map_err(ApiError::internal)
    })
}

fn request<O: Operation>(members: Map<String, Value>) -> Result<O::Request, ApiError> {
    serde_path_to_error::deserialize(Value::Object(members))
        .map_err(|error| ApiError::malformed(&error))
}
