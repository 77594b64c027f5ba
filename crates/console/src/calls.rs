//! The table of calls. Routing, the gates and the security tests are made from it: a new call is a type and one
//! line here.

use crate::call::Declared;
use crate::{
    account, apps, audit, explorer, exports, groups, imports, operators, overview, push, session,
    settings, users, webhooks,
};

macro_rules! calls {
    ($($call:path,)+) => {
        /// Every call of the console.
        pub const CALLS: &[Declared] = &[$(Declared::of::<$call>(),)+];
    };
}

calls! {
    session::SignIn,
    session::Link,
    session::Redeem,
    session::Get,
    session::SignOut,
    session::Confirm,

    account::SetPassword,
    account::BeginSecondFactor,
    account::EnableSecondFactor,
    account::DisableSecondFactor,
    account::RecoveryCodes,
    account::Sessions,
    account::RevokeSessions,

    operators::List,
    operators::Invite,
    operators::NewLink,
    operators::SetGrants,
    operators::Remove,

    apps::List,
    apps::Create,
    apps::Editions,
    apps::Get,
    apps::Usage,
    apps::Update,
    apps::Secret,
    apps::RotateSecret,
    apps::Promote,
    apps::Delete,
    settings::Get,
    settings::Set,

    users::List,
    users::Get,
    users::Relations,
    users::Register,
    users::ExpireTokens,
    users::Ban,
    users::Unban,
    users::SetMuted,
    users::SoftDelete,
    users::Restore,
    users::Disconnect,
    users::Delete,

    groups::List,
    groups::Get,
    groups::Members,
    groups::Joined,
    groups::Dismiss,
    groups::SetFrozen,
    groups::Kick,
    groups::Mute,
    groups::Unmute,

    imports::List,
    imports::Create,
    imports::Upload,
    imports::Get,
    imports::Run,
    imports::Cancel,
    imports::RowList,
    imports::Results,

    exports::List,
    exports::Create,
    exports::Get,
    exports::Remove,
    exports::Download,

    overview::Series,

    explorer::Send,
    explorer::Curl,

    webhooks::List,
    webhooks::Add,
    webhooks::Set,
    webhooks::Remove,
    webhooks::Secret,
    webhooks::RotateSecret,
    webhooks::Test,
    webhooks::Deliveries,
    webhooks::Redeliver,

    push::List,
    push::Set,
    push::Remove,
    push::Secret,
    push::Test,

    audit::List,
    audit::Export,
    audit::Verify,
}
