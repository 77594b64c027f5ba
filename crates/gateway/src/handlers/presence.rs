//! Presence of others, and subscriptions to it and to profiles.

use nuncio_protocol::frames::{
    GetPresence, GetSubscriptions, PresenceState, PresenceStates, Subscribe, SubscriptionType,
    Subscriptions, Unsubscribe, server_frame,
};
use nuncio_protocol::{Refusal, limits};

use super::{Context, Handled, bad_parameter, done, page_size, page_token, users};

/// Subscriptions of one page at most.
const PAGE: u32 = 100;

pub(super) async fn subscribe(ctx: &Context, request: Subscribe) -> Handled {
    let targets = users("user_ids", &request.user_ids, limits::SUBSCRIBE_BATCH)?;
    let r#type = subscription_type(request.r#type)?;
    let seconds = request.expiry_seconds;
    ctx.core().subscribe(ctx.app(), ctx.me(), targets, r#type, seconds).await?;
    Ok(done())
}

pub(super) async fn unsubscribe(ctx: &Context, request: Unsubscribe) -> Handled {
    let targets = users("user_ids", &request.user_ids, limits::SUBSCRIBE_BATCH)?;
    let r#type = subscription_type(request.r#type)?;
    ctx.core().unsubscribe(ctx.app(), ctx.me(), targets, r#type).await?;
    Ok(done())
}

pub(super) async fn get(ctx: &Context, request: GetPresence) -> Handled {
    let ids = users("user_ids", &request.user_ids, limits::LARGE_BATCH)?;
    let presence = ctx.core().presence_seen_by(ctx.app(), &ctx.session.user, ids.clone()).await?;
    let states = ids
        .into_iter()
        .zip(presence)
        .map(|(user, presence)| PresenceState {
            user_id: user.into(),
            online: presence.online,
            changed_at: presence.changed_at.0,
            platforms: presence.platforms,
        })
        .collect();
    Ok(server_frame::Body::PresenceStates(PresenceStates { states }))
}

pub(super) async fn subscriptions(ctx: &Context, request: GetSubscriptions) -> Handled {
    let r#type = subscription_type(request.r#type)?;
    let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
    let page = ctx.core().subscriptions(ctx.app(), ctx.me(), r#type, token, size).await?;
    Ok(server_frame::Body::Subscriptions(Subscriptions {
        subscriptions: page.items,
        next_page_token: page.next.unwrap_or_default(),
    }))
}

fn subscription_type(number: i32) -> Result<SubscriptionType, Refusal> {
    SubscriptionType::try_from(number)
        .map_err(|_| bad_parameter("type", "is none that the server knows"))
}
