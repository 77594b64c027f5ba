//! The table of operations. Routing, the OpenAPI document and the coverage tests are made from it: a new
//! operation is a file of its own and one line here.

use crate::operation::Declared;
use crate::{
    blocklist, channel, friend, group, message, mute, profile, tag, token, user, whitelist,
};

macro_rules! operations {
    ($($operation:path,)+) => {
        /// Every operation of the Server API.
        pub const OPERATIONS: &[Declared] = &[$(Declared::of::<$operation>(),)+];
    };
}

operations! {
    token::issue::Issue,
    token::expire::Expire,

    user::update::Update,
    user::get::Get,
    user::connection_status::ConnectionStatus,
    user::ban::Ban,
    user::unban::Unban,
    user::banned::Banned,
    user::soft_delete::SoftDelete,
    user::restore::Restore,
    user::soft_deleted::SoftDeleted,
    mute::set::Set,
    mute::list::List,
    tag::set::Set,
    tag::get::Get,

    blocklist::add::Add,
    blocklist::remove::Remove,
    blocklist::get::Get,
    whitelist::set_enabled::SetEnabled,
    whitelist::enabled::Enabled,
    whitelist::add::Add,
    whitelist::remove::Remove,
    whitelist::get::Get,

    profile::set::Set,
    profile::get::Get,
    profile::list::List,
    profile::delete::Delete,

    friend::add::Add,
    friend::remove::Remove,
    friend::remove_all::RemoveAll,
    friend::set_profile::SetProfile,
    friend::list::List,
    friend::relationships::Relationships,
    friend::set_permission::SetPermission,
    friend::permission::Permission,

    group::create::Create,
    group::dismiss::Dismiss,
    group::update::Update,
    group::profiles::Profiles,
    group::list::List,
    group::transfer::Transfer,
    group::join::Join,
    group::leave::Leave,
    group::leave_all::LeaveAll,
    group::joined::Joined,
    group::members::Members,
    group::members_of::MembersOf,
    group::set_member::SetMember,
    group::add_admins::AddAdmins,
    group::remove_admins::RemoveAdmins,
    group::set_alias::SetAlias,
    group::alias::Alias,
    group::delete_alias::DeleteAlias,
    group::add_favorites::AddFavorites,
    group::favorites::Favorites,
    group::remove_favorites::RemoveFavorites,
    group::mute::Mute,
    group::unmute::Unmute,
    group::muted::Muted,
    group::freeze::Freeze,
    group::unfreeze::Unfreeze,
    group::frozen::Frozen,
    group::allow::Allow,
    group::disallow::Disallow,
    group::allowed::Allowed,

    channel::set_pin::SetPin,
    channel::set_level::SetLevel,
    channel::level::Level,
    channel::set_type_level::SetTypeLevel,
    channel::type_level::TypeLevel,
    channel::attributes::Attributes,
    channel::set_tags::SetTags,
    channel::tags::Tags,
    channel::remove_tags::RemoveTags,
    channel::tag::TagChannels,
    channel::untag::UntagChannels,
    channel::tagged::Tagged,

    message::send_direct::SendDirect,
    message::direct_history::DirectHistory,
    message::send_group::SendGroup,
    message::group_history::GroupHistory,
    message::delete::Delete,
    message::update_direct::UpdateDirect,
    message::update_group::UpdateGroup,
}
