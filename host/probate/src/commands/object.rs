//! Objects on the command line, and the dumps after them; what to say where an object is not there.

use crate::exit::Stop;
use crate::load::DumpArg;
use probate_core::explain::{Named, nearest};
use probate_core::inventory::Inventory;
use std::path::Path;

/// An object as it was written, and which one it names.
pub type Written = (String, Named);

/// The object that the words begin with: `pvc/NAMESPACE/NAME`, `pv/NAME`, or with `-n` `pvc NAME`; and what follows it.
pub fn first<'a>(words: &'a [String], namespace: Option<&str>) -> Option<(Written, &'a [String])> {
    let (first, rest) = words.split_first()?;
    let (cluster, kind) = first
        .rsplit_once(':')
        .map_or((None, first.as_str()), |(cluster, kind)| (Some(cluster.to_owned()), kind));
    let namespace = match (kind, namespace) {
        ("pvc", Some(namespace)) => Some(namespace.to_owned()),
        ("pv", _) => None,
        _ => return Some(((first.clone(), Named::parse(first)?), rest)),
    };
    let (name, rest) = rest.split_first()?;
    let written = match &namespace {
        Some(namespace) => format!("{first}/{namespace}/{name}"),
        None => format!("{first}/{name}"),
    };
    Some(((written, Named { cluster, namespace, name: name.clone() }), rest))
}

/// All objects that the words begin with, and what follows them. A file of that name is a dump.
pub fn all<'a>(words: &'a [String], namespace: Option<&str>) -> (Vec<Written>, &'a [String]) {
    let (mut found, mut rest) = (Vec::new(), words);
    while let Some((object, after)) =
        first(rest, namespace).filter(|_| rest.first().is_some_and(|word| !Path::new(word).exists()))
    {
        found.push(object);
        rest = after;
    }
    (found, rest)
}

/// No object is named.
pub fn none() -> Stop {
    let fix = "write pvc/NAMESPACE/NAME, pv/NAME, or pvc NAME -n NAMESPACE, then the dumps; without, the cluster is asked";
    Stop::usage("PB0007", "which object?", fix)
}

/// The dumps after the objects; none where the cluster is meant.
///
/// # Errors
/// A word that can be none.
pub fn dumps(words: &[String]) -> Result<Vec<DumpArg>, Stop> {
    let dump = |word: &String| {
        let wrong = |message: String| Stop::usage("PB0008", message, "give files, folders, archives or `-`");
        word.parse().map_err(wrong)
    };
    words.iter().map(dump).collect()
}

/// There is no such object; what was probably meant.
pub fn missing(inventory: &Inventory, (text, named): &Written) -> Stop {
    let fix = match nearest(inventory, named) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "list what is there: probate plan DUMP -p POLICY -o wide".into(),
    };
    Stop::usage("PB0004", format!("there is no {text}"), fix)
}

#[cfg(test)]
mod tests {
    use super::all;

    fn named(words: &[&str], namespace: Option<&str>) -> (Vec<String>, usize) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (found, rest) = all(&words, namespace);
        (found.into_iter().map(|(text, _)| text).collect(), rest.len())
    }

    #[test]
    fn objects_come_first_in_either_form() {
        assert_eq!(named(&["pvc/a/b", "pv/c", "d"], None), (vec!["pvc/a/b".into(), "pv/c".into()], 1));
        assert_eq!(
            named(&["pvc", "b", "host:pvc", "c", "pv", "e", "d"], Some("a")),
            (vec!["pvc/a/b".into(), "host:pvc/a/c".into(), "pv/e".into()], 1)
        );
        assert_eq!(named(&["pvc", "b", "d"], None), (vec![], 3), "no namespace");
        assert_eq!(named(&["pvc"], Some("a")), (vec![], 1));
    }
}
