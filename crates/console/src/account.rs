//! The operator's own account: password, second factor, sessions.

use nuncio_protocol::Refusal;
use nuncio_protocol::signing::hex;
use qrcodegen::{QrCode, QrCodeEcc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::session::goes_on;
use crate::wire::Nothing;

/// Bytes of a session's hash that name it in lists.
const ID_BYTES: usize = 8;

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    current: SecretString,
    password: SecretString,
}

pub(crate) struct SetPassword;
impl Call for SetPassword {
    const PATH: &'static str = "account/set-password";
    const WHO: Who = Who::Operator;
    type Request = NewPassword;
    type Response = Value;

    async fn call(ctx: &Context, request: NewPassword) -> Result<Value, ConsoleError> {
        let NewPassword { current, password } = request;
        let signed_in =
            ctx.core.change_password(ctx.signed_in()?, current, password, &ctx.visitor).await?;
        goes_on(ctx, &signed_in).await
    }
}

pub(crate) struct BeginSecondFactor;
impl Call for BeginSecondFactor {
    const PATH: &'static str = "account/second-factor/begin";
    const WHO: Who = Who::Operator;
    const CONFIRMED: bool = true;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let (secret, uri) = ctx.core.begin_second_factor(&ctx.signed_in()?.operator).await?;
        let code = QrCode::encode_text(&uri, QrCodeEcc::Medium).map_err(ConsoleError::internal)?;
        let row = |y| -> String {
            (0..code.size()).map(|x| if code.get_module(x, y) { '1' } else { '0' }).collect()
        };
        let qr: Vec<_> = (0..code.size()).map(row).collect();
        Ok(json!({ "secret": secret, "uri": uri, "qr": qr }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
}

pub(crate) struct EnableSecondFactor;
impl Call for EnableSecondFactor {
    const PATH: &'static str = "account/second-factor/enable";
    const WHO: Who = Who::Operator;
    const CONFIRMED: bool = true;
    type Request = Code;
    type Response = Value;

    async fn call(ctx: &Context, request: Code) -> Result<Value, ConsoleError> {
        let (signed_in, codes) =
            ctx.core.enable_second_factor(ctx.signed_in()?, &request.code).await?;
        ctx.go_on_as(&signed_in);
        Ok(json!({ "recoveryCodes": codes }))
    }
}

pub(crate) struct DisableSecondFactor;
impl Call for DisableSecondFactor {
    const PATH: &'static str = "account/second-factor/disable";
    const WHO: Who = Who::Operator;
    const CONFIRMED: bool = true;
    type Request = Nothing;
    type Response = Nothing;

    async fn call(ctx: &Context, _: Nothing) -> Result<Nothing, ConsoleError> {
        ctx.core.disable_second_factor(&ctx.signed_in()?.operator).await?;
        Ok(Nothing {})
    }
}

pub(crate) struct RecoveryCodes;
impl Call for RecoveryCodes {
    const PATH: &'static str = "account/second-factor/recovery-codes";
    const WHO: Who = Who::Operator;
    const CONFIRMED: bool = true;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let codes = ctx.core.renew_recovery_codes(&ctx.signed_in()?.operator).await?;
        Ok(json!({ "recoveryCodes": codes }))
    }
}

pub(crate) struct Sessions;
impl Call for Sessions {
    const PATH: &'static str = "account/sessions";
    const WHO: Who = Who::Operator;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let current = ctx.signed_in()?;
        let sessions: Vec<_> = ctx
            .core
            .operator_sessions(&current.operator)
            .await?
            .into_iter()
            .map(|session| {
                json!({
                    "id": hex(&session.id.0[..ID_BYTES]),
                    "current": session.id == current.session.id,
                    "createdAt": session.created_at.0,
                    "usedAt": session.used_at.0,
                    "address": session.address,
                    "agent": session.agent,
                })
            })
            .collect();
        Ok(json!({ "sessions": sessions }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Revocation {
    id: Option<String>,
    #[serde(default)]
    others: bool,
}

pub(crate) struct RevokeSessions;
impl Call for RevokeSessions {
    const PATH: &'static str = "account/sessions/revoke";
    const WHO: Who = Who::Operator;
    type Request = Revocation;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Revocation) -> Result<Nothing, ConsoleError> {
        let current = ctx.signed_in()?;
        if request.others {
            ctx.core.sign_out_others(current).await?;
            return Ok(Nothing {});
        }
        let id = request.id.ok_or_else(|| ConsoleError::member("id", "is missing"))?;
        let sessions = ctx.core.operator_sessions(&current.operator).await?;
        match sessions.iter().find(|session| hex(&session.id.0[..ID_BYTES]) == id) {
            Some(session) => ctx.core.sign_out(session).await?,
            None => return Err(Refusal::NotNow("the session has ended already".to_owned()).into()),
        }
        Ok(Nothing {})
    }
}
