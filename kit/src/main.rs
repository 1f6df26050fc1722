//! `pagefault-kit`: writes C files for scripts.
//!
//! `pagefault-kit FILE.pf` prints one; `pagefault-kit --into FOLDER --root SCRIPTS FILE.pf…` writes one for each script, a
//! `Makefile`, the runtime as `kit.h`, and the table `TABLE.md`.

use pagefault_kit::{Case, LeftOut, convert, makefile, runtime, table};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

struct Options {
    into: Option<PathBuf>,
    root: PathBuf,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let done = options().and_then(|options| match &options.into {
        Some(folder) => write_all(&options, folder),
        None => print_one(&options),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    use lexopt::prelude::*;
    let mut options = Options { into: None, root: PathBuf::new(), files: Vec::new() };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Long("into") => options.into = Some(parser.value().map_err(|error| error.to_string())?.into()),
            Long("root") => options.root = parser.value().map_err(|error| error.to_string())?.into(),
            Value(file) => options.files.push(file.into()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(options)
}

fn case(root: &Path, file: &Path) -> Result<Case, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.strip_prefix(root).unwrap_or(file).with_extension("");
    let name = name.to_string_lossy().into_owned();
    Ok(Case { outcome: convert(&format!("{name}.pf"), &text), name })
}

fn print_one(options: &Options) -> Result<(), String> {
    let [file] = &options.files[..] else { return Err("pagefault-kit FILE.pf, or --into FOLDER --root SCRIPTS FILE.pf…".into()) };
    let case = case(&options.root, file)?;
    let LeftOut(why) = match case.outcome {
        Ok(converted) => {
            print!("{}", converted.c);
            return Ok(());
        }
        Err(why) => why,
    };
    Err(format!("{}: left out: {why}", file.display()))
}

fn write_all(options: &Options, folder: &Path) -> Result<(), String> {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"));
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut cases = Vec::new();
    for file in &options.files {
        cases.push(case(&options.root, file)?);
    }
    let mut names = Vec::new();
    for case in &cases {
        if let Ok(converted) = &case.outcome {
            let name = case.name.replace('/', ".");
            write(&format!("{name}.c"), &converted.c)?;
            names.push(name);
        }
    }
    write("kit.h", &runtime())?;
    write("Makefile", &makefile(&names))?;
    write("TABLE.md", &table(&cases))?;
    println!("{} of {} scripts converted, {} left out", names.len(), cases.len(), cases.len() - names.len());
    Ok(())
}
