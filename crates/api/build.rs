//! Takes the page that shows the API out of its archive, so that the binary carries it, compressed.

use std::error::Error;
use std::io::{Cursor, Read as _, Write as _};
use std::path::PathBuf;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

const FILES: [(&str, &str); 4] = [
    ("dist/swagger-ui-bundle.js", "swagger-ui.js"),
    ("dist/swagger-ui.css", "swagger-ui.css"),
    ("LICENSE", "LICENSE.txt"),
    ("NOTICE", "NOTICE.txt"),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let archive = Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED);
    let mut archive = zip::ZipArchive::new(archive)?;
    let root = archive.name_for_index(0).ok_or("the archive is empty")??.into_owned();
    let root = root.split('/').next().unwrap_or_default();
    for (name, kept_as) in FILES {
        let mut contents = Vec::new();
        archive.by_name(&format!("{root}/{name}"))?.read_to_end(&mut contents)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&contents)?;
        fs::write(out.join(kept_as), encoder.finish()?)?;
    }
    Ok(())
}
