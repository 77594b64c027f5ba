//! What a call is: a declaration that routing, the gates and the security tests read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use nuncio_core::Core;
use nuncio_core::operators::{Role, Secret, SignedIn, Visitor};
use nuncio_protocol::{Origin, Refusal};
use nuncio_store::apps::App;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ConsoleError;

/// Who may call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// Anybody, signed in or not.
    Anybody,
    /// Whoever is signed in.
    Operator,
    /// Who has this role on all apps.
    OnAll(Role),
    /// Who has at least this role on the app that `appKey` names.
    OnApp(Role),
}

/// One call of the console.
pub trait Call: 'static {
    /// The path behind `/console/api/`.
    const PATH: &'static str;
    /// Who may call it.
    const WHO: Who;
    /// Whether the password must have been given a short while ago.
    const CONFIRMED: bool = false;
    /// The body.
    type Request: DeserializeOwned + Send;
    /// The answer.
    type Response: Serialize;

    /// Does it.
    fn call(
        ctx: &Context,
        request: Self::Request,
    ) -> impl Future<Output = Result<Self::Response, ConsoleError>> + Send;
}

/// A call as an entry of the table, its types hidden.
pub struct Declared {
    /// See [`Call::PATH`].
    pub path: &'static str,
    /// See [`Call::WHO`].
    pub who: Who,
    /// See [`Call::CONFIRMED`].
    pub confirmed: bool,
    pub(crate) run: fn(Context, Map<String, Value>) -> Running,
}

/// What comes of a call.
pub(crate) struct Done {
    pub(crate) answer: Answer,
    pub(crate) cookie: Cookie,
}

pub(crate) enum Answer {
    Json(Value),
    File(File),
}

/// A file that the page saves.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    /// Its bytes, where that is known: then a file that does not come whole is seen to be none.
    pub(crate) length: Option<u64>,
    pub(crate) body: Body,
}

pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Done, ConsoleError>> + Send>>;

impl Declared {
    pub(crate) const fn of<C: Call>() -> Self {
        Self { path: C::PATH, who: C::WHO, confirmed: C::CONFIRMED, run: run::<C> }
    }
}

fn run<C: Call>(ctx: Context, members: Map<String, Value>) -> Running {
    Box::pin(async move {
        let request: C::Request = serde_path_to_error::deserialize(Value::Object(members))
            .map_err(|error| ConsoleError::malformed(&error))?;
        let response = C::call(&ctx, request).await?;
        let Context { cookie, file, .. } = ctx;
        let answer = match file.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(file) => Answer::File(file),
            None => Answer::Json(serde_json::to_value(response).map_err(ConsoleError::internal)?),
        };
        Ok(Done { answer, cookie: cookie.into_inner().unwrap_or_else(PoisonError::into_inner) })
    })
}

/// What becomes of the session's cookie.
#[derive(Clone, Debug, Default)]
pub(crate) enum Cookie {
    /// It stays.
    #[default]
    Keep,
    /// It holds this token from now on.
    Set(Secret),
    /// It goes.
    Clear,
}

/// Whose call it is, and what it works with.
pub struct Context {
    /// The product, for what this operator does.
    pub(crate) core: Core,
    pub(crate) server_api: Router,
    pub(crate) visitor: Visitor,
    pub(crate) request_id: String,
    /// Who makes the changes that come of it.
    pub(crate) origin: Option<Origin>,
    pub(crate) signed_in: Option<SignedIn>,
    pub(crate) app: Option<Arc<App>>,
    pub(crate) cookie: Mutex<Cookie>,
    /// What is answered in place of the call's response.
    pub(crate) file: Mutex<Option<File>>,
}

impl Context {
    /// Who calls. The gates have seen to it that there is somebody, where the call's declaration says so.
    pub(crate) fn signed_in(&self) -> Result<&SignedIn, ConsoleError> {
        self.signed_in.as_ref().ok_or_else(|| Refusal::NotSignedIn.into())
    }

    /// The app that is meant, likewise.
    pub(crate) fn app(&self) -> Result<&App, ConsoleError> {
        self.app.as_deref().ok_or_else(|| Refusal::AppNotFound.into())
    }

    /// Fails unless the password was given a short while ago.
    pub(crate) fn confirmed(&self) -> Result<(), ConsoleError> {
        Ok(self.core.confirmed(&self.signed_in()?.session)?)
    }

    /// Answers with a file. Its name is made of plain letters.
    pub(crate) fn send_file(&self, name: String, content_type: &'static str, body: Body) {
        self.send_file_of(name, content_type, None, body);
    }

    /// The same of a file of so many bytes.
    pub(crate) fn send_file_of(
        &self,
        name: String,
        content_type: &'static str,
        length: Option<u64>,
        body: Body,
    ) {
        let file = File { name, content_type, length, body };
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    pub(crate) fn set_cookie(&self, cookie: Cookie) {
        *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = cookie;
    }

    /// Gives the session its new token.
    pub(crate) fn go_on_as(&self, signed_in: &SignedIn) {
        let token = signed_in.token.expose_secret().to_owned();
        self.set_cookie(Cookie::Set(token.into()));
    }
}
