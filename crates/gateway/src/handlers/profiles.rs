//! Hosted profiles, the user's own and others', and the user's account.

use nuncio_protocol::frames::{
    Failure, GetAccount, GetProfileVisibility, GetProfiles, ProfileVisibility,
    ProfileVisibilityState, Profiles, SetProfileVisibility, UpdateMyProfile, server_frame,
};
use nuncio_protocol::values::{BasicProfileChange, ExtProfile};
use nuncio_protocol::{Code, Refusal, limits};
use serde_json::{Map, Value};

use super::{Context, Handled, No, bad_parameter, done, users};

/// The key that only an app server sets.
const UNIQUE_ID: &str = "uniqueId";

pub(super) async fn get(ctx: &Context, request: GetProfiles) -> Handled {
    let owners = match request.user_ids.as_slice() {
        [] => vec![ctx.me()],
        ids => users("user_ids", ids, limits::LARGE_BATCH)?,
    };
    let profiles = ctx.core().profiles_seen_by(ctx.app(), &ctx.session.user, owners).await?;
    Ok(server_frame::Body::Profiles(Profiles { profiles }))
}

pub(super) async fn update(ctx: &Context, request: UpdateMyProfile) -> Handled {
    let members = match request.basic.as_str() {
        "" => Map::new(),
        text => serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|_| bad_parameter("basic", "is not a JSON object"))?,
    };
    if members.contains_key(UNIQUE_ID) {
        let sentence = format!("profile key `{UNIQUE_ID}` is set by the app server alone");
        let keys = vec![UNIQUE_ID.to_owned()];
        let failure = Failure { keys, ..Failure::new(Code::ReadOnlyProfileKey, sentence) };
        return Err(No::Told(failure));
    }
    let basic = BasicProfileChange::parse(&members).map_err(Refusal::Profile)?;
    let ext = match request.ext {
        pairs if pairs.is_empty() => None,
        pairs => {
            Some(ExtProfile::parse(pairs, limits::PROFILE_EXT_PAIRS).map_err(Refusal::Profile)?)
        }
    };
    ctx.core().set_profile(ctx.app(), ctx.me(), basic, ext).await?;
    Ok(done())
}

pub(super) async fn visibility(ctx: &Context, _: GetProfileVisibility) -> Handled {
    let visibility = ctx.core().profile_visibility(ctx.app(), ctx.me()).await?;
    let state = ProfileVisibilityState { visibility: visibility.into() };
    Ok(server_frame::Body::ProfileVisibility(state))
}

pub(super) async fn set_visibility(ctx: &Context, request: SetProfileVisibility) -> Handled {
    let visibility = ProfileVisibility::try_from(request.visibility)
        .map_err(|_| bad_parameter("visibility", "is none that the server knows"))?;
    ctx.core().set_profile_visibility(ctx.app(), ctx.me(), visibility).await?;
    Ok(done())
}

pub(super) async fn account(ctx: &Context, _: GetAccount) -> Handled {
    let account = ctx.core().account(ctx.app(), &ctx.session.user).await?;
    Ok(server_frame::Body::Account(account))
}
