//! Codes and causes.

use super::style;
use super::table::{Cell, Table};
use crate::cli::Format;
use crate::codes::Code;
use crate::exit::Stop;
use probate_contract::cause::Group;
use probate_contract::{API_VERSION, Cause};
use schemars::JsonSchema;
use serde::Serialize;

/// A code or cause, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meaning {
    /// `PB` and four digits, or a cause's name.
    name: String,
    /// What it is about.
    group: &'static str,
    /// What it says.
    title: &'static str,
    /// Where it comes from and what follows.
    #[serde(skip_serializing_if = "str::is_empty")]
    cause: &'static str,
    /// What to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    fix: &'static str,
}

impl From<&Code> for Meaning {
    fn from(code: &Code) -> Self {
        let group = match code.code.get(..4) {
            Some("PB20") => "manifest",
            Some("PB21") => "Rego",
            Some("PB22") => "Wasm",
            Some("PB23") => "parameters",
            _ => match code.code.get(..3) {
                Some("PB0") => "command line",
                Some("PB1") => "dumps and records",
                Some("PB3") => "evaluation",
                Some("PB5") => "plan",
                Some("PB6") => "cluster",
                Some("PB7") => "log and replay",
                Some("PB8") => "tests",
                _ => "our fault",
            },
        };
        Self { name: code.code.into(), group, title: code.title, cause: code.cause, fix: code.fix }
    }
}

impl From<Cause> for Meaning {
    fn from(cause: Cause) -> Self {
        let (group, fix) = match cause.group() {
            Group::Policy => {
                ("cause: what policies said", "`probate explain OBJECT` shows each policy's answer.")
            }
            Group::Evidence => {
                ("cause: what is not known", "The plan names what is missing and what would supply it.")
            }
            Group::Guard => {
                ("cause: a guard that nothing lifts", "`probate explain OBJECT` shows what holds it.")
            }
            Group::Consent => {
                ("cause: a guard that a policy can consent to", "Name it in spec.consents if it may go.")
            }
            Group::Rate => ("cause: pace", "It is the controller's; a plan from dumps is not paced."),
            Group::Error => {
                ("cause: a policy failed", "Its vote is Retain; `probate check` and `explain` show why.")
            }
            Group::Protocol => ("cause: the deletion protocol", "It is the controller's."),
        };
        Self { name: cause.to_string(), group, title: cause.meaning(), cause: "", fix }
    }
}

/// `kind: CodeList`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CodeList")]
pub struct List<'a> {
    /// `probate.dev/v1alpha1`.
    api_version: &'static str,
    /// `CodeList`.
    kind: &'static str,
    /// Codes, then causes.
    codes: &'a [Meaning],
}

/// Prints codes and causes.
///
/// # Errors
/// Standard output cannot be written.
pub fn codes(meanings: &[Meaning], one: bool, format: Format) -> Result<(), Stop> {
    let list = List { api_version: API_VERSION, kind: "CodeList", codes: meanings };
    match format {
        Format::Json | Format::Yaml => super::document(&list, format),
        Format::Name => {
            super::text(&meanings.iter().map(|meaning| format!("{}\n", meaning.name)).collect::<String>())
        }
        Format::Table if !one => super::text(&table(meanings)),
        Format::Table | Format::Wide => {
            super::text(&meanings.iter().map(page).collect::<Vec<_>>().join("\n"))
        }
    }
}

fn table(meanings: &[Meaning]) -> String {
    let mut table = Table::new(&["CODE", "ABOUT", "MEANING"]);
    for meaning in meanings {
        table.row(vec![
            Cell::styled(meaning.name.clone(), style::HEAD),
            meaning.group.into(),
            meaning.title.into(),
        ]);
    }
    table.render(super::width())
}

fn page(meaning: &Meaning) -> String {
    let mut text = format!("{}{}{:#}: {}\n", style::HEAD, meaning.name, style::HEAD, meaning.title);
    text.push_str(&format!("  about   {}\n", meaning.group));
    for (name, value) in [("cause", meaning.cause), ("fix", meaning.fix)] {
        if !value.is_empty() {
            text.push_str(&format!("  {name:<5}   {value}\n"));
        }
    }
    text
}
