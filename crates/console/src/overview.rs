//! What an app's users and server did over time, for the charts.

use nuncio_core::figures::{ByCode, Span, Tally, Times};
use nuncio_core::operators::Role;
use nuncio_protocol::{Code, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WireSpan {
    Live,
    Hour,
    Day,
    Month,
}

#[derive(Deserialize)]
pub(crate) struct Query {
    span: WireSpan,
}

pub(crate) struct Series;
impl Call for Series {
    const PATH: &'static str = "overview/series";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Query;
    type Response = Value;

    async fn call(ctx: &Context, request: Query) -> Result<Value, ConsoleError> {
        let span = match request.span {
            WireSpan::Live => Span::Live,
            WireSpan::Hour => Span::Hour,
            WireSpan::Day => Span::Day,
            WireSpan::Month => Span::Month,
        };
        let series = ctx.core.series(ctx.app()?.id, span).await?;
        let points: Vec<_> = series.points.iter().map(|(at, tally)| point(*at, tally)).collect();
        Ok(json!({ "stepMs": series.step_ms, "points": points }))
    }
}

fn point(at: Timestamp, tally: &Tally) -> Value {
    json!({
        "at": at.0,
        "online": tally.online,
        "logins": by_name(&tally.logins),
        "messages": by_name(&tally.messages),
        "apiCalls": by_name(&tally.api_calls),
        "messageLatency": latency(&tally.message_times),
        "apiLatency": latency(&tally.api_times),
    })
}

fn by_name(counts: &ByCode) -> Map<String, Value> {
    let name = |code: u32| match code {
        0 => "OK".to_owned(),
        code => Code::from_number(code).map_or_else(|| code.to_string(), |c| c.name().to_owned()),
    };
    counts.iter().map(|(code, count)| (name(*code), json!(count))).collect()
}

fn latency(times: &Times) -> Option<Value> {
    Some(json!({
        "p50": times.within(0.5)?, "p95": times.within(0.95)?, "p99": times.within(0.99)?,
    }))
}
