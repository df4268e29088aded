//! One loaded policy and its calls.

use crate::analysis::reads::NEVER_THERE;
use crate::coverage::Lines;
use crate::diagnose::Message;
use crate::helper;
use crate::load::{self, Checked};
use crate::markers::Marked;
use crate::verdict::{self, Failure};
use probate_contract::rego::{Coverage, Explained, LoadRequest, Loaded, Purpose, TestOutcome, TestReply};
use probate_contract::shape::nearest;
use probate_contract::{Action, Diagnostic, Verdict};
use regorus::{Engine, Value};
use std::collections::BTreeMap;

/// A loaded policy. Every call starts from the same prepared engine, so no answer depends on former calls.
pub struct Session {
    loaded: Loaded,
    entry: String,
    /// Prepared and never asked; what a call uses is a copy.
    pristine: Engine,
    parameters: Option<Value>,
    /// Functions of `data.probate` that the policy calls, and the lines.
    helpers: BTreeMap<String, Vec<String>>,
    marked: Option<Marked>,
    lines: Option<Lines>,
}

/// Loads a policy.
///
/// # Errors
/// The refusals, at least one.
pub fn load(request: &LoadRequest) -> Result<Session, Vec<Diagnostic>> {
    let parsed = load::parse(request)?;
    let (mut engine, checked) = load::check(request, parsed)?;
    let examples = match request.purpose {
        Purpose::Test => {
            Some(crate::example::document().map_err(|error| vec![Diagnostic::error("PB9001", error)])?)
        }
        Purpose::Evaluate | Purpose::Explain => None,
    };
    if let Some(document) = examples.clone() {
        engine.add_data(document).map_err(|error| vec![refusal("PB9001", &error)])?;
    }
    prepare(&mut engine, &checked.entry).map_err(|error| vec![refusal("PB2100", &error)])?;
    let Checked { mut loaded, entry, index, reachable, parameters, helpers } = checked;
    let mut lines = request.coverage.then(|| Lines::of(&index));
    engine.set_enable_coverage(request.coverage);
    loaded.parameters_schema =
        parameters_schema(&engine, &index, &entry, lines.as_mut()).map_err(|diagnostic| vec![*diagnostic])?;
    undeclared(&loaded.parameters_schema, parameters)?;
    let marked = if request.coverage || request.purpose == Purpose::Explain {
        let all = (0..index.nodes.len()).collect();
        let nodes = if request.coverage { &all } else { &reachable };
        Marked::of(request, &index, nodes, &entry, examples)
            .map_err(|error| {
                loaded
                    .diagnostics
                    .push(Diagnostic::note("PB9001", format!("no rule bodies can be told: {error}")))
            })
            .ok()
    } else {
        None
    };
    Ok(Session { loaded, entry, pristine: engine, parameters: None, helpers, marked, lines })
}

fn refusal(code: &str, error: &impl ToString) -> Diagnostic {
    Message::of(&error.to_string()).diagnostic(code, None)
}

/// Schedules the rules once, so that copies of the engine need not.
pub(crate) fn prepare(engine: &mut Engine, entry: &str) -> Result<(), String> {
    engine.compile_with_entrypoint(&entry.into()).map(|_| ()).map_err(|error| error.to_string())
}

/// A parameter that the schema lacks is never there: further properties are not allowed, and without a schema there are none.
fn undeclared(schema: &serde_json::Value, read: Vec<(String, Diagnostic)>) -> Result<(), Vec<Diagnostic>> {
    let none = serde_json::Map::new();
    let declared = schema.get("properties").and_then(serde_json::Value::as_object).unwrap_or(&none);
    let no_rule = schema.as_object().is_none_or(serde_json::Map::is_empty);
    let names: Vec<String> = declared.keys().cloned().collect();
    let mut wrong: Vec<Diagnostic> = read
        .into_iter()
        .filter(|(name, _)| !declared.contains_key(name))
        .map(|(name, diagnostic)| {
            let fix = match nearest(&name, names.iter()) {
                Some(other) => format!("did you mean `input.parameters.{other}`?"),
                None if no_rule => format!(
                    "declare it: parameters_schema := {{\"type\": \"object\", \"properties\": {{\"{name}\": {{\"type\": \"integer\"}}}}}}, or another type"
                ),
                None => "declare it in `parameters_schema`".to_owned(),
            };
            diagnostic.consequence(NEVER_THERE).fix(fix)
        })
        .collect();
    wrong.dedup();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The value of the constant rule `parameters_schema`, else `{}`.
fn parameters_schema(
    engine: &Engine,
    index: &crate::analysis::index::Index,
    entry: &str,
    lines: Option<&mut Lines>,
) -> Result<serde_json::Value, Box<Diagnostic>> {
    let package = entry.strip_suffix(".verdict").unwrap_or(entry);
    let rule = format!("{package}.parameters_schema");
    let Some(node) = index.nodes.iter().find(|node| crate::analysis::display(&node.path) == rule) else {
        return Ok(serde_json::json!({}));
    };
    let refuse = |message: String| {
        let span = crate::analysis::index::place(&node.rule);
        let diagnostic = crate::analysis::at(Diagnostic::error("PB2301", message), span);
        Box::new(diagnostic.fix(
            "write `parameters_schema := {\"type\": \"object\", \"properties\": {…}}` without conditions",
        ))
    };
    let mut engine = engine.clone();
    let value = engine.eval_rule(rule).map_err(|error| refuse(Message::of(&error.to_string()).text))?;
    if let Some(lines) = lines {
        lines.note(&engine);
    }
    if !matches!(value, Value::Object(_)) {
        return Err(refuse(format!(
            "`parameters_schema` is {}, not a constant object",
            verdict::kind(&value)
        )));
    }
    let text = value.to_json_str().map_err(|error| refuse(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))
}

impl Session {
    /// What is known of the program.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Takes the parameters; evidence that holds its own keeps them.
    ///
    /// # Errors
    /// A text that is no JSON object.
    pub fn configure(&mut self, parameters: &str) -> Result<(), String> {
        match Value::from_json_str(parameters) {
            Ok(value @ Value::Object(_)) => {
                self.parameters = Some(value);
                Ok(())
            }
            Ok(value) => {
                Err(format!("ParametersInvalid: the parameters are {}, not an object", verdict::kind(&value)))
            }
            Err(error) => Err(format!("ParametersInvalid: {}", Message::of(&error.to_string()).line())),
        }
    }

    /// Answers about one subject.
    ///
    /// # Errors
    /// The failure, its cause first.
    pub fn evaluate(&mut self, evidence: &str) -> Result<Verdict, Failure> {
        let input = self.input(evidence)?;
        let mut engine = self.pristine.clone();
        engine.set_input(input.clone());
        let value = engine.eval_rule(self.entry.clone());
        self.note_lines(&engine, &self.entry.clone(), input);
        self.verdict(value)
    }

    fn input(&self, evidence: &str) -> Result<Value, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Policy(Message::of(&error.to_string()).line());
        let mut input = Value::from_json_str(evidence).map_err(|error| failed(&error))?;
        let fields = input.as_object_mut().map_err(|error| failed(&error))?;
        if let Some(parameters) = &self.parameters
            && fields.get(&Value::from("parameters")).is_none()
        {
            fields.insert(Value::from("parameters"), parameters.clone());
        }
        Ok(input)
    }

    fn verdict(&self, value: anyhow::Result<Value>) -> Result<Verdict, Failure> {
        let value = value.map_err(|error| Failure::Policy(self.told(&error)))?;
        let mut verdict = verdict::of_value(&value)?;
        if verdict.basis.is_empty() && (verdict.action != Action::Abstain || !verdict.annotations.is_empty())
        {
            verdict.basis.clone_from(&self.loaded.paths);
        }
        Ok(verdict)
    }

    /// An error of the engine for the author.
    fn told(&self, error: &anyhow::Error) -> String {
        let text = error.to_string();
        helper::nonsense(&text, &self.helpers).unwrap_or_else(|| Message::of(&text).line())
    }

    fn note_lines(&mut self, engine: &Engine, rule: &str, input: Value) {
        let Some(lines) = &mut self.lines else { return };
        lines.note(engine);
        if let Some(marked) = &self.marked {
            lines.note_values(&marked.values(rule, input));
        }
    }

    /// Answers about one subject, with what `print` said and which bodies fired.
    pub fn explain(&mut self, evidence: &str) -> Explained {
        let input = match self.input(evidence) {
            Ok(input) => input,
            Err(failure) => return Explained { error: Some(failure.to_string()), ..Explained::default() },
        };
        let mut engine = self.pristine.clone();
        engine.set_input(input.clone());
        let value = engine.eval_rule(self.entry.clone());
        self.note_lines(&engine, &self.entry.clone(), input.clone());
        let answer = value.as_ref().ok().filter(|value| **value != Value::Undefined);
        let answer = answer.and_then(|value| serde_json::from_str(&value.to_json_str().ok()?).ok());
        Explained {
            fired: self.marked.as_ref().map(|marked| marked.fired(input)).unwrap_or_default(),
            prints: engine.take_prints().unwrap_or_default(),
            answer,
            error: self.verdict(value).err().map(|failure| failure.to_string()),
        }
    }

    /// Runs one native test.
    pub fn test(&mut self, name: &str) -> TestReply {
        if !self.loaded.tests.iter().any(|test| test.name == name) {
            let message = format!("there is no test `{name}`");
            return TestReply { outcome: TestOutcome::Errored, message, prints: Vec::new() };
        }
        let mut engine = self.pristine.clone();
        let (outcome, message) = match engine.eval_rule(name.to_owned()) {
            Ok(Value::Bool(true)) => (TestOutcome::Passed, String::new()),
            Ok(value) => (TestOutcome::Failed, format!("it is {}, not true", value_text(&value))),
            Err(error) => (TestOutcome::Errored, self.told(&error)),
        };
        self.note_lines(&engine, name, Value::Undefined);
        TestReply { outcome, message, prints: engine.take_prints().unwrap_or_default() }
    }

    /// The lines that calls since the load have reached.
    pub fn coverage(&self) -> Coverage {
        self.lines.as_ref().map(Lines::coverage).unwrap_or_default()
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        _ => verdict::kind(value).to_owned(),
    }
}
