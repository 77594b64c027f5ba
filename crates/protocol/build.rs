//! Compiles the `.proto` files, with a compiler written in Rust so that no `protoc` is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["proto/nuncio/v1/frame.proto", "proto/nuncio/v1/message.proto"];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(files, ["proto"])?;
    // It is several times as large as any other entry, which would all take its room.
    let mut config = prost_build::Config::new();
    config.boxed(".nuncio.v1.Entry.body.group").compile_fds(descriptors)?;
    Ok(())
}
