//! The Nuncio server.
fn main() {}
