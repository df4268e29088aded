//! From regorus' messages, which are text with a picture of the line, to diagnostics with a place.

use probate_contract::Diagnostic;

/// A message of regorus taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// File, line and column, if it names them.
    pub(crate) place: Option<(String, u64, u64)>,
    /// What it says, on one line.
    pub(crate) text: String,
}

impl Message {
    /// Takes `--> file:line:col`, the picture and `error: text` apart; any other text stands for itself.
    pub(crate) fn of(message: &str) -> Self {
        let place = message.split("--> ").nth(1).and_then(|rest| {
            let mut parts = rest.lines().next()?.rsplitn(3, ':');
            let column = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            Some((parts.next()?.to_owned(), line, column))
        });
        let text = match (&place, message.split("\nerror: ").nth(1)) {
            (Some(_), Some(text)) => text,
            _ => message,
        };
        Self { place, text: one_line(text) }
    }

    /// As text: `file:line: what`.
    pub(crate) fn line(&self) -> String {
        match &self.place {
            Some((file, line, _)) => format!("{file}:{line}: {}", self.text),
            None => self.text.clone(),
        }
    }

    /// As a refusal with this code; `file` where the message names none.
    pub(crate) fn diagnostic(self, code: &str, file: Option<&str>) -> Diagnostic {
        let diagnostic = Diagnostic::error(code, self.text);
        match (self.place, file) {
            (Some((file, line, column)), _) => diagnostic.file(file).at(line, column),
            (None, Some(file)) => diagnostic.file(file),
            (None, None) => diagnostic,
        }
    }
}

fn one_line(text: &str) -> String {
    let printable =
        |c: char| if probate_contract::verdict::printable(c.encode_utf8(&mut [0; 4])) { c } else { ' ' };
    let words: String = text.chars().map(printable).collect();
    let mut line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(400) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn a_message_with_a_picture_gives_its_place() {
        let message =
            Message::of("\n--> lib/a.rego:3:7\n  |\n3 | x := y z\n  |       ^\nerror: expected `]`\nhere");
        assert_eq!(message.place, Some(("lib/a.rego".into(), 3, 7)));
        assert_eq!(message.text, "expected `]` here");
        assert_eq!(Message::of("a.rego exceeds it").text, "a.rego exceeds it");
    }
}
