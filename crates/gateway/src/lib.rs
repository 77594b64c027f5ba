//! Client connections: accept, log in, frames, the session registry.
