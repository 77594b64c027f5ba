//! What the fuzzer in `fuzz/` calls: each function panics when what it reads breaks a promise.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{UserId, limits};

use crate::page_token::Query;
use crate::token_format;

const SECRET: &str = "secret";

/// Reads `bytes` as an access token and as a page token: as they are, and again as the contents of tokens
/// that are genuine in everything else, since nobody guesses a signature.
pub fn token(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        assert_eq!(token_format::read(text, SECRET), None, "a signature was guessed");
        page_token(text);
    }
    signed_token(bytes);
    if let Some(query) = query() {
        page_token(&query.token_of(bytes));
    }
}

fn signed_token(contents: &[u8]) {
    let text = token_format::write_contents(contents.to_vec(), SECRET);
    let Some(token) = token_format::read(&text, SECRET) else { return };
    assert!(text.len() <= limits::TOKEN_BYTES);
    let mut chance = [0; 16];
    chance.copy_from_slice(&contents[25..41]);
    assert_eq!(token_format::write(&token, SECRET, chance), text);
    assert_eq!(token_format::read(&text, "another secret"), None);
}

fn page_token(text: &str) {
    let Some(query) = query() else { return };
    match query.position::<UserId>(Some(text)) {
        Ok(Some(position)) => assert_eq!(query.token(&position), text),
        Ok(None) => assert!(text.is_empty()),
        Err(_) => {}
    }
}

fn query() -> Option<Query> {
    UserId::try_from("alice").ok().map(|user| Query::new("friends", AppId(1), &user))
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn what_the_fuzzer_found_worth_keeping_keeps_the_promises() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/token");
        let mut inputs = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            super::token(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0);
    }
}
