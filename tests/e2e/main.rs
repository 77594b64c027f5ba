//! What crosses all parts: real clients and a real app server against the built binary, on both stores, and against a
//! cluster where each call and each login comes to any of three nodes.
//!
//! `history` judges what the hammering tests recorded; it has tests of its own.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a panic is how a test fails")]

mod backup;
mod chaos;
mod client_command;
mod cluster;
mod cut_off;
mod group_conversation;
mod group_members;
mod group_promises;
mod groups;
mod history;
mod overview;
mod promise_1;
mod promise_2;
mod push;
mod push_services;
mod rolling;
mod rust_sdk;
mod tenancy;
mod webhooks;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_nuncio");

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// Makes every group with a second member a big one.
const BIG: &[&str] = &["--big-group-members", "1"];

/// Makes each test run on SQLite, on PostgreSQL, and on a cluster; those of groups of `any size` also where groups are big.
macro_rules! everywhere {
    ($(async fn $name:ident($world:ident: World) $body:block)+) => {
        $(async fn $name(mut $world: nuncio_testkit::World) $body)+

        $crate::everywhere!(sqlite, on_sqlite, &[], $($name)+);
        $crate::everywhere!(postgres, on_postgres, &[], $($name)+);
        $crate::everywhere!(any_node, on_cluster, &[], $($name)+);
    };
    (any size: $(async fn $name:ident($world:ident: World) $body:block)+) => {
        $crate::everywhere!($(async fn $name($world: World) $body)+);
        $crate::everywhere!(sqlite_big, on_sqlite, $crate::BIG, $($name)+);
        $crate::everywhere!(any_node_big, on_cluster, $crate::BIG, $($name)+);
    };
    ($module:ident, $world:ident, $options:expr, $($name:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let world = nuncio_testkit::World::$world(crate::BINARY, $options).await;
                super::$name(world).await;
            })+
        }
    };
}
pub(crate) use everywhere;
