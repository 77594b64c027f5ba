//! `nuncio audit`: checks the audit trail, and prints it.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use nuncio_core::Core;
use nuncio_core::audit::{Hash, INSTALLATION, Verified, json_line};
use nuncio_protocol::AppKey;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::signing::hex;
use serde_json::{Value, json};

use super::{StoreArgs, print};
use crate::config::Config;
use crate::product::Product;

/// What stands for an App Key where a chain belongs to no app.
const NO_APP: &str = "-";

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check that no entry was changed, removed, added or moved; exit 1 and where, when one was
    #[command(after_help = VERIFY_AFTER_HELP)]
    Verify(Verify),
    /// Print entries as JSON lines, the oldest first
    Export(Export),
}

const VERIFY_AFTER_HELP: &str = "\
Each app has a chain of its own, and one belongs to no app (`-`). What this cannot see by itself is that the last \
entries were removed together with the chain's head, or that somebody who can write to the database has made all \
hashes from an entry on anew. So keep the last number and hash that this prints somewhere else, and pass it the \
next time:

  nuncio audit verify --app KEY --kept 1234:9f86d081...";

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Only the chain of this App Key; `-` for the one that belongs to no app
    #[arg(long, value_name = "KEY")]
    app: Option<String>,
    /// An entry's number and hash that this printed before: the chain must still hold it
    #[arg(long, value_name = "N:HASH", requires = "app", value_parser = kept)]
    kept: Option<Kept>,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Only the chain of this App Key; `-` for the one that belongs to no app
    #[arg(long, value_name = "KEY")]
    app: Option<String>,
    /// Only entries after this number
    #[arg(long, value_name = "N", requires = "app", default_value_t = 0)]
    after: i64,
    #[command(flatten)]
    store: StoreArgs,
}

/// A number and a hash.
#[derive(Clone, Copy, Debug)]
struct Kept(i64, Hash);

fn kept(text: &str) -> Result<Kept, String> {
    let wrong = || "must be a number, `:`, and 64 hexadecimal digits".to_owned();
    let (seq, digits) = text.split_once(':').ok_or_else(wrong)?;
    let mut hash = Hash::default();
    if digits.len() != hash.len() * 2 || !digits.is_ascii() {
        return Err(wrong());
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).map_err(|_| wrong())?;
    }
    Ok(Kept(seq.parse().map_err(|_| wrong())?, hash))
}

impl AuditCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Verify(verify) => verify.run().await,
            Self::Export(export) => export.run().await,
        }
    }
}

async fn open(store: StoreArgs) -> anyhow::Result<Core> {
    Ok(Product::open(&Config::load(store.given()?)?).await?.core)
}

/// The chains that are meant, each with the App Key that it is known by.
async fn chains(core: &Core, app: Option<&str>) -> anyhow::Result<Vec<(AppId, String)>> {
    // Of deleted apps the audit trail is left.
    let apps = [core.apps().await?, core.deleted_apps().await?].concat();
    let key = |id: AppId| match apps.iter().find(|app| app.id == id) {
        Some(app) => app.key.to_string(),
        None if id == INSTALLATION => NO_APP.to_owned(),
        None => format!("app number {}", id.0),
    };
    match app {
        None => Ok(core.audited().await?.into_iter().map(|id| (id, key(id))).collect()),
        Some(NO_APP) => Ok(vec![(INSTALLATION, NO_APP.to_owned())]),
        Some(text) => {
            let wanted = AppKey::try_from(text).with_context(|| format!("the App Key `{text}`"))?;
            let app = apps.iter().find(|app| app.key == wanted).with_context(|| {
                format!("there is no app with the App Key `{text}` here: see `nuncio app list`")
            })?;
            Ok(vec![(app.id, app.key.to_string())])
        }
    }
}

impl Verify {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let core = open(self.store).await?;
        let mut sound = true;
        for (id, key) in chains(&core, self.app.as_deref()).await? {
            let kept = self.kept.map(|Kept(seq, hash)| (seq, hash));
            let verified = core.verify_audit(id, kept).await?;
            sound &= verified.breaks.is_empty();
            print(&if self.json {
                to_json(&key, &verified).to_string()
            } else {
                told(&key, &verified)
            })?;
        }
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn told(key: &str, verified: &Verified) -> String {
    let Verified { chain, entries, breaks } = verified;
    if !breaks.is_empty() {
        let lines: Vec<_> = breaks.iter().map(|found| format!("{key}: {found}")).collect();
        return lines.join("\n");
    }
    if *entries == 0 {
        return format!("{key}: no entries");
    }
    let (first, last, hash) = (chain.anchor + 1, chain.last, hex(&chain.hash));
    format!("{key}: entries {first} to {last} are as they were written; the last is {last}:{hash}")
}

fn to_json(key: &str, verified: &Verified) -> Value {
    let Verified { chain, entries, breaks } = verified;
    let breaks: Vec<_> =
        breaks.iter().map(|found| json!({ "seq": found.seq, "what": found.to_string() })).collect();
    json!({
        "appKey": key,
        "ok": breaks.is_empty(),
        "entries": entries,
        "first": chain.anchor + 1,
        "last": chain.last,
        "hash": hex(&chain.hash),
        "breaks": breaks,
    })
}

impl Export {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let core = open(self.store).await?;
        for (id, key) in chains(&core, self.app.as_deref()).await? {
            let mut after = self.after;
            loop {
                let entries = core.audit_after(id, after).await?;
                let Some(last) = entries.last() else { break };
                after = last.seq;
                for entry in &entries {
                    print(&json_line(id, &key, entry)?)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
