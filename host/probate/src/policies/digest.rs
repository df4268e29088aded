//! Writes a program's digest into its manifest: a text edit, so that comments and layout stay.

use granit_parser::{Event, Parser, Span};

/// Where the digest belongs.
enum Place {
    /// In the place of the one that is there.
    Instead(std::ops::Range<usize>),
    /// Before the first key of `program`, on a line of its own.
    Block { at: usize, column: usize },
    /// After the opening brace of `program`.
    Flow { at: usize },
}

/// The text with that digest in the given document, counted from 0; `None` where it has no `spec.program`.
pub fn write(text: &str, document: usize, digest: &str) -> Option<String> {
    let (range, written) = match place(text, document)? {
        Place::Instead(range) => (range, format!("\"{digest}\"")),
        Place::Block { at, column } => (at..at, format!("digest: \"{digest}\"\n{:column$}", "")),
        Place::Flow { at } => (at..at, format!("\"digest\": \"{digest}\", ")),
    };
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    Some(format!("{before}{written}{after}"))
}

/// An open mapping or sequence.
struct Open {
    mapping: bool,
    /// The key whose value comes next.
    key: Option<String>,
    /// True for `spec.program`.
    program: bool,
}

fn place(text: &str, document: usize) -> Option<Place> {
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0_usize;
    let mut found: Option<Place> = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::DocumentEnd if at == document => return found,
            Event::DocumentEnd => at += 1,
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let path: Vec<&str> = open.iter().filter_map(|open| open.key.as_deref()).collect();
                let program = at == document && path == ["spec", "program"] && open.len() == 2;
                if program {
                    found = flow(text, &span);
                }
                let mapping = matches!(event, Event::MappingStart(..));
                open.push(Open { mapping, key: None, program });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                after_value(&mut open);
            }
            Event::Scalar(value, ..) => {
                let Some(last) = open.last_mut().filter(|open| open.mapping) else { continue };
                match last.key.take() {
                    None => {
                        if last.program && found.is_none() {
                            found = Some(Place::Block { at: start(&span)?, column: span.start.col() });
                        }
                        last.key = Some(value.into_owned());
                    }
                    Some(key) if last.program && key == "digest" => {
                        found = Some(Place::Instead(span.byte_range()?));
                    }
                    Some(_) => {}
                }
            }
            Event::Alias(_) => after_value(&mut open),
            _ => {}
        }
    }
    None
}

/// Of a mapping in braces.
fn flow(text: &str, span: &Span) -> Option<Place> {
    let at = start(span)?;
    text.get(at..)?.starts_with('{').then_some(Place::Flow { at: at + 1 })
}

fn start(span: &Span) -> Option<usize> {
    span.byte_range().map(|range| range.start)
}

fn after_value(open: &mut [Open]) {
    if let Some(last) = open.last_mut() {
        last.key = None;
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use serde_json::Value;

    fn digest(text: &str, document: usize) -> Value {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        documents[document]["spec"]["program"]["digest"].clone()
    }

    #[test]
    fn every_layout_keeps_its_comments() {
        let texts = [
            "spec:\n  mode: Enforce # why\n  program:\n    # the program\n    rego: {files: [p.rego]}\n",
            "spec:\n  program: {rego: {files: [p.rego]}} # the program\n",
            "# head\nspec:\n  program:\n    rego:\n      files: [p.rego]\n    digest: sha256:0 # why\n  mode: Audit\n",
            "{\"spec\": {\"program\": {\"rego\": {\"files\": [\"p.rego\"]}, \"digest\": \"sha256:0\"}}} # why\n",
        ];
        for text in texts {
            let written = write(text, 0, "sha256:abc").unwrap();
            assert_eq!(digest(&written, 0), "sha256:abc", "{written}");
            assert_eq!(written.matches('#').count(), text.matches('#').count(), "{written}");
            assert_eq!(write(&written, 0, "sha256:abc").unwrap(), written);
        }
    }

    #[test]
    fn only_the_document_that_is_meant_changes() {
        let text = "spec: {program: {rego: {}}}\n---\nspec:\n  other: {program: {}}\n  program:\n    wasm: {file: p.wasm}\n";
        let written = write(text, 1, "sha256:abc").unwrap();
        assert_eq!((digest(&written, 0), digest(&written, 1)), (Value::Null, "sha256:abc".into()));
        assert!(written.starts_with("spec: {program: {rego: {}}}\n---\n"));
        assert!(write("spec: {}\n", 0, "sha256:abc").is_none());
    }
}
