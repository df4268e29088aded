//! `probate init`: a policy that works, with a manifest, tests and a README.

use crate::cli::{InitArgs, Language};
use crate::exit::{Exit, Outcome, Stop};
use crate::print;
use probate_contract::Diagnostic;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

const REGO: [(&str, &str); 4] = [
    ("policy.rego", include_str!("rego/policy.rego")),
    ("policy.yaml", include_str!("rego/policy.yaml")),
    ("cases.yaml", include_str!("cases.yaml")),
    ("README.md", include_str!("rego/README.md")),
];
const RUST: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("rust/Cargo.toml.in")),
    ("rust-toolchain.toml", include_str!("../../../../../rust-toolchain.toml")),
    (".gitignore", "target/\n"),
    ("src/lib.rs", include_str!("rust/lib.rs.in")),
    ("policy.yaml", include_str!("rust/policy.yaml")),
    ("cases.yaml", include_str!("cases.yaml")),
    (
        "README.md",
        concat!(include_str!("rust/README.md"), include_str!("../../../../../sdk/rust/METHODS.md")),
    ),
];

/// Words of Rego and Rust, and names that something else has.
const TAKEN: [&str; 58] = [
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "contains", "continue",
    "core", "crate", "data", "default", "do", "dyn", "else", "enum", "every", "extern", "false", "final",
    "fn", "for", "gen", "if", "impl", "import", "in", "input", "let", "loop", "macro", "match", "mod",
    "move", "mut", "not", "null", "package", "probate", "pub", "ref", "return", "self", "some", "static",
    "std", "struct", "super", "test", "trait", "true", "type", "use", "while", "with",
];

/// Runs the command.
///
/// # Errors
/// The folder is not empty or cannot be written, or there is no SDK at --sdk.
pub fn run(args: &InitArgs) -> Outcome {
    let folder = &args.directory;
    empty(folder)?;
    let absolute = std::path::absolute(folder).map_err(|error| refused(folder, &error.to_string()))?;
    let name = name(&absolute);
    let shown = print::quoted(&folder.display().to_string());
    let (files, sdk): (&[(&str, &str)], String) = match args.language {
        Language::Rego => (&REGO, String::new()),
        Language::Rust => (&RUST, sdk(&absolute, args.sdk.as_deref())?),
    };
    let crate_name = name.replace(['-', '.'], "_");
    let title = name.replace(['-', '.'], " ");
    // Longer words first: one may be part of another.
    let words = [("PACKAGE", crate_name.as_str()), ("CRATE", &crate_name), ("TITLE", &title), ("SDK", &sdk)];
    for (file, template) in files {
        let mut text =
            words.iter().fold((*template).to_owned(), |text, (word, value)| text.replace(word, value));
        if *file == "README.md" {
            text = text.replace("# NAME\n", &format!("# {name}\n")).replace(" DIR", &format!(" {shown}"));
        } else {
            text = text
                .replace("name: NAME", &format!("name: {name}"))
                .replace("\"NAME\"", &format!("\"{name}\""));
        }
        write(&folder.join(file), &text).map_err(|error| refused(folder, &error.to_string()))?;
    }
    print::text(&next(args.language, &shown, files, &sdk))?;
    Ok(Exit::Done)
}

fn next(language: Language, shown: &str, files: &[(&str, &str)], sdk: &str) -> String {
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let build = match language {
        Language::Rego => String::new(),
        Language::Rust => {
            format!("  (cd {shown} && cargo build --release --target wasm32-wasip2 --target-dir target)\n")
        }
    };
    let sdk = match language {
        Language::Rego => String::new(),
        Language::Rust => format!("probate-sdk: {sdk} (another one: --sdk PATH/sdk/rust)\n"),
    };
    format!("{shown}: {}\n{sdk}\nNext:\n{build}  probate test {shown}\n", names.join(", "))
}

fn refused(folder: &Path, message: &str) -> Stop {
    Stop::invalid(vec![
        Diagnostic::error("PB0005", message).file(folder.display().to_string()).fix("name another folder"),
    ])
}

/// Nothing is overwritten.
fn empty(folder: &Path) -> Result<(), Stop> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Stop {
            exit: Exit::Usage,
            diagnostics: vec![
                Diagnostic::error("PB0005", "the folder is not empty")
                    .file(folder.display().to_string())
                    .fix("name a new folder: nothing is overwritten"),
            ],
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(refused(folder, &error.to_string())),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
}

/// A name for policy, package and crate, made of the folder's.
fn name(folder: &Path) -> String {
    let stem = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut name = String::new();
    for part in plain.split('-').filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(part);
    }
    match name.chars().next() {
        None => "policy".into(),
        // Neither a Rego package nor a crate begins with a digit.
        Some(first) if first.is_ascii_digit() => format!("policy-{name}"),
        Some(_) if TAKEN.contains(&name.as_str()) => format!("{name}-policy"),
        Some(_) => name,
    }
}

/// How Cargo finds the SDK: the path that is given, the checkout that the folder or the user is in, else the repository at this
/// version.
fn sdk(folder: &Path, given: Option<&Path>) -> Result<String, Stop> {
    if let Some(given) = given {
        if !is_sdk(given) {
            let message = format!("{}: there is no crate probate-sdk here", given.display());
            return Err(Stop::usage("PB0006", message, "give the folder sdk/rust of a checkout"));
        }
        let path = std::path::absolute(given).map_err(crate::internal)?;
        return Ok(path_dependency(&relative(folder, &path)));
    }
    let here = std::env::current_dir().unwrap_or_default();
    let around = folder.ancestors().chain(here.ancestors());
    let found = around.map(|folder| folder.join("sdk").join("rust")).find(|path| is_sdk(path));
    Ok(match found {
        Some(path) => path_dependency(&relative(folder, &path)),
        None => {
            let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
            format!("git = \"{repository}\", tag = \"v{version}\"")
        }
    })
}

fn path_dependency(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/").replace('"', "\\\"");
    format!("path = \"{text}\"")
}

fn is_sdk(folder: &Path) -> bool {
    fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("name = \"probate-sdk\""))
}

/// The way from one folder to another; both are absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (clean(from), clean(to));
    let common = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    // Nothing but the root is shared: a way up to it would be longer and no more portable.
    if common <= 1 {
        return to.iter().collect();
    }
    let up = from.iter().skip(common).map(|_| PathBuf::from(".."));
    up.chain(to.iter().skip(common).cloned()).collect()
}

/// The parts of a path, without `.` and `..`.
fn clean(path: &Path) -> Vec<PathBuf> {
    let mut parts: Vec<PathBuf> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(PathBuf::from(other.as_os_str())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{name, relative};
    use std::path::Path;

    #[test]
    fn names_suit_policy_package_and_crate() {
        for (folder, expected) in [
            ("/a/dev-claims", "dev-claims"),
            ("/a/My Policy_2", "my-policy-2"),
            ("/a/2weeks", "policy-2weeks"),
            ("/a/probate", "probate-policy"),
            ("/a/…", "policy"),
            ("/", "policy"),
        ] {
            assert_eq!(name(Path::new(folder)), expected);
        }
    }

    #[test]
    fn the_sdk_is_found_from_anywhere() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/src/checkout/x", "/src/checkout/sdk/rust"), "../sdk/rust");
        assert_eq!(way("/src/checkout/a/./b", "/src/checkout/a/../sdk/rust"), "../../sdk/rust");
        assert_eq!(way("/home/me/x", "/opt/probate/sdk/rust"), "/opt/probate/sdk/rust");
    }
}
