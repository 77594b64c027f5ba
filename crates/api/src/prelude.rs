//! What the file of an operation needs.

pub(crate) use nuncio_protocol::{Code, limits};
pub(crate) use schemars::JsonSchema;
pub(crate) use serde::{Deserialize, Serialize};

pub(crate) use crate::effect::{Applied, Effect};
pub(crate) use crate::error::ApiError;
pub(crate) use crate::operation::{Context, Counted, Operation, RateClass};
pub(crate) use crate::wire::{self, Bit, Flag, Id, Integer};
