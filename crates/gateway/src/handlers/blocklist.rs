//! The user's own blocklist.

use nuncio_protocol::frames::{
    AddToBlocklist, BlockedState, CheckBlocked, GetBlocklist, RemoveFromBlocklist, UserIds,
    server_frame,
};

use super::{Context, Handled, done, user};

pub(super) async fn add(ctx: &Context, request: AddToBlocklist) -> Handled {
    let target = user("user_id", &request.user_id)?;
    ctx.core().block(ctx.app(), ctx.me(), vec![target]).await?;
    Ok(done())
}

pub(super) async fn remove(ctx: &Context, request: RemoveFromBlocklist) -> Handled {
    let target = user("user_id", &request.user_id)?;
    ctx.core().unblock(ctx.app(), ctx.me(), vec![target]).await?;
    Ok(done())
}

pub(super) async fn check(ctx: &Context, request: CheckBlocked) -> Handled {
    let target = user("user_id", &request.user_id)?;
    let blocked = ctx.core().is_blocked(ctx.app(), &ctx.session.user, &target).await?;
    Ok(server_frame::Body::BlockedState(BlockedState { blocked }))
}

pub(super) async fn list(ctx: &Context, _: GetBlocklist) -> Handled {
    let blocked = ctx.core().whole_blocklist(ctx.app(), ctx.me()).await?;
    let user_ids = blocked.into_iter().map(String::from).collect();
    Ok(server_frame::Body::UserIds(UserIds { user_ids }))
}
