//! The scan of one rule: which paths it reads, what it refers to, and what of that is refused.

use super::chain::{self, Root, Step};
use super::compare;
use super::index::Role;
use super::negation;
use super::program::{Function, Program, Target};
use super::shape::{self, Place};
use super::visit::{self, Part};
use super::{at, begin, display, kinds};
use crate::helper;
use probate_contract::Diagnostic;
use probate_contract::shape::nearest;
use regorus::unstable::{BUILTINS, Expr, ExprRef, Literal, LiteralStmt, Span};
use std::collections::BTreeSet;

/// A path below `input` that a rule reads.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    pub(crate) keys: Vec<String>,
    pub(crate) span: &'a Span,
}

/// A rule or package that a rule refers to.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) path: Vec<String>,
    /// False where a local name may shadow it: it counts for what is read, not as a cycle.
    pub(crate) certain: bool,
}

/// What a scan finds.
#[derive(Debug, Default)]
pub(crate) struct Scan<'a> {
    pub(crate) reads: Vec<Read<'a>>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Functions of `data.probate` that a policy calls, and where.
    pub(crate) helpers: Vec<(String, &'a Span)>,
    /// Those of them that are called with constant text.
    pub(crate) calls: Vec<helper::Call<'a>>,
}

/// What comes of a path that no evidence has.
pub(crate) const NEVER_THERE: &str = "what reads it never holds, and under `not` always does";

/// Built-ins that would make an answer depend on more than the evidence.
const REFUSED: [(&str, &str); 4] = [
    ("http.send", "a policy has no network; put what it needs into the evidence or the parameters"),
    ("opa.runtime", "a policy has no environment; use `input.parameters`"),
    ("rand.intn", "a policy has no randomness; the same evidence must give the same answer"),
    ("uuid.rfc4122", "a policy has no randomness; use a uid of the evidence"),
];

/// Scans one node.
pub(crate) fn scan<'a>(program: &Program<'a>, number: usize) -> Scan<'a> {
    let mut scanner = Scanner { program, number, role: Role::Policy, scan: Scan::default() };
    if let Some((node, locals)) = program.node(number) {
        scanner.role = program.index.file(node).map_or(Role::Policy, |file| file.role);
        for (name, local) in locals.names() {
            if let (true, Some(span)) = (matches!(name, "input" | "data"), local.span) {
                let message = format!("a local name hides `{name}`");
                scanner
                    .scan
                    .diagnostics
                    .push(at(Diagnostic::error("PB2100", message), span).fix("rename it"));
            }
        }
        for part in visit::of_rule(&node.rule) {
            scanner.part(part);
        }
    }
    scanner.scan
}

struct Scanner<'p, 'a> {
    program: &'p Program<'a>,
    number: usize,
    role: Role,
    scan: Scan<'a>,
}

impl<'a> Scanner<'_, 'a> {
    fn refuse(&mut self, code: &str, message: String, span: &Span, fix: impl Into<String>) {
        self.scan.diagnostics.push(at(Diagnostic::error(code, message), span).fix(fix));
    }

    fn part(&mut self, part: Part<'a>) {
        match part {
            Part::Expr(expr) => self.expr(expr),
            Part::Query(query) => query.stmts.iter().for_each(|statement| self.statement(statement)),
        }
    }

    fn statement(&mut self, statement: &'a LiteralStmt) {
        if let (Role::Policy, Some(with)) = (self.role, statement.with_mods.first()) {
            let fix = "move it to a `*_test.rego` file, or pass what differs as an argument of a function";
            self.refuse("PB2100", "`with` stands outside tests".into(), &with.span, fix);
        }
        if let Literal::NotExpr { expr, .. } = &statement.literal
            && self.role == Role::Policy
        {
            self.scan.diagnostics.extend(negation::check(self.program, self.number, expr));
        }
        visit::of_statement(statement).into_iter().for_each(|part| self.part(part));
    }

    fn expr(&mut self, expr: &'a ExprRef) {
        if self.role == Role::Policy {
            self.scan.diagnostics.extend(compare::words(self.program, self.number, expr));
        }
        match expr.as_ref() {
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::Call { fcn, params, .. } => {
                self.call(fcn, params);
                if chain::getter(expr).is_some() {
                    self.reference(expr);
                } else {
                    params.iter().for_each(|param| self.expr(param));
                }
            }
            Expr::BoolExpr { lhs, rhs, .. } => {
                if self.role == Role::Policy {
                    self.scan.diagnostics.extend(compare::check(self.program, self.number, (lhs, rhs)));
                }
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::Array { .. }
            | Expr::Set { .. }
            | Expr::Object { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. }
            | Expr::UnaryExpr { .. }
            | Expr::BinExpr { .. }
            | Expr::ArithExpr { .. }
            | Expr::AssignExpr { .. }
            | Expr::Membership { .. } => {
                visit::below(expr).into_iter().for_each(|part| self.part(part));
            }
        }
    }

    fn reference(&mut self, expr: &'a ExprRef) {
        let chain = chain::chain(expr);
        chain.defaults.iter().for_each(|default| self.expr(default));
        for step in &chain.steps {
            if let Step::Index(Some(index)) = step {
                self.expr(index);
            }
        }
        let span = begin(expr);
        let name = match chain.root {
            Root::Other(root) => return self.expr(root),
            Root::Name(name) => name,
        };
        match self.program.resolve(self.number, &chain) {
            Some(Target::Input(steps)) => self.read(&steps, span),
            Some(Target::Data(steps)) => {
                self.data(&steps, span, true);
                if let Some(steps) = self.program.input_steps(self.number, &chain) {
                    self.check_path(&steps, span);
                }
            }
            Some(Target::Local) => {
                // A local name of an inner scope may hide one that is read outside of it.
                match self.program.outer(self.number, name.text(), &chain.steps) {
                    Some(Target::Input(steps)) => self.take(&steps, span),
                    Some(Target::Data(steps)) => self.data(&steps, span, false),
                    Some(Target::Local | Target::Unknown(_)) | None => {}
                }
                if let Some(steps) = self.program.input_steps(self.number, &chain) {
                    self.check_path(&steps, span);
                }
            }
            Some(Target::Unknown(name)) => self.unknown_name(&name, span),
            None => {}
        }
    }

    fn unknown_name(&mut self, name: &str, span: &Span) {
        let Some((node, locals)) = self.program.node(self.number) else { return };
        let package = self.program.index.file(node).map_or(&[][..], |file| &file.package);
        let mut names: Vec<String> = locals.names().map(|(name, _)| name.to_owned()).collect();
        names.extend(self.program.index.names(package).cloned());
        names.push("input".into());
        let fix = nearest(name, names.iter()).map_or_else(
            || "declare it, or import it".to_owned(),
            |other| format!("did you mean `{other}`?"),
        );
        self.refuse("PB2100", format!("`{name}` is not declared"), span, fix);
    }

    fn take(&mut self, steps: &[Step<'a>], span: &'a Span) {
        let keys = shape::read_keys(self.program.schema, steps);
        self.scan.reads.push(Read { keys, span });
    }

    fn read(&mut self, steps: &[Step<'a>], span: &'a Span) {
        self.take(steps, span);
        self.check_path(steps, span);
    }

    fn check_path(&mut self, steps: &[Step<'a>], span: &Span) {
        // Which parameters there are is seen once the value of their schema is known.
        let parameters = steps.first().and_then(Step::key) == Some("parameters");
        if self.role != Role::Policy || parameters {
            return;
        }
        let Place::Missing { steps: length, suggestion } = shape::lookup(self.program.schema, steps) else {
            return;
        };
        let segments = |steps: &[Step<'a>]| -> Vec<String> {
            let segment = |step: &Step<'a>| step.key().map_or_else(|| "_".to_owned(), str::to_owned);
            std::iter::once("input".to_owned()).chain(steps.iter().map(segment)).collect()
        };
        let path = steps.get(..length).unwrap_or(steps);
        let parent = segments(path.get(..length.saturating_sub(1)).unwrap_or_default());
        let message = format!("the evidence has no `{}`", display(&segments(path)));
        let fix = match suggestion {
            Some(field) => {
                let meant: Vec<String> = parent.into_iter().chain([field]).collect();
                format!("did you mean `{}`?", display(&meant))
            }
            None => format!(
                "nothing of that name stands below `{}`; `probate schema evidence` lists the fields",
                display(&parent)
            ),
        };
        let diagnostic = at(Diagnostic::error("PB2105", message), span).consequence(NEVER_THERE).fix(fix);
        if !self.scan.diagnostics.contains(&diagnostic) {
            self.scan.diagnostics.push(diagnostic);
        }
    }

    fn data(&mut self, steps: &[Step<'a>], span: &'a Span, certain: bool) {
        let path: Vec<String> = steps.iter().map_while(|step| step.key().map(str::to_owned)).collect();
        let index = self.program.index;
        let example = path.iter().map(String::as_str).take(3).eq(["data", "probate", "example"]);
        let known = path.len() > 1
            && (!index.touched(&path).is_empty()
                || index.packages().iter().any(|package| package.starts_with(&path)));
        if example && self.role == Role::Test {
            return;
        }
        if certain && !known {
            let fix = if example {
                "it is there in `*_test.rego` files only".to_owned()
            } else {
                let paths: Vec<String> = index.paths().map(|path| display(path)).collect();
                nearest(&display(&path), paths.iter()).map_or_else(
                    || "pass what it needs as parameters, and read `input.parameters`".to_owned(),
                    |other| format!("did you mean `{other}`?"),
                )
            };
            let message = format!("no rule is `{}`, and there are no data documents", display(&path));
            self.refuse("PB2100", message, span, fix);
        }
        self.scan.edges.push(Edge { path, certain });
    }

    fn call(&mut self, function: &'a ExprRef, params: &'a [ExprRef]) {
        let (span, arguments) = (begin(function), params.len());
        match self.program.function(self.number, function) {
            Function::Rule(path) => {
                self.helper(&path, params, span);
                self.scan.edges.push(Edge { path, certain: true });
            }
            Function::Builtin(name) if name == "time.now_ns" => {
                self.scan.reads.push(Read { keys: vec!["now".into()], span });
            }
            Function::Builtin(name) => {
                if let Some((_, fix)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
                    self.refuse("PB2102", format!("the built-in `{name}` is refused"), span, *fix);
                } else if let Some((_, wanted)) = BUILTINS.get(name.as_str()) {
                    let wanted = usize::from(*wanted);
                    if arguments != wanted && arguments != wanted + 1 {
                        let message = format!("`{name}` takes {wanted} arguments, not {arguments}");
                        self.refuse("PB2102", message, span, "see the OPA reference of built-ins");
                    }
                }
            }
            Function::Unknown(name) => self.unknown_function(&name, span),
        }
    }

    /// A function of `data.probate` is not given what it could never take.
    fn helper(&mut self, path: &[String], params: &'a [ExprRef], span: &'a Span) {
        let (Some(helper), Some(name), Role::Policy) = (helper::at(path), path.last(), self.role) else {
            return;
        };
        self.scan.helpers.push((name.clone(), span));
        let wrong = params.iter().find_map(|param| {
            let sort = compare::sort(self.program, self.number, param)?;
            (sort != helper.sort).then_some((param, sort))
        });
        if let Some((param, sort)) = wrong {
            let text =
                chain::text(param).map_or_else(|| param.span().text().to_owned(), |text| format!("{text:?}"));
            let message = format!("`probate.{name}` wants {}, and `{text}` is {sort}", helper.sort);
            return self.refuse("PB2111", message, begin(param), helper.fix());
        }
        // Any kind can be read: one that is computed stands for itself.
        let mut texts: Vec<Option<String>> = params.iter().map(chain::text).collect();
        if let Some(kind) = texts.first_mut().filter(|_| helper.kind) {
            kind.get_or_insert_with(|| "Pod".to_owned());
        }
        let texts: Option<Vec<String>> = texts.into_iter().collect();
        self.scan.calls.extend(texts.and_then(|texts| helper.call(texts, span)));
        let kind = params.first().filter(|_| helper.kind);
        let kind = kind.and_then(|param| kinds::slip(&chain::text(param)?, begin(param)));
        self.scan.diagnostics.extend(kind);
    }

    fn unknown_function(&mut self, name: &str, span: &Span) {
        if let Some((_, fix)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return self.refuse("PB2102", format!("the built-in `{name}` is refused"), span, *fix);
        }
        let program = self.program;
        let package = program
            .node(self.number)
            .and_then(|(node, _)| program.index.file(node))
            .map(|file| &file.package);
        let mut names: BTreeSet<String> = BUILTINS.keys().map(|name| (*name).to_owned()).collect();
        for path in program.index.paths().filter(|path| program.is_function(path)) {
            let local = package.and_then(|package| path.strip_prefix(package.as_slice()));
            names.insert(display(local.unwrap_or(path)));
            if let ["data", "probate", name] = path.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
            {
                names.insert(format!("probate.{name}"));
            }
        }
        let fix = nearest(name, names.iter()).map_or_else(
            || "define it, or import the package that does".to_owned(),
            |other| format!("did you mean `{other}`?"),
        );
        self.refuse("PB2102", format!("`{name}` is neither a rule nor a built-in"), span, fix);
    }
}
