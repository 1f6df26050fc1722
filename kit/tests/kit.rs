//! The converter: every script becomes C or is left out with a reason; what two small ones become.

use pagefault_kit::{LeftOut, convert, makefile, runtime};
use std::path::{Path, PathBuf};

fn scripts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts")
}

fn scripts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let folders = std::fs::read_dir(scripts_folder()).expect("the scripts");
    for folder in folders.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && !path.ends_with("real")) {
        let files = std::fs::read_dir(folder).expect("a folder of scripts").flatten().map(|entry| entry.path());
        found.extend(files.filter(|path| path.extension().is_some_and(|ending| ending == "pf")));
    }
    found.sort();
    found
}

#[test]
fn every_script_is_converted_or_left_out_with_a_reason() {
    let (mut converted, mut left_out) = (0, 0);
    for path in scripts() {
        let text = std::fs::read_to_string(&path).expect("a script");
        match convert("x.pf", &text) {
            Ok(done) => {
                assert!(done.statements > 0, "{}: nothing is run", path.display());
                converted += 1;
            }
            Err(LeftOut(why)) => {
                assert!(!why.is_empty(), "{}: no reason", path.display());
                assert!(!why.starts_with("it does not run") && !why.starts_with("it is no script"), "{}: {why}", path.display());
                left_out += 1;
            }
        }
    }
    assert!(converted >= 330, "{converted} converted, {left_out} left out");
}

/// What is the file's own: between the runtime and the guardian.
fn own_part(c: &str) -> &str {
    let from = c.find("/* ---- The script. ---- */").expect("the script's part");
    let to = c.find("/* ---- The guardian").expect("the guardian");
    &c[from..to]
}

/// `UPDATE=1 cargo test -p pagefault-kit` writes them anew.
#[test]
fn two_small_scripts_become_what_they_did() {
    for name in ["peers/wiped-in-child", "peers/signal-behind-end-of-file"] {
        let text = std::fs::read_to_string(scripts_folder().join(format!("{name}.pf"))).expect("a script");
        let c = convert(&format!("{name}.pf"), &text).expect("it is converted").c;
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{}.c", name.replace('/', ".")));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(golden.parent().expect("a folder")).expect("it can be made");
            std::fs::write(&golden, own_part(&c)).expect("it can be written");
        }
        assert_eq!(own_part(&c), std::fs::read_to_string(&golden).expect("the golden file"), "{name}");
    }
}

#[test]
fn what_cannot_be_converted_is_told() {
    let why = |text: &str| convert("x.pf", text).expect_err("it is left out").0;
    assert!(why("execve(\"/bin/program\", 0, 0) = 0").contains("execve"));
    assert!(why("@ram 64M\nbrk(0)").contains("certain size"));
    assert!(why("open(\"/proc/self/maps\", O_RDONLY)").contains("/proc"));
    assert!(why("mmap(0x300000, 4K, 3, 0x32, -1, 0)").contains("the program itself"));
    assert!(why("mmap(NULL").contains("no script"));
}

#[test]
fn what_a_file_says_is_plain_c() {
    let done = convert("a*/b.pf", "# a comment */ with an end\na = mmap(NULL, 4K, 3, 0x22, -1, 0)\nstore(a, \"\\\"?\\\\\") = 3")
        .expect("it is converted");
    assert!(done.c.starts_with("/* a* /b.pf\n * a comment * / with an end\n"), "{}", &done.c[..80]);
    assert!(done.c.contains(r#"store_bytes(N_a, "\"\?\\", 3);"#));
    assert!(done.c.contains(&runtime()[..200]));
    assert!(makefile(&["a.b".into()]).contains("\ta.b \\\n"));
}
