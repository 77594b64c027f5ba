//! How a connection ends: the close code that says what the client shall do, for each code that says why.

use nuncio_protocol::Code;
use nuncio_protocol::frames::{Failure, ServerFrame, server_frame};

/// The client has logged out.
pub(crate) const GOODBYE: u16 = 1000;
/// Come back, as soon as the failure says.
const COME_BACK: u16 = 4001;

/// The WebSocket close code for a reason.
pub(crate) fn close_code(why: &Failure) -> u16 {
    match Code::from_number(why.code) {
        Some(Code::TokenExpired) => 4002,
        Some(Code::TokenInvalid) => 4003,
        Some(Code::Banned | Code::BannedWhileConnected) => 4004,
        Some(Code::KickedByNewerDevice) => 4005,
        Some(Code::UserDeleted | Code::SoftDeleted | Code::NotRegistered) => 4006,
        Some(Code::AppUnavailable | Code::AppNotFound) => 4007,
        Some(Code::BadFrame | Code::BadParameter | Code::CallingTooFast) => 4008,
        Some(Code::TooManyConnections) => 4009,
        _ => COME_BACK,
    }
}

/// The frame that announces the end.
pub(crate) fn closing(why: Failure) -> ServerFrame {
    ServerFrame::new(0, server_frame::Body::Closing(why))
}

/// The server is closing and asks to come back, after `wait_ms` milliseconds.
pub(crate) fn come_back(why: &str, wait_ms: u64) -> Failure {
    Failure { retry_after_ms: wait_ms, ..Failure::new(Code::ComeBack, why) }
}

/// The client does not keep to the protocol.
pub(crate) fn bad_frame(why: &str) -> Failure {
    Failure::new(Code::BadFrame, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_code_says_whether_to_stop_to_get_a_token_or_to_come_back() {
        let code = |code| close_code(&Failure::new(code, ""));
        assert_eq!(code(Code::ComeBack), 4001);
        assert_eq!(code(Code::Unavailable), 4001);
        assert_eq!(code(Code::TokenExpired), 4002);
        assert_eq!(code(Code::TokenInvalid), 4003);
        assert_eq!(code(Code::Banned), 4004);
        assert_eq!(code(Code::BannedWhileConnected), 4004);
        assert_eq!(code(Code::KickedByNewerDevice), 4005);
        assert_eq!(code(Code::UserDeleted), 4006);
        assert_eq!(code(Code::AppUnavailable), 4007);
        assert_eq!(code(Code::BadFrame), 4008);
        assert_eq!(code(Code::TooManyConnections), 4009);
    }
}
