//! Page tokens: where a list goes on, in a form that callers pass back and do not look into.
//!
//! A token belongs to the query that gave it: one that comes back with another owner, another order or
//! another filter is refused. It is not a secret and opens nothing, since every query is checked anew.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, UserId};
use nuncio_store::paging::{self, Position};
use sha2::{Digest as _, Sha256};

/// Bytes of the query's mark.
const MARK: usize = 8;
/// Bytes of the position's time.
const TIME: usize = 8;

/// A page of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What a token belongs to.
pub(crate) struct Query([u8; MARK]);

impl Query {
    /// The query for `owner`'s list of that kind; `kind` names order and filter too.
    pub(crate) fn new(kind: &str, app: AppId, owner: &UserId) -> Self {
        Self::of(&format!("{kind}\n{}\n{owner}", app.0))
    }

    /// The query for a group's list of that kind.
    pub(crate) fn of_group(kind: &str, app: AppId, group: &GroupId) -> Self {
        Self::of(&format!("{kind}\n{}\n{group}", app.0))
    }

    /// The query for a list that belongs to the app.
    pub(crate) fn of_app(kind: &str, app: AppId) -> Self {
        Self::of(&format!("{kind}\n{}", app.0))
    }

    /// A line feed is neither in a kind nor in a user id.
    fn of(what: &str) -> Self {
        let digest = Sha256::digest(what);
        let mut mark = [0; MARK];
        mark.copy_from_slice(&digest[..MARK]);
        Self(mark)
    }

    /// Reads a token that this query gave. No token means the beginning.
    ///
    /// Any other text is [`Refusal::BadPageToken`], which clients know by its own code; the Server API
    /// tells it as a bad parameter (1002), like whatever else is wrong with a body.
    pub(crate) fn position<I>(&self, token: Option<&str>) -> Result<Option<Position<I>>, Refusal>
    where
        I: for<'a> TryFrom<&'a str>,
    {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        self.parse(token).map(Some).ok_or(Refusal::BadPageToken)
    }

    fn parse<I>(&self, token: &str) -> Option<Position<I>>
    where
        I: for<'a> TryFrom<&'a str>,
    {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let rest = bytes.strip_prefix(&self.0)?;
        let (at, id) = rest.split_first_chunk::<TIME>()?;
        let id = I::try_from(std::str::from_utf8(id).ok()?).ok()?;
        Some(Position { at: i64::from_be_bytes(*at), id })
    }

    pub(crate) fn token<I: AsRef<str>>(&self, position: &Position<I>) -> String {
        self.token_of(&[&position.at.to_be_bytes(), position.id.as_ref().as_bytes()].concat())
    }

    /// The token of a position's bytes, whatever they are.
    pub(crate) fn token_of(&self, position: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.0, position].concat())
    }

    /// The store's page, with a token for the next one.
    pub(crate) fn page<T, I: AsRef<str>>(&self, page: paging::Page<T, I>) -> Page<T> {
        let next = page.next.as_ref().map(|position| self.token(position));
        Page { items: page.items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(id: &str) -> UserId {
        UserId::try_from(id).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_own_query_only() {
        let query = Query::new("blocklist", AppId(1), &user("alice"));
        let position = Position { at: -5, id: user("bob") };
        let token = query.token(&position);
        assert_eq!(query.position(Some(&token)), Ok(Some(position)));
        for other in [
            Query::new("whitelist", AppId(1), &user("alice")),
            Query::new("blocklist", AppId(2), &user("alice")),
            Query::new("blocklist", AppId(1), &user("bob")),
        ] {
            assert_eq!(other.position::<UserId>(Some(&token)), Err(Refusal::BadPageToken));
        }
    }

    #[test]
    fn no_token_is_the_beginning() {
        let query = Query::new("blocklist", AppId(1), &user("alice"));
        assert_eq!(query.position::<UserId>(None), Ok(None));
        assert_eq!(query.position::<UserId>(Some("")), Ok(None));
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_refused(text in "\\PC{0,80}", bytes: Vec<u8>) {
            let query = Query::new("friends", AppId(1), &user("alice"));
            let mut marked = query.0.to_vec();
            marked.extend(bytes);
            for text in [text, URL_SAFE_NO_PAD.encode(marked)] {
                if let Ok(Some(position)) = query.position::<UserId>(Some(&text)) {
                    let token = query.token(&position);
                    prop_assert_eq!(query.position(Some(&token)), Ok(Some(position)));
                }
            }
        }
    }
}
