//! Files before they are parsed: how deep they nest, and the METADATA in their comments.

use probate_contract::Diagnostic;
use probate_contract::rego::SourceFile;
use yaml_rust2::{Yaml, YamlLoader};

/// Deepest nesting of `[` and `{`; the parser takes about twice as long for each level.
const MAX_NESTING: usize = 14;

/// Files of native tests end so.
pub(crate) const TEST_SUFFIX: &str = "_test.rego";

/// Refuses a file that the parser would not get through in reasonable time.
pub(crate) fn check_nesting(file: &SourceFile) -> Option<Diagnostic> {
    let mut depth = 0_usize;
    let (mut line, mut column) = (1, 0);
    let mut characters = file.text.chars();
    // The character that ends what is skipped: a comment, a string or a raw string.
    let mut until = None;
    while let Some(c) = characters.next() {
        column += 1;
        if c == '\n' {
            line += 1;
            column = 0;
        }
        match (until, c) {
            (Some('"'), '\\') => {
                characters.next();
                column += 1;
            }
            (Some('"'), '\n') => until = None,
            (Some(end), c) if end == c => until = None,
            (Some(_), _) => {}
            (None, '#') => until = Some('\n'),
            (None, '"' | '`') => until = Some(c),
            (None, '[' | '{') => {
                depth += 1;
                if depth > MAX_NESTING {
                    let message = format!("brackets nest deeper than {MAX_NESTING} levels");
                    let diagnostic = Diagnostic::error("PB2100", message).file(&file.name).at(line, column);
                    return Some(diagnostic.fix("give the inner parts rules of their own"));
                }
            }
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

/// What a METADATA block says of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    /// `custom.version` as people write it: `1.0.0`, or the number `1.2`.
    pub(crate) version: Option<String>,
}

impl Metadata {
    fn read(yaml: &str) -> Result<Self, String> {
        let documents = YamlLoader::load_from_str(yaml).map_err(|error| error.to_string())?;
        let Some(block) = documents.first() else { return Ok(Self::default()) };
        if block.as_hash().is_none() && !block.is_null() {
            return Err("it is no mapping".into());
        }
        let text = |name: &str| match &block[name] {
            Yaml::BadValue | Yaml::Null => Ok(None),
            Yaml::String(text) => Ok(Some(text.clone())),
            _ => Err(format!("`{name}` is no text")),
        };
        let version = match &block["custom"]["version"] {
            Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
            Yaml::Integer(number) => Some(number.to_string()),
            _ => None,
        };
        Ok(Self { title: text("title")?, description: text("description")?, version })
    }
}

/// The METADATA block of a file that stands before its `package`, or the one before `verdict`.
pub(crate) fn metadata(file: &SourceFile) -> Result<Metadata, Box<Diagnostic>> {
    let mut best: Option<(u64, String)> = None;
    let mut open: Option<(u64, String)> = None;
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(comment) = line.strip_prefix('#') {
            if comment.trim() == "METADATA" {
                open = Some((number, String::new()));
            } else if let Some((_, yaml)) = &mut open {
                yaml.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                yaml.push('\n');
            }
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        let package = line.starts_with("package");
        if let Some(block) = open.take()
            && (package || (best.is_none() && line.starts_with("verdict")))
        {
            best = Some(block);
            if package {
                break;
            }
        }
    }
    let Some((line, yaml)) = best else { return Ok(Metadata::default()) };
    Metadata::read(&yaml).map_err(|reason| {
        let diagnostic =
            Diagnostic::warning("PB2100", format!("the METADATA does not read as YAML: {reason}"));
        Box::new(diagnostic.file(&file.name).at(line, 1).fix("write `# title: …` lines under `# METADATA`"))
    })
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, check_nesting, metadata};

    fn file(text: &str) -> SourceFile {
        SourceFile { name: "a.rego".into(), text: text.into() }
    }

    #[test]
    fn brackets_in_text_and_comments_do_not_nest() {
        let text = format!("package a\n# {0}\nx := \"{0}\\\"\"\ny := `{0}`\n", "[".repeat(40));
        assert_eq!(check_nesting(&file(&text)), None);
        let deep = check_nesting(&file(&format!("package a\nx := {}", "[".repeat(15)))).unwrap();
        assert_eq!((deep.code.as_str(), deep.line, deep.column), ("PB2100", Some(2), Some(20)));
    }

    #[test]
    fn metadata_stands_before_the_package() {
        let text = "# Copyright\n\n# METADATA\n# title: Unused claims\n# description: >\n#   Two\n#   lines.\n# custom: {version: 1.0.0}\npackage a\n";
        let found = metadata(&file(text)).unwrap();
        assert_eq!(found.title.as_deref(), Some("Unused claims"));
        assert_eq!(found.description.as_deref().map(str::trim), Some("Two lines."));
        assert_eq!(found.version.as_deref(), Some("1.0.0"));
        assert_eq!(metadata(&file("package a\n")).unwrap(), super::Metadata::default());
        let broken = metadata(&file("# METADATA\n# title: [\npackage a\n")).unwrap_err();
        assert_eq!((broken.code.as_str(), broken.line), ("PB2100", Some(1)));
    }
}
