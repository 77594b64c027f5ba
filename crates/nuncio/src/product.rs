//! The product, opened on its data: by the server, and by commands beside it.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use nuncio_bus::LocalBus;
use nuncio_core::{Core, SystemClock, Vault};
use nuncio_store::{Options, Place, Store};

use crate::config::Config;

/// The product and the bus that its connections are to be attached to.
pub(crate) struct Product {
    /// The product.
    pub(crate) core: Core,
    /// Reaches connections once a server has attached them.
    pub(crate) bus: Arc<LocalBus>,
}

impl Product {
    /// Opens the store, makes folder, key and database where they are missing, and brings the schema up to
    /// date.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let (place, told) = if let Some(url) = &config.database_url {
            (Place::Postgres(url.expose().to_owned()), url.to_string())
        } else {
            let file = config.data.join("nuncio.db");
            make_folder(&config.data)?;
            make_file(&file)?;
            let told = file.display().to_string();
            (Place::File(file), told)
        };
        let key = config.master_key();
        if key.parent() == Some(&config.data) {
            make_folder(&config.data)?;
        }
        let vault = Vault::open_or_create(&key)
            .with_context(|| format!("cannot use the master key `{}`", key.display()))?;

        let bus = Arc::new(LocalBus::default());
        let options = Options { place, node: 0, nudges: Arc::clone(&bus) as _ };
        let store = Store::open(options)
            .await
            .with_context(|| format!("cannot open the database `{told}`"))?;
        let core = Core::new(store, Arc::clone(&bus) as _, Arc::new(SystemClock), vault);
        Ok(Self { core, bus })
    }
}

/// Makes the data folder so that only its owner can look into it.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the data folder `{}`", path.display()))
}

/// Makes the database's file before SQLite would, so that only its owner can read it, wherever it lies;
/// SQLite gives the files beside it the same mode.
fn make_file(path: &Path) -> anyhow::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .with_context(|| format!("cannot make the database `{}`", path.display()))
}
