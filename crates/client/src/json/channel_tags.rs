//! Tags of channels in lines of JSON.

use nuncio_protocol::frames::{Channel, ChannelTag, ChannelTagsChanged};
use nuncio_protocol::values::{ChannelTagId, ChannelTagName};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::calls::{Params, done, each, raw};
use super::input::{self, bad};
use super::values;
use crate::client::Client;
use crate::error::ClientError;

/// The methods on tags of channels, with their parameters; those in brackets may be left out. A tag is `id` and `name`,
/// a channel in `add` and `remove` is `channelId` and perhaps `channelType`.
pub const METHODS: &[(&str, &str)] = &[
    ("setChannelTags", "tags"),
    ("removeChannelTags", "tagIds"),
    ("getChannelTags", "[channelId channelType]"),
    ("setTaggedChannels", "tagId [add remove]"),
    ("getTaggedChannels", "tagId"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagLine {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ChannelLine {
    channel_type: Option<Value>,
    channel_id: String,
}

fn tag_id(id: String) -> Result<ChannelTagId, ClientError> {
    ChannelTagId::try_from(id).map_err(|error| bad(format_args!("a tag's id {error}")))
}

fn tag(tag: &ChannelTag) -> Value {
    json!({ "id": tag.id, "name": tag.name, "createdAt": tag.created_at })
}

fn channel(channel: &Channel) -> Value {
    let (kind, id) = values::channel(Some(channel));
    json!({ "channelType": kind, "channelId": id })
}

fn channels(p: &mut Params, key: &str) -> Result<Vec<Channel>, ClientError> {
    let given: Vec<ChannelLine> = p.or_default(key)?;
    given.iter().map(|line| input::channel(line.channel_type.as_ref(), &line.channel_id)).collect()
}

/// Tags, or what is under one, changed.
pub(super) fn event(changed: &ChannelTagsChanged) -> Value {
    json!({
        "set": each(&changed.set, tag), "removedTagIds": changed.removed_tag_ids,
        "tagId": changed.tag_id, "added": each(&changed.added, channel),
        "removed": each(&changed.removed, channel),
    })
}

/// Calls a method.
pub(super) async fn call(
    client: &Client,
    method: &str,
    mut p: Params,
) -> Result<Box<RawValue>, ClientError> {
    match method {
        "setChannelTags" => {
            let given: Vec<TagLine> = p.must("tags")?;
            p.done()?;
            let named = given.into_iter().map(|line| {
                let name = ChannelTagName::try_from(line.name);
                let name = name.map_err(|error| bad(format_args!("a tag's name {error}")))?;
                Ok((tag_id(line.id)?, name))
            });
            let tags = named.collect::<Result<Vec<_>, ClientError>>()?;
            done(client.set_channel_tags(&tags).await)
        }
        "removeChannelTags" => {
            let ids: Vec<String> = p.must("tagIds")?;
            p.done()?;
            let tags = ids.into_iter().map(tag_id).collect::<Result<Vec<_>, _>>()?;
            done(client.remove_channel_tags(&tags).await)
        }
        "getChannelTags" => {
            let (kind, id) = (p.maybe::<Value>("channelType")?, p.maybe::<String>("channelId")?);
            p.done()?;
            let of = id.map(|id| input::channel(kind.as_ref(), &id)).transpose()?;
            raw(each(&client.get_channel_tags(of.as_ref()).await?, tag))
        }
        "setTaggedChannels" => {
            let id = tag_id(p.must("tagId")?)?;
            let (add, remove) = (channels(&mut p, "add")?, channels(&mut p, "remove")?);
            p.done()?;
            done(client.set_tagged_channels(&id, &add, &remove).await)
        }
        _ => {
            let id = tag_id(p.must("tagId")?)?;
            p.done()?;
            raw(each(&client.get_tagged_channels(&id).await?, channel))
        }
    }
}
