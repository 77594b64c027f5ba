//! Exports of one user's data: asked for, watched, taken away.

use axum::body::Body;
use futures_util::stream;
use nuncio_core::exports::{KEPT_MS, Progress};
use nuncio_core::imports::Job;
use nuncio_core::operators::Role;
use nuncio_protocol::{Refusal, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{Nothing, value};

fn to_json(job: &Job) -> Result<Value, ConsoleError> {
    let progress = Progress::of(job)?;
    Ok(json!({
        "id": job.id,
        "userId": job.about,
        "state": job.state,
        "operator": job.origin.actor.name(),
        "createdAt": job.created_at.0,
        "finishedAt": Some(job.finished_at.0).filter(|at| *at > 0),
        "expiresAt": job.created_at.plus_ms(KEPT_MS).0,
        "rows": progress.rows,
        "bytes": progress.bytes,
        "section": progress.section,
        "problem": progress.problem,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    user_id: Option<String>,
}

/// An app's exports, or a user's.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "exports/list";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Query;
    type Response = Value;

    async fn call(ctx: &Context, request: Query) -> Result<Value, ConsoleError> {
        let user =
            request.user_id.map(|id| value::<_, UserId>("userId", id.as_str())).transpose()?;
        let jobs = ctx.core.exports(ctx.app()?.id, user.as_ref()).await?;
        Ok(json!({ "exports": jobs.iter().map(to_json).collect::<Result<Vec<_>, _>>()? }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewExport {
    user_id: String,
}

pub(crate) struct Create;
impl Call for Create {
    const PATH: &'static str = "exports/create";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = NewExport;
    type Response = Value;

    async fn call(ctx: &Context, request: NewExport) -> Result<Value, ConsoleError> {
        let user: UserId = value("userId", request.user_id.as_str())?;
        let origin = ctx.origin.clone().ok_or(Refusal::NotSignedIn)?;
        to_json(&ctx.core.add_export(ctx.app()?.id, &user, origin).await?)
    }
}

#[derive(Deserialize)]
pub(crate) struct One {
    id: String,
}

pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "exports/get";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, request: One) -> Result<Value, ConsoleError> {
        to_json(&ctx.core.export(ctx.app()?.id, &request.id).await?)
    }
}

/// Ends one, and deletes its file.
pub(crate) struct Remove;
impl Call for Remove {
    const PATH: &'static str = "exports/remove";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Nothing;

    async fn call(ctx: &Context, request: One) -> Result<Nothing, ConsoleError> {
        ctx.core.remove_export(ctx.app()?.id, &request.id).await?;
        Ok(Nothing {})
    }
}

/// The file: messages and all, so the password must have been given a short while ago.
pub(crate) struct Download;
impl Call for Download {
    const PATH: &'static str = "exports/download";
    const WHO: Who = Who::OnApp(Role::Developer);
    const CONFIRMED: bool = true;
    type Request = One;
    type Response = Nothing;

    async fn call(ctx: &Context, request: One) -> Result<Nothing, ConsoleError> {
        let job = ctx.core.take_export(ctx.app()?.id, &request.id).await?;
        let length = u64::try_from(Progress::of(&job)?.bytes).unwrap_or(0);
        let (core, name) = (ctx.core.clone(), format!("user-export-{}.zip", job.id));
        let pieces = stream::try_unfold(0, move |piece| {
            let (core, job) = (core.clone(), job.clone());
            async move {
                let some = core.export_pieces(&job, piece).await?;
                let next = piece + i64::try_from(some.len()).unwrap_or(0);
                let some = Some((some.concat(), next)).filter(|(bytes, _)| !bytes.is_empty());
                Ok::<_, nuncio_core::Error>(some)
            }
        });
        ctx.send_file_of(name, "application/zip", Some(length), Body::from_stream(pieces));
        Ok(Nothing {})
    }
}
