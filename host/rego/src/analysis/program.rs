//! Names resolved: what a chain stands for in the rule that it occurs in.

use super::chain::{self, Chain, Root, Step};
use super::index::{Index, Node};
use super::locals::Locals;
use probate_contract::shape::Shape;
use regorus::unstable::{BUILTINS, ExprRef, Rule, RuleHead};

/// What a chain stands for.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    /// A path below `input`.
    Input(Vec<Step<'a>>),
    /// A path below `data`, that segment included.
    Data(Vec<Step<'a>>),
    /// A local name.
    Local,
    /// A name that nothing declares.
    Unknown(String),
}

/// What a call calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// A function of the policy or of `data.probate`.
    Rule(Vec<String>),
    /// A built-in.
    Builtin(String),
    /// Neither.
    Unknown(String),
}

/// An index with the local names of each node.
pub(crate) struct Program<'a> {
    pub(crate) index: &'a Index,
    pub(crate) schema: &'a Shape,
    locals: Vec<Locals<'a>>,
}

/// How far names are followed through names.
const FOLLOW: usize = 16;

impl<'a> Program<'a> {
    /// Collects the local names of every node.
    pub(crate) fn of(index: &'a Index, schema: &'a Shape) -> Self {
        let locals = index.nodes.iter().map(|node| Locals::of(&node.rule)).collect();
        Self { index, schema, locals }
    }

    /// The node and its local names.
    pub(crate) fn node(&self, number: usize) -> Option<(&'a Node, &Locals<'a>)> {
        Some((self.index.nodes.get(number)?, self.locals.get(number)?))
    }

    fn package(&self, number: usize) -> &'a [String] {
        let file = self.index.nodes.get(number).and_then(|node| self.index.file(node));
        file.map_or(&[], |file| &file.package)
    }

    /// What a chain in that node stands for; nothing where its root is no name.
    pub(crate) fn resolve(&self, number: usize, chain: &Chain<'a>) -> Option<Target<'a>> {
        let Root::Name(root) = chain.root else { return None };
        let name = root.text();
        let locals = self.locals.get(number)?;
        if locals.get(name).is_some() {
            return Some(Target::Local);
        }
        Some(self.outer(number, name, &chain.steps).unwrap_or_else(|| {
            if name == "_" || locals.may_be_bound(name) {
                Target::Local
            } else {
                Target::Unknown(name.to_owned())
            }
        }))
    }

    /// The same without regard to local names: what the chain stands for where none shadows it.
    pub(crate) fn outer(&self, number: usize, name: &str, steps: &[Step<'a>]) -> Option<Target<'a>> {
        let package = self.package(number);
        let keys = |path: &[String]| path.iter().cloned().map(Step::Key).collect::<Vec<_>>();
        if self.index.names_rule(package, name) {
            let mut path = keys(package);
            path.push(Step::Key(name.to_owned()));
            path.extend_from_slice(steps);
            return Some(Target::Data(path));
        }
        if let Some(import) = self.index.import(package, name) {
            let (root, rest) = import.split_first()?;
            let mut path = if root == "input" { keys(rest) } else { keys(import) };
            path.extend_from_slice(steps);
            return Some(if root == "input" { Target::Input(path) } else { Target::Data(path) });
        }
        match name {
            "input" => Some(Target::Input(steps.to_vec())),
            "data" => {
                let mut path = vec![Step::Key(name.to_owned())];
                path.extend_from_slice(steps);
                Some(Target::Data(path))
            }
            _ => None,
        }
    }

    /// The chain below `input` that a chain comes to through local names and rules that only name a path.
    pub(crate) fn input_steps(&self, number: usize, chain: &Chain<'a>) -> Option<Vec<Step<'a>>> {
        self.follow(number, chain, FOLLOW)
    }

    fn follow(&self, number: usize, chain: &Chain<'a>, depth: usize) -> Option<Vec<Step<'a>>> {
        let depth = depth.checked_sub(1)?;
        match self.resolve(number, chain)? {
            Target::Input(steps) => Some(steps),
            Target::Unknown(_) => None,
            Target::Local => {
                let Root::Name(root) = chain.root else { return None };
                let local = self.locals.get(number)?.get(root.text())?;
                let bound = local.bound.as_ref().filter(|_| local.declared == 1)?;
                let mut steps = self.follow(number, bound, depth)?;
                steps.extend_from_slice(&chain.steps);
                Some(steps)
            }
            Target::Data(path) => {
                let keys: Vec<String> = path.iter().map_while(|step| step.key().map(str::to_owned)).collect();
                let length = (2..=keys.len())
                    .rev()
                    .find(|length| keys.get(..*length).is_some_and(|path| self.index.has(path)))?;
                let mut nodes = self.index.at(keys.get(..length)?);
                let (node, only) = (nodes.next()?, nodes.next().is_none());
                let value = plain_value(&node.1.rule).filter(|_| only)?;
                let mut steps = self.follow(node.0, &chain::chain(value), depth)?;
                steps.extend_from_slice(path.get(length..)?);
                Some(steps)
            }
        }
    }

    /// What a call in that node calls, in the order in which the interpreter looks.
    pub(crate) fn function(&self, number: usize, function: &ExprRef) -> Function {
        let Some(name) = chain::function_name(function) else {
            return Function::Unknown(function.span().text().to_owned());
        };
        let package = self.package(number);
        let mut candidates: Vec<Vec<String>> = Vec::new();
        if let Some((root, rest)) = name.split_first() {
            if let Some(import) = self.index.import(package, root) {
                candidates.push(import.iter().chain(rest).cloned().collect());
            }
            if root == "data" {
                candidates.push(name.clone());
            } else {
                candidates.push(package.iter().chain(&name).cloned().collect());
            }
        }
        if let Some(path) = candidates.into_iter().find(|path| self.is_function(path)) {
            return Function::Rule(path);
        }
        let name = name.join(".");
        if name == "print" || BUILTINS.contains_key(name.as_str()) {
            Function::Builtin(name)
        } else {
            Function::Unknown(name)
        }
    }

    /// True where a function has exactly this path.
    pub(crate) fn is_function(&self, path: &[String]) -> bool {
        self.index.at(path).any(|(_, node)| match node.rule.as_ref() {
            Rule::Spec { head, .. } => matches!(head, RuleHead::Func { .. }),
            Rule::Default { args, .. } => !args.is_empty(),
        })
    }
}

/// The value of a rule with one body and a value of its own.
pub(crate) fn plain_value(rule: &Rule) -> Option<&ExprRef> {
    match rule {
        Rule::Spec { head: RuleHead::Compr { refr, assign: Some(assign), .. }, bodies, .. }
            if bodies.len() < 2 && chain::chain(refr).steps.iter().all(|step| step.key().is_some()) =>
        {
            Some(&assign.value)
        }
        Rule::Spec { .. } | Rule::Default { .. } => None,
    }
}
