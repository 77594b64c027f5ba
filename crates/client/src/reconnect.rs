//! Whether, when and with which token to come back after a connection has ended. No I/O, no clock.

use std::fmt;
use std::time::Duration;

use nuncio_protocol::Code;

use crate::error::{Cause, LocalCode};

/// Says how long to wait before the next attempt.
///
/// ```
/// use std::time::Duration;
/// use nuncio_client::ReconnectPolicy;
///
/// /// Every five seconds, for a minute.
/// struct Patient;
///
/// impl ReconnectPolicy for Patient {
///     fn delay(&self, attempt: u32, _chance: f64) -> Option<Duration> {
///         (attempt < 12).then_some(Duration::from_secs(5))
///     }
/// }
/// ```
pub trait ReconnectPolicy: Send + Sync + 'static {
    /// The wait before attempt number `attempt`: 0 follows at once on a connection that had lasted, and
    /// each failure adds one. `chance` is a random number from 0 up to 1. `None` gives up.
    fn delay(&self, attempt: u32, chance: f64) -> Option<Duration>;
}

/// Doubling waits, each cut at random so that clients do not all come back at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
    /// Attempts before giving up; `None` never gives up.
    pub attempts: Option<u32>,
}

impl Default for Backoff {
    /// Up to half a second, then doubling up to 30 seconds, for ever.
    fn default() -> Self {
        Self { first: Duration::from_millis(500), most: Duration::from_secs(30), attempts: None }
    }
}

impl ReconnectPolicy for Backoff {
    fn delay(&self, attempt: u32, chance: f64) -> Option<Duration> {
        if self.attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        let longest = self.first.saturating_mul(1 << attempt.min(20)).min(self.most);
        Some(longest.mul_f64(chance.clamp(0.0, 1.0)))
    }
}

/// What to do after a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Come back, as soon as the policy allows.
    Reconnect,
    /// Come back with a new token.
    NewToken,
    /// Stay away.
    Stop,
}

/// Judges by the code that the server gave, or that the client found.
///
/// What is not known counts as passing, except a refusal at the login: that would be refused again.
pub(crate) fn verdict(code: u32, at_login: bool, can_renew: bool) -> Verdict {
    if code == Code::TokenExpired.number() {
        return if can_renew { Verdict::NewToken } else { Verdict::Stop };
    }
    match Code::from_number(code) {
        Some(
            Code::TokenInvalid
            | Code::AppUnavailable
            | Code::Banned
            | Code::BannedWhileConnected
            | Code::KickedByNewerDevice
            | Code::UserDeleted
            | Code::BadFrame,
        ) => Verdict::Stop,
        Some(
            Code::ComeBack
            | Code::TooManyConnections
            | Code::TooManyRequests
            | Code::CallingTooFast
            | Code::Internal
            | Code::Timeout
            | Code::Unavailable
            | Code::OutcomeUnknown,
        ) => Verdict::Reconnect,
        Some(_) if at_login => Verdict::Stop,
        None if at_login && !is_local(code) => Verdict::Stop,
        _ => Verdict::Reconnect,
    }
}

fn is_local(code: u32) -> bool {
    [
        LocalCode::CannotOpen,
        LocalCode::ConnectionLost,
        LocalCode::HeartbeatTimeout,
        LocalCode::LoginTimeout,
        LocalCode::NoToken,
    ]
    .iter()
    .any(|local| local.number() == code)
}

/// Whether the next attempt should go to another server of the list.
pub(crate) fn moves_on(code: u32) -> bool {
    code == LocalCode::CannotOpen.number()
        || code == LocalCode::LoginTimeout.number()
        || code == Code::ComeBack.number()
        || code == Code::TooManyConnections.number()
        || code == Code::Unavailable.number()
}

/// The cause that a WebSocket close code stands for, when no `closing` frame told more.
pub(crate) fn cause_of_close(close_code: u16, text: impl fmt::Display) -> Cause {
    let code = match close_code {
        4001 => Code::ComeBack,
        4002 => Code::TokenExpired,
        4003 => Code::TokenInvalid,
        4004 => Code::BannedWhileConnected,
        4005 => Code::KickedByNewerDevice,
        4006 => Code::UserDeleted,
        4007 => Code::AppUnavailable,
        4008 => Code::BadFrame,
        4009 => Code::TooManyConnections,
        _ => {
            let message = format!("the connection was closed with {close_code} {text}");
            return Cause::local(LocalCode::ConnectionLost, message.trim_end());
        }
    };
    Cause {
        code: code.number(),
        name: code.name().to_owned(),
        message: code.meaning().trim().to_owned(),
        ..Cause::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_cut_at_random() {
        let policy = Backoff::default();
        let longest = |attempt| policy.delay(attempt, 1.0).unwrap().as_millis();
        assert_eq!([0, 1, 2, 5, 6, 60].map(longest), [500, 1000, 2000, 16_000, 30_000, 30_000]);
        assert_eq!(policy.delay(3, 0.25), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_policy_with_attempts_gives_up() {
        let policy = Backoff { attempts: Some(2), ..Backoff::default() };
        assert!(policy.delay(1, 0.5).is_some());
        assert_eq!(policy.delay(2, 0.5), None);
    }

    #[test]
    fn what_ends_reconnecting() {
        for code in [31004, 31008, 31009, 31010, 31011, 31029, 40001] {
            assert_eq!(verdict(code, false, true), Verdict::Stop, "{code}");
        }
        for code in [32054, 31024, 1000, 50301, 30010, 30011, 30013, 31000] {
            assert_eq!(verdict(code, true, true), Verdict::Reconnect, "{code}");
            assert_eq!(verdict(code, false, true), Verdict::Reconnect, "{code}");
        }
    }

    #[test]
    fn an_expired_token_is_renewed_when_that_is_possible() {
        assert_eq!(verdict(31020, true, true), Verdict::NewToken);
        assert_eq!(verdict(31020, false, false), Verdict::Stop);
    }

    #[test]
    fn an_unknown_refusal_stops_only_a_login() {
        assert_eq!(verdict(1002, true, true), Verdict::Stop);
        assert_eq!(verdict(99_999, true, true), Verdict::Stop);
        assert_eq!(verdict(99_999, false, true), Verdict::Reconnect);
    }

    #[test]
    fn close_codes_stand_for_codes() {
        let codes = [4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008, 4009]
            .map(|close| cause_of_close(close, "").code);
        assert_eq!(codes, [32054, 31020, 31004, 31011, 31010, 31029, 31008, 40001, 31024]);
        assert_eq!(cause_of_close(1006, "").code, 30011);
    }
}
