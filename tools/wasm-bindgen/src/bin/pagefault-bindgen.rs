//! `wasm-bindgen`, at the version of this folder's Cargo.lock. (rustc refuses to build anything else under that name.)
fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())
}
