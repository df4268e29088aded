//! Every rule of every file under its path, and what a package imports.

use super::at;
use super::chain::{self, Root};
use probate_contract::Diagnostic;
use regorus::unstable::{ExprRef, Module, Ref, Rule, RuleHead, Span};
use std::collections::{BTreeMap, BTreeSet};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Part of the policy.
    Policy,
    /// Native tests.
    Test,
    /// `data.probate`.
    Helper,
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) role: Role,
    /// Segments of the package, `data` first.
    pub(crate) package: Vec<String>,
    pub(crate) module: Ref<Module>,
}

/// One rule node; several may share a path.
#[derive(Debug)]
pub(crate) struct Node {
    /// Segments of the path, `data` first; of a partial rule the constant part.
    pub(crate) path: Vec<String>,
    /// Index into the files.
    pub(crate) file: usize,
    pub(crate) rule: Ref<Rule>,
}

/// Rules and imports of a policy.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) files: Vec<File>,
    pub(crate) nodes: Vec<Node>,
    by_path: BTreeMap<Vec<String>, Vec<usize>>,
    /// By package and alias; regorus, too, keeps them by package, not by file.
    imports: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
    /// Names of the rules by package.
    names: BTreeMap<Vec<String>, BTreeSet<String>>,
}

/// The constant path of a reference, its root first; nothing if the root is no name.
pub(crate) fn static_path(expr: &ExprRef) -> Option<Vec<String>> {
    let chain = chain::chain(expr);
    let Root::Name(root) = chain.root else { return None };
    let keys = chain.steps.iter().map_while(|step| step.key().map(str::to_owned));
    Some(std::iter::once(root.text().to_owned()).chain(keys).collect())
}

/// The reference of a rule's head.
pub(crate) fn head(rule: &Rule) -> &ExprRef {
    match rule {
        Rule::Default { refr, .. } => refr,
        Rule::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
        },
    }
}

impl Index {
    /// Indexes the files; the second part is what is wrong with packages and imports.
    pub(crate) fn of(files: Vec<File>) -> (Self, Vec<Diagnostic>) {
        let mut index = Self { files, ..Self::default() };
        let mut diagnostics = Vec::new();
        for (number, file) in index.files.iter().enumerate() {
            for rule in &file.module.policy {
                let Some(name) = static_path(head(rule)) else { continue };
                if let Some(first) = name.first() {
                    index.names.entry(file.package.clone()).or_default().insert(first.clone());
                    if matches!(first.as_str(), "input" | "data" | "object") {
                        let message = format!("a rule is named `{first}`");
                        diagnostics.push(
                            at(Diagnostic::error("PB2100", message), head(rule).span()).fix("rename it"),
                        );
                    }
                }
                let path: Vec<String> = file.package.iter().cloned().chain(name).collect();
                index.by_path.entry(path.clone()).or_default().push(index.nodes.len());
                index.nodes.push(Node { path, file: number, rule: rule.clone() });
            }
        }
        let mut imports: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for file in &index.files {
            let aliases = imports.entry(file.package.clone()).or_default();
            let names = index.names.get(&file.package);
            for import in &file.module.imports {
                let Some(path) = static_path(&import.refr) else { continue };
                if matches!(path.first().map(String::as_str), Some("rego" | "future")) {
                    continue;
                }
                let Some(alias) = import
                    .r#as
                    .as_ref()
                    .map(|alias| alias.text().to_owned())
                    .or_else(|| path.last().cloned())
                else {
                    continue;
                };
                if let Some(problem) = import_problem(&alias, &path, aliases, names) {
                    let fix = "import it under a name of its own: `import … as name`";
                    diagnostics.push(at(Diagnostic::error("PB2100", problem), &import.span).fix(fix));
                }
                aliases.insert(alias, path);
            }
        }
        index.imports = imports;
        (index, diagnostics)
    }

    /// Nodes at exactly this path.
    pub(crate) fn at(&self, path: &[String]) -> impl Iterator<Item = (usize, &Node)> {
        self.by_path
            .get(path)
            .into_iter()
            .flatten()
            .filter_map(|number| Some((*number, self.nodes.get(*number)?)))
    }

    /// True where a rule has exactly this path.
    pub(crate) fn has(&self, path: &[String]) -> bool {
        self.by_path.contains_key(path)
    }

    /// Nodes that reading `path` evaluates: at it, below it, and what it is a part of.
    pub(crate) fn touched(&self, path: &[String]) -> Vec<usize> {
        let prefixes = (2..path.len()).filter_map(|length| self.by_path.get(path.get(..length)?));
        let below = self
            .by_path
            .range(path.to_vec()..)
            .take_while(|(other, _)| other.starts_with(path))
            .map(|(_, nodes)| nodes);
        prefixes.chain(below).flatten().copied().collect()
    }

    /// What `name` imports in a package.
    pub(crate) fn import(&self, package: &[String], name: &str) -> Option<&Vec<String>> {
        self.imports.get(package)?.get(name)
    }

    /// Names of a package's rules.
    pub(crate) fn names(&self, package: &[String]) -> impl Iterator<Item = &String> {
        self.names.get(package).into_iter().flatten()
    }

    /// True where the package has a rule of that name.
    pub(crate) fn names_rule(&self, package: &[String], name: &str) -> bool {
        self.names.get(package).is_some_and(|names| names.contains(name))
    }

    /// The file that a node stands in.
    pub(crate) fn file(&self, node: &Node) -> Option<&File> {
        self.files.get(node.file)
    }

    /// All packages, without those of helpers.
    pub(crate) fn packages(&self) -> BTreeSet<&Vec<String>> {
        self.files.iter().filter(|file| file.role != Role::Helper).map(|file| &file.package).collect()
    }

    /// Every rule path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Vec<String>> {
        self.by_path.keys()
    }
}

fn import_problem(
    alias: &str,
    path: &[String],
    aliases: &BTreeMap<String, Vec<String>>,
    names: Option<&BTreeSet<String>>,
) -> Option<String> {
    let whole_input = alias == "input" && path.len() == 1;
    if matches!(alias, "input" | "data" | "object") && !whole_input {
        return Some(format!("an import is named `{alias}`"));
    }
    if names.is_some_and(|names| names.contains(alias)) {
        return Some(format!("the import `{alias}` has the name of a rule of its package"));
    }
    let other = aliases.get(alias).filter(|other| other.as_slice() != path)?;
    Some(format!("`{alias}` is imported twice in one package, as {} too", super::display(other)))
}

/// The span of a rule's head: where a reader looks for it.
pub(crate) fn place(rule: &Rule) -> &Span {
    super::begin(head(rule))
}
