//! A user's quiet hours: these operations have no newer path; users set the same from their clients.

use nuncio_core::push::Change;
use nuncio_protocol::frames;
use nuncio_protocol::push::{QuietHours, read_time_of_day, write_time_of_day};

use crate::prelude::*;

pub(super) struct Set;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetRequest {
    user_id: Id,
    start_time: String,
    period: Integer,
    level: Option<Integer>,
}

impl Operation for Set {
    const PATH: &'static str = "/user/blockPushPeriod/set.json";
    const ID: &'static str = "set_quiet_hours";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Say in which time of each day a user is not pushed to";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = SetRequest;
    type Response = ();

    async fn call(ctx: &Context, request: SetRequest) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let start = read_time_of_day(&request.start_time).ok_or_else(|| {
            ApiError::new(Code::BadParameter, "`startTime` must be a time of the day, `HH:mm:ss`")
        })?;
        let minutes = wire::within("period", Some(request.period), 1, 1, 1439)?;
        let level = wire::within("level", request.level, 1, 1, 5)?;
        let hours = frames::QuietHours {
            start,
            minutes: u32::try_from(minutes).unwrap_or_default(),
            level: i32::try_from(level).unwrap_or_default(),
            timezone: String::new(),
        };
        let hours: QuietHours = wire::value("level", hours)?;
        let change = Change { quiet: Some(Some(hours)), ..Change::default() };
        ctx.core.set_push_settings(ctx.app.id, user, change).await?;
        Ok(())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfUser {
    user_id: Id,
}

pub(super) struct Get;

/// Nothing is said where a user has none.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hours {
    start_time: String,
    period: u32,
    un_push_level: i32,
}

impl Operation for Get {
    const PATH: &'static str = "/user/blockPushPeriod/get.json";
    const ID: &'static str = "get_quiet_hours";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Get in which time of each day a user is not pushed to";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = OfUser;
    type Response = Hours;

    async fn call(ctx: &Context, request: OfUser) -> Result<Hours, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let settings = ctx.core.push_settings(ctx.app.id, user).await?;
        Ok(settings.quiet.map_or_else(Hours::default, |quiet| Hours {
            start_time: write_time_of_day(quiet.start),
            period: quiet.minutes,
            un_push_level: quiet.level as i32,
        }))
    }
}

pub(super) struct Delete;

impl Operation for Delete {
    const PATH: &'static str = "/user/blockPushPeriod/delete.json";
    const ID: &'static str = "delete_quiet_hours";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Have a user pushed to at any time";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = OfUser;
    type Response = ();

    async fn call(ctx: &Context, request: OfUser) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let change = Change { quiet: Some(None), ..Change::default() };
        ctx.core.set_push_settings(ctx.app.id, user, change).await?;
        Ok(())
    }
}
