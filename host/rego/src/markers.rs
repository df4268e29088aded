//! Which rule body fired: a copy of the policy in which the value of each body passes through a marker of its own. Coverage
//! cannot tell, for it marks a line on entry; and a marker among the statements of a body would be scheduled first.

use crate::analysis::display;
use crate::analysis::index::{Index, Role, place};
use crate::analysis::visit::{self, Part};
use crate::load;
use probate_contract::rego::{Fired, LoadRequest};
use regorus::unstable::{ExprRef, Rule, RuleBody, RuleHead, Span};
use regorus::{Engine, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// The function that marks; no author's name, and not one of the language.
const MARKER: &str = "probate_body_fired__";

/// The copy and what its markers mean.
pub(crate) struct Marked {
    engine: Engine,
    entry: String,
    bodies: Vec<Body>,
    fired: Arc<Mutex<BTreeSet<u64>>>,
}

/// A body and the lines of the value that it has when it fires.
#[derive(Clone, Debug)]
struct Body {
    head: Fired,
    lines: Vec<u64>,
}

/// Text to insert at a byte of a file.
type Edits = BTreeMap<String, Vec<(usize, String)>>;

impl Marked {
    /// Makes the copy.
    pub(crate) fn of(
        request: &LoadRequest,
        index: &Index,
        reachable: &BTreeSet<usize>,
        entry: &str,
        examples: Option<Value>,
    ) -> Result<Self, String> {
        let mut bodies = Vec::new();
        let mut edits = Edits::new();
        for number in reachable {
            let Some(node) = index.nodes.get(*number) else { continue };
            if index.file(node).is_some_and(|file| file.role == Role::Policy) {
                mark(&node.rule, &display(&node.path), &mut bodies, &mut edits);
            }
        }
        let mut copy = request.clone();
        for file in &mut copy.files {
            if let Some(edits) = edits.remove(&file.name) {
                file.text = insert(&file.text, edits)?;
            }
        }
        let parsed = load::parse(&copy).map_err(|diagnostics| format!("{diagnostics:?}"))?;
        let mut engine = parsed.engine;
        if let Some(document) = examples {
            engine.add_data(document).map_err(|error| error.to_string())?;
        }
        let fired = Arc::new(Mutex::new(BTreeSet::new()));
        let noted = Arc::clone(&fired);
        let marker = move |arguments: Vec<Value>| -> anyhow::Result<Value> {
            let mut arguments = arguments.into_iter();
            let number = arguments.next().and_then(|number| number.as_u64().ok());
            if let (Some(number), Ok(mut fired)) = (number, noted.lock()) {
                fired.insert(number);
            }
            arguments.next().ok_or_else(|| anyhow::anyhow!("a marker has no value"))
        };
        engine.add_extension(MARKER.into(), 2, Box::new(marker)).map_err(|error| error.to_string())?;
        crate::session::prepare(&mut engine, entry)?;
        Ok(Self { engine, entry: entry.to_owned(), bodies, fired })
    }

    /// The bodies that fire for this input, those of the entry point first.
    pub(crate) fn fired(&self, input: Value) -> Vec<Fired> {
        let mut fired: Vec<Fired> =
            self.run(&self.entry, input).into_iter().map(|body| body.head.clone()).collect();
        fired.sort_by(|left, right| {
            let key = |body: &Fired| (body.rule != self.entry, body.clone());
            key(left).cmp(&key(right))
        });
        fired
    }

    /// Files and lines of the values that evaluating `rule` has.
    pub(crate) fn values(&self, rule: &str, input: Value) -> Vec<(&str, &[u64])> {
        self.run(rule, input)
            .into_iter()
            .map(|body| (body.head.file.as_str(), body.lines.as_slice()))
            .collect()
    }

    fn run(&self, rule: &str, input: Value) -> Vec<&Body> {
        if let Ok(mut fired) = self.fired.lock() {
            fired.clear();
        }
        let mut engine = self.engine.clone();
        engine.set_input(input);
        // An error is the answer's to report; what fired before it still did.
        let _ = engine.eval_rule(rule.to_owned());
        let Ok(fired) = self.fired.lock() else { return Vec::new() };
        fired.iter().filter_map(|number| self.bodies.get(usize::try_from(*number).ok()?)).collect()
    }
}

fn mark(rule: &Rule, name: &str, bodies: &mut Vec<Body>, edits: &mut Edits) {
    let Rule::Spec { head, bodies: own, .. } = rule else { return };
    let next = |span: &Span, value: Option<&ExprRef>, bodies: &mut Vec<Body>| {
        let number = bodies.len();
        let head = Fired { rule: name.to_owned(), file: span.source.file().clone(), line: span.line.into() };
        let mut lines = Vec::new();
        let parts = value.into_iter().map(Part::Expr).collect();
        visit::walk(parts, &mut |expr| lines.push(expr.span().line.into()), &mut |_| {});
        bodies.push(Body { head, lines });
        number
    };
    let file = edits.entry(place(rule).source.file().clone()).or_default();
    let number = next(place(rule), None, bodies);
    match head {
        RuleHead::Compr { span, assign, .. } | RuleHead::Func { span, assign, .. } => match assign {
            Some(assign) => {
                wrap(file, number, after(&assign.span, 0, operator(&assign.span)), end(&assign.span))
            }
            None => file.push((end(span), format!(" := {MARKER}({number}, true)"))),
        },
        RuleHead::Set { span, refr, key } => {
            if key.is_some() {
                let keyword = after(span, end(refr.span()).saturating_sub(start(span)), "contains");
                wrap(file, number, keyword, end(span));
            }
        }
    }
    for body in own.iter().filter(|body| body.is_else) {
        let value = body.assign.as_ref().map(|assign| &assign.value);
        let number = next(&body.span, value, bodies);
        mark_else(body, number, file);
    }
}

fn mark_else(body: &RuleBody, number: usize, file: &mut Vec<(usize, String)>) {
    match &body.assign {
        Some(assign) => wrap(file, number, after(&assign.span, 0, operator(&assign.span)), end(&assign.span)),
        None => file.push((start(&body.span) + "else".len(), format!(" := {MARKER}({number}, true)"))),
    }
}

fn wrap(file: &mut Vec<(usize, String)>, number: usize, from: usize, to: usize) {
    file.push((from, format!(" {MARKER}({number}, ")));
    file.push((to, ")".to_owned()));
}

fn start(span: &Span) -> usize {
    usize::try_from(span.start).unwrap_or(usize::MAX)
}

/// The byte behind a span; that of a text ends before its closing quote.
fn end(span: &Span) -> usize {
    let end = usize::try_from(span.end).unwrap_or(usize::MAX);
    let quoted = span.source.contents().get(end..).is_some_and(|rest| rest.starts_with(['"', '`']));
    if quoted { end + 1 } else { end }
}

fn operator(span: &Span) -> &'static str {
    if span.text().starts_with(":=") { ":=" } else { "=" }
}

/// The byte behind the first `word` in the span, looked for from `offset` on.
fn after(span: &Span, offset: usize, word: &str) -> usize {
    let found = span.text().get(offset..).and_then(|text| text.find(word));
    start(span) + offset + found.unwrap_or(0) + word.len()
}

fn insert(text: &str, mut edits: Vec<(usize, String)>) -> Result<String, String> {
    // Where two meet, what closes comes before what opens.
    edits.sort_by(|left, right| left.0.cmp(&right.0));
    let mut copy = String::with_capacity(text.len() + edits.len() * 32);
    let mut done = 0;
    for (position, addition) in edits {
        copy.push_str(text.get(done..position).ok_or("a marker falls outside of its file")?);
        copy.push_str(&addition);
        done = position;
    }
    copy.push_str(text.get(done..).ok_or("a marker falls outside of its file")?);
    Ok(copy)
}
