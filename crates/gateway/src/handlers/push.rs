//! Push: registering the device, and what the user sets about it.

use std::sync::atomic::Ordering;

use nuncio_core::push::{Change, NewDevice};
use nuncio_protocol::frames::{
    self, GetPushInfo, GetPushSettings, PushProvider, RegisterPush, SetPushSettings,
    UnregisterPush, server_frame,
};
use nuncio_protocol::push::{Language, PushToken, QuietHours};

use super::{Context, Handled, bad_parameter, done};

/// Bytes of a Web Push subscription's key, as base64url.
const KEY_BYTES: usize = 128;

pub(super) async fn info(ctx: &Context, _: GetPushInfo) -> Handled {
    let info = ctx.core().push_info(ctx.app(), ctx.me(), &ctx.session.device).await?;
    Ok(server_frame::Body::PushInfo(info))
}

pub(super) async fn register(ctx: &Context, request: RegisterPush) -> Handled {
    let provider = request.provider();
    let RegisterPush { token, p256dh, auth, language, .. } = request;
    if provider == PushProvider::Unspecified {
        let providers = "must be 1 (FCM), 2 (APNs), 3 (Web Push) or 4 (webhook)";
        return Err(bad_parameter("provider", providers).into());
    }
    for (name, key) in [("p256dh", &p256dh), ("auth", &auth)] {
        if key.is_empty() == (provider == PushProvider::Web) {
            let fault = "goes with Web Push, and with nothing else";
            return Err(bad_parameter(name, fault).into());
        }
        if key.len() > KEY_BYTES {
            return Err(bad_parameter(name, format!("has more than {KEY_BYTES} bytes")).into());
        }
    }
    let new = NewDevice {
        app: ctx.app(),
        user: ctx.me(),
        device: ctx.session.device.clone(),
        provider,
        token: PushToken::try_from(token).map_err(|error| bad_parameter("token", error))?,
        p256dh,
        auth,
        language: read_language(language)?,
        token_issued_at: ctx.session.token_issued_at,
        secret_version: ctx.session.secret_version,
        token_expires_at: ctx.session.token_expires_at,
    };
    ctx.core().register_push(new).await?;
    Ok(done())
}

fn read_language(tag: String) -> Result<Language, nuncio_protocol::Refusal> {
    Language::try_from(tag).map_err(|error| bad_parameter("language", error))
}

/// The device holds the inbox up to an entry: nothing before it is pushed.
pub(super) async fn held(ctx: &Context, seq: u64) {
    if ctx.session.held.fetch_max(seq, Ordering::Relaxed) >= seq {
        return;
    }
    if let Err(error) = ctx.core().device_holds(ctx.app(), &ctx.session.user, seq).await {
        // The next heartbeat says it again.
        ctx.session.held.store(0, Ordering::Relaxed);
        tracing::debug!(session.id = %ctx.session.id, "what a device holds was not kept: {error}");
    }
}

pub(super) async fn unregister(ctx: &Context, _: UnregisterPush) -> Handled {
    ctx.core().unregister_push(ctx.app(), ctx.me(), ctx.session.device.clone()).await?;
    Ok(done())
}

pub(super) async fn set(ctx: &Context, request: SetPushSettings) -> Handled {
    let SetPushSettings { hide_content, language, quiet_hours } = request;
    let quiet = match quiet_hours {
        None => None,
        Some(hours) if hours.minutes == 0 => Some(None),
        Some(hours) => {
            let hours = QuietHours::try_from(hours);
            Some(Some(hours.map_err(|error| bad_parameter("quiet_hours", error))?))
        }
    };
    let language = language.map(read_language).transpose()?;
    let change = Change { hide_content, language, quiet };
    ctx.core().set_push_settings(ctx.app(), ctx.me(), change).await?;
    Ok(done())
}

pub(super) async fn get(ctx: &Context, _: GetPushSettings) -> Handled {
    let settings = ctx.core().push_settings(ctx.app(), ctx.me()).await?;
    let quiet_hours = settings.quiet.map(|quiet| frames::QuietHours {
        start: quiet.start,
        minutes: quiet.minutes,
        level: quiet.level as i32,
        timezone: quiet.timezone,
    });
    Ok(server_frame::Body::PushSettings(frames::PushSettings {
        hide_content: settings.hide_content,
        language: settings.language,
        quiet_hours,
    }))
}
