//! What users have set for their channels, and the tags by which they sort them.

pub(crate) mod attributes;
pub(crate) mod level;
pub(crate) mod remove_tags;
pub(crate) mod set_level;
pub(crate) mod set_pin;
pub(crate) mod set_tags;
pub(crate) mod set_type_level;
pub(crate) mod tag;
pub(crate) mod tagged;
pub(crate) mod tags;
pub(crate) mod type_level;
pub(crate) mod untag;

use nuncio_protocol::ids::ChannelId;

use crate::prelude::*;
use crate::wire::ChannelType;

/// A channel as one of its users names it.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelOf {
    /// A direct channel is named by its other side.
    channel_id: Id,
    /// 1: a direct channel, 3: a group.
    #[schemars(with = "i64", extend("enum" = [1, 3]))]
    channel_type: ChannelType,
}

/// Makes channels of a list of 1 to 1,000.
fn channels(member: &str, given: &[ChannelOf]) -> Result<Vec<ChannelId>, ApiError> {
    wire::length(member, given.len(), limits::TAGGED_CHANNELS)?;
    (0..)
        .zip(given)
        .map(|(index, channel): (usize, _)| {
            wire::channel_in(
                &format!("{member}[{index}]."),
                &channel.channel_type,
                &channel.channel_id,
            )
        })
        .collect()
}
