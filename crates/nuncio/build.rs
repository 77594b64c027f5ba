//! Puts the pages that `web/` builds into the binary, compressed where that makes them smaller. Without them the binary is built
//! all the same, and says under their paths how to get them.

use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Each is built from `web/NAME` to `web/NAME/dist`.
const SITES: [&str; 2] = ["console", "demo"];

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let mut code = String::new();
    for site in SITES {
        let dist = here.join("../../web").join(site).join("dist");
        println!("cargo::rerun-if-changed={}", nearest(&dist).display());
        let kept = out.join(site);
        if kept.exists() {
            fs::remove_dir_all(&kept)?;
        }
        writeln!(code, "pub(super) static {}: &[File] = &[", site.to_uppercase())?;
        if dist.join("index.html").is_file() {
            for path in files(&dist)? {
                keep(&dist, &path, &out, site, &mut code)?;
            }
        } else if here.join("../../web").join(site).join("scripts").exists() {
            println!(
                "cargo::warning=built without the pages of /{site}/: `npm ci && npm run build` in web/ \
                 makes them"
            );
        }
        writeln!(code, "];")?;
    }
    fs::write(out.join("pages.rs"), code)?;
    Ok(())
}

/// What to watch: the path, or as much of it as there is. Cargo takes what is not there as changed each time.
fn nearest(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(path)
}

/// The paths of all files under `folder`, relative to it, in order.
fn files(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder)?;
                found.push(path.to_str().ok_or("a file name that is not UTF-8")?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a file of `dist` to `site`, so that a later build of the pages cannot change it under the compiler, and
/// writes its entry.
fn keep(dist: &Path, path: &str, out: &Path, site: &str, code: &mut String) -> Done {
    let contents = fs::read(dist.join(path))?;
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    let hash = hasher.finish();

    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&contents)?;
    let compressed = encoder.finish()?;
    let gzip = compressed.len() < contents.len() / 10 * 9;
    let kept = if gzip { compressed } else { contents };
    let file = format!("{site}/{path}");
    fs::create_dir_all(out.join(&file).parent().ok_or("a file without a folder")?)?;
    fs::write(out.join(&file), kept)?;
    let kept = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), {:?}))", format!("/{file}"));
    writeln!(
        code,
        "    File {{ path: {path:?}, etag: \"W/\\\"{hash:016x}\\\"\", kept: super::Kept {{ contents: {kept}, gzip: {gzip} }} }},"
    )?;
    Ok(())
}
