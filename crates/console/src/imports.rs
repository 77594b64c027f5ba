//! Imports of users: uploaded, looked through, run, and what became of each row.

use axum::body::Body;
use futures_util::stream;
use nuncio_core::imports::{Format, Job, Progress};
use nuncio_core::operators::Role;
use nuncio_protocol::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{Listing, Nothing, bad_page, page_size};

/// Pieces of results that one page may look through.
const LOOKED_AT: usize = 200;

fn to_json(job: &Job) -> Result<Value, ConsoleError> {
    let progress = Progress::of(job)?;
    Ok(json!({
        "id": job.id,
        "fileName": job.about,
        "format": progress.format,
        "state": job.state,
        "operator": job.origin.actor.name(),
        "createdAt": job.created_at.0,
        "finishedAt": Some(job.finished_at.0).filter(|at| *at > 0),
        "received": progress.received,
        "rows": progress.rows,
        "done": progress.done,
        "counts": progress.counts,
        "problem": progress.problem,
    }))
}

pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "imports/list";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let jobs = ctx.core.imports(ctx.app()?.id).await?;
        Ok(json!({ "imports": jobs.iter().map(to_json).collect::<Result<Vec<_>, _>>()? }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewImport {
    file_name: String,
    format: Format,
}

pub(crate) struct Create;
impl Call for Create {
    const PATH: &'static str = "imports/create";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = NewImport;
    type Response = Value;

    async fn call(ctx: &Context, request: NewImport) -> Result<Value, ConsoleError> {
        let origin = ctx.origin.clone().ok_or(Refusal::NotSignedIn)?;
        let NewImport { file_name, format } = request;
        to_json(&ctx.core.add_import(ctx.app()?.id, &file_name, format, origin).await?)
    }
}

#[derive(Deserialize)]
pub(crate) struct Piece {
    id: String,
    offset: i64,
    text: String,
    last: bool,
}

/// The file's next piece.
pub(crate) struct Upload;
impl Call for Upload {
    const PATH: &'static str = "imports/upload";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Piece;
    type Response = Value;

    async fn call(ctx: &Context, request: Piece) -> Result<Value, ConsoleError> {
        let Piece { id, offset, text, last } = request;
        to_json(&ctx.core.upload_import(ctx.app()?.id, &id, offset, text, last).await?)
    }
}

#[derive(Deserialize)]
pub(crate) struct One {
    id: String,
}

pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "imports/get";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, request: One) -> Result<Value, ConsoleError> {
        to_json(&ctx.core.import(ctx.app()?.id, &request.id).await?)
    }
}

pub(crate) struct Run;
impl Call for Run {
    const PATH: &'static str = "imports/run";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, request: One) -> Result<Value, ConsoleError> {
        to_json(&ctx.core.run_import(ctx.app()?.id, &request.id).await?)
    }
}

pub(crate) struct Cancel;
impl Call for Cancel {
    const PATH: &'static str = "imports/cancel";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, request: One) -> Result<Value, ConsoleError> {
        to_json(&ctx.core.cancel_import(ctx.app()?.id, &request.id).await?)
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportedRow {
    row: i64,
    user_id: String,
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rows {
    id: String,
    outcome: Option<String>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// What became, or would become, of rows: all, or those of one outcome. A page can have fewer than there is room
/// for, and yet go on.
pub(crate) struct RowList;
impl Call for RowList {
    const PATH: &'static str = "imports/rows";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Rows;
    type Response = Listing<ImportedRow>;

    async fn call(ctx: &Context, request: Rows) -> Result<Listing<ImportedRow>, ConsoleError> {
        let job = ctx.core.import(ctx.app()?.id, &request.id).await?;
        let size = usize::try_from(page_size(request.page_size)?).unwrap_or(0);
        let token = request.page_token.as_deref().unwrap_or("0.0").split_once('.');
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        let (mut piece, mut skip) = token
            .and_then(|(piece, row)| Some((number(piece)?, usize::try_from(number(row)?).ok()?)))
            .ok_or_else(bad_page)?;
        let mut items: Vec<ImportedRow> = Vec::new();
        let mut looked_at = 0;
        loop {
            let pieces = ctx.core.import_results(&job, piece).await?;
            if pieces.is_empty() {
                return Ok(Listing { items, page_token: None });
            }
            for bytes in pieces {
                for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate().skip(skip) {
                    let Ok(row) = serde_json::from_slice::<ImportedRow>(line) else { continue };
                    if request.outcome.as_ref().is_some_and(|wanted| *wanted != row.outcome) {
                        continue;
                    }
                    if items.len() == size {
                        return Ok(Listing { items, page_token: Some(format!("{piece}.{at}")) });
                    }
                    items.push(row);
                }
                (piece, skip, looked_at) = (piece + 1, 0, looked_at + 1);
            }
            if looked_at >= LOOKED_AT {
                return Ok(Listing { items, page_token: Some(format!("{piece}.0")) });
            }
        }
    }
}

/// The same of all rows, as JSON lines.
pub(crate) struct Results;
impl Call for Results {
    const PATH: &'static str = "imports/results";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Nothing;

    async fn call(ctx: &Context, request: One) -> Result<Nothing, ConsoleError> {
        let job = ctx.core.import(ctx.app()?.id, &request.id).await?;
        let (core, name) = (ctx.core.clone(), format!("import-{}.jsonl", job.id));
        let pieces = stream::try_unfold(0, move |piece| {
            let (core, job) = (core.clone(), job.clone());
            async move {
                let some = core.import_results(&job, piece).await?;
                let next = piece + i64::try_from(some.len()).unwrap_or(0);
                let some = Some((some.concat(), next)).filter(|(bytes, _)| !bytes.is_empty());
                Ok::<_, nuncio_core::Error>(some)
            }
        });
        ctx.send_file(name, "application/jsonl", Body::from_stream(pieces));
        Ok(Nothing {})
    }
}
