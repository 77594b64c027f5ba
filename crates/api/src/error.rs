//! Why a call was not answered with success.

use std::fmt;

use nuncio_protocol::ids::IdError;
use nuncio_protocol::values::{ProfileError, ProfileFault, ValueError};
use nuncio_protocol::{Code, Refusal};

/// Characters of a sentence that quotes what the caller sent.
const QUOTED_CHARS: usize = 240;

/// A call's failure: its code, and a sentence that says what to mend.
#[derive(Debug)]
pub struct ApiError {
    /// The public code; decides the HTTP status.
    pub code: Code,
    member: Option<String>,
    sentence: String,
    /// The key to blame, when a profile was refused.
    pub(crate) profile_key: Option<String>,
    /// Seconds after which to try again.
    pub(crate) retry_after: Option<u64>,
    /// What went wrong inside, for the log alone.
    pub(crate) cause: Option<String>,
}

impl ApiError {
    /// A failure with a whole sentence.
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self {
            code,
            member: None,
            sentence: shorten(sentence.into()),
            profile_key: None,
            retry_after: None,
            cause: None,
        }
    }

    /// A failure that one member of the request is to blame for; the sentence goes on after its name.
    pub(crate) fn member(code: Code, member: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { member: Some(member.into()), ..Self::new(code, fault) }
    }

    /// A failure of the server's own: the caller is told the code, the log is told `cause`.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(Code::Internal, Code::Internal.meaning().trim())
        }
    }

    /// The text of `errorMessage`.
    pub(crate) fn sentence(&self) -> String {
        self.sentence_with(str::to_owned)
    }

    /// The same for a dialect that has another name for the member.
    pub(crate) fn sentence_with(&self, rename: impl Fn(&str) -> String) -> String {
        let Some(member) = &self.member else { return self.sentence.clone() };
        let (name, place) = member.split_at(member.find(['[', '.']).unwrap_or(member.len()));
        format!("`{}{place}` {}", rename(name), self.sentence)
    }

    /// Reads the failure of [`serde_path_to_error`].
    pub(crate) fn malformed(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let text = error.inner().to_string();
        if let Some(member) = text.strip_prefix("missing field `").and_then(|t| t.strip_suffix('`'))
        {
            return Self::member(Code::BadParameter, member, "is missing");
        }
        if let Some(member) =
            text.strip_prefix("duplicate field `").and_then(|t| t.strip_suffix('`'))
        {
            return Self::member(Code::BadParameter, member, "is given under two of its names");
        }
        let fault = match text.strip_prefix("invalid type: ") {
            Some(found) => format!("is of the wrong type: {found}"),
            None => text,
        };
        match error.path().to_string().as_str() {
            "." => Self::new(Code::BadParameter, fault),
            member => Self::member(Code::BadParameter, member, fault),
        }
    }

    /// The fault of one id.
    pub(crate) fn id(member: impl Into<String>, error: &IdError) -> Self {
        let code = match error {
            IdError::TooLong { .. } => Code::TooLong,
            _ => Code::BadParameter,
        };
        Self::member(code, member, error.to_string())
    }

    /// The fault of one value.
    pub(crate) fn value(member: impl Into<String>, error: &ValueError) -> Self {
        let code = match error {
            ValueError::TooLong { .. } => Code::TooLong,
            _ => Code::BadParameter,
        };
        Self::member(code, member, error.to_string())
    }

    /// The fault of a profile, which names the key.
    pub(crate) fn profile(error: ProfileError) -> Self {
        Refusal::Profile(error).into()
    }
}

fn shorten(mut sentence: String) -> String {
    if let Some((end, _)) = sentence.char_indices().nth(QUOTED_CHARS) {
        sentence.truncate(end);
        sentence.push('…');
    }
    sentence
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for ApiError {}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        // Numbers that only a client connection knows have an equal among this API's own.
        let code = match &refusal {
            Refusal::Profile(ProfileError { fault: ProfileFault::TooLong, .. }) => Code::TooLong,
            Refusal::Profile(_)
            | Refusal::BadPageToken
            | Refusal::FriendOfOneself
            | Refusal::TooManyIds { .. } => Code::BadParameter,
            other => other.code(),
        };
        let profile_key = match &refusal {
            Refusal::Profile(error) => Some(error.key.clone()),
            _ => None,
        };
        let retry_after = match &refusal {
            Refusal::CallingTooFast { wait_ms } | Refusal::SendingTooFast { wait_ms } => {
                Some(wait_ms.div_ceil(1000).max(1))
            }
            _ => None,
        };
        Self { profile_key, retry_after, ..Self::new(code, refusal.to_string()) }
    }
}

impl From<nuncio_core::Error> for ApiError {
    fn from(error: nuncio_core::Error) -> Self {
        match error {
            nuncio_core::Error::Refused(refusal) => refusal.into(),
            error => {
                let cause = chain(&error);
                Self { cause: Some(cause), ..Self::new(error.code(), error.sentence()) }
            }
        }
    }
}

/// An error and its causes, one after the other.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_does_not_make_the_answer_long() {
        let error = ApiError::member(Code::BadParameter, "name", "é".repeat(1_000_000));
        assert_eq!(error.sentence().chars().count(), "`name` ".len() + QUOTED_CHARS + 1);
    }

    #[test]
    fn a_member_is_renamed_and_its_place_in_a_list_stays() {
        let error = ApiError::member(Code::BadParameter, "userIds[3]", "is empty");
        let sentence = error.sentence_with(|_| "userId".to_owned());
        assert_eq!(sentence, "`userId[3]` is empty");
    }

    #[test]
    fn numbers_of_client_connections_do_not_reach_app_servers() {
        let profile = |fault| {
            let error = ApiError::profile(ProfileError { key: "email".to_owned(), fault });
            (error.code, error.profile_key.unwrap())
        };
        assert_eq!(profile(ProfileFault::TooLong), (Code::TooLong, "email".to_owned()));
        assert_eq!(profile(ProfileFault::WrongType), (Code::BadParameter, "email".to_owned()));
        assert_eq!(ApiError::from(Refusal::BadPageToken).code, Code::BadParameter);
    }
}
