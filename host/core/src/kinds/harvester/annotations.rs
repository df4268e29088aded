//! Harvester's annotations on VMs. People and scripts write them too, so that they are read defensively: what cannot be read may
//! name anything.

use crate::kinds::map::Map;
use crate::kinds::{Edge, custom, kubevirt};
use probate_contract::evidence::ReferenceState;
use serde_json::Value;

const TEMPLATES: &str = "harvesterhci.io/volumeClaimTemplates";
const REMOVED: &str = "harvesterhci.io/removedPersistentVolumeClaims";
const REMOVE_ALL: &str = "harvesterhci.io/removeAllPersistentVolumeClaims";

/// Claims that Harvester re-creates while the VM lives (harvester, vm_controller.go createPVCsFromAnnotation). While a disk moves
/// to other storage its entry names both ends. Of an entry that cannot be read, every name-shaped part is a possible reference.
pub(in crate::kinds) fn templates(annotations: &Map, state: ReferenceState) -> (Vec<Edge>, custom::Names) {
    let Some(text) = annotations.get(TEMPLATES) else { return Default::default() };
    let entries = match serde_json::from_str(text) {
        Ok(Value::Array(entries)) => entries,
        Ok(Value::Null) => return Default::default(),
        _ => return (Vec::new(), custom::names_in(text)),
    };
    let mut edges = Vec::new();
    let mut unread = String::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("metadata.annotations[{TEMPLATES}][{index}]");
        let claim =
            |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).filter(|name| !name.is_empty());
        let target = entry.get("targetVolume").filter(|target| !target.is_null());
        if let (Some(made), Some("PersistentVolumeClaim"), Some(source)) =
            (claim("/metadata/name"), claim("/spec/dataSource/kind"), claim("/spec/dataSource/name"))
        {
            let path = format!("{path}.spec.dataSource.name");
            edges.push(Edge::filling(made, None, source.into(), state, path));
        }
        match (claim("/metadata/name"), target, claim("/targetVolume")) {
            (Some(name), None, _) => {
                edges.push(Edge::claim(name.into(), state, format!("{path}.metadata.name")))
            }
            (Some(name), Some(_), Some(target)) => {
                edges.push(Edge::claim(name.into(), state, format!("{path}.metadata.name")).running());
                edges.push(Edge::claim(target.into(), state, format!("{path}.targetVolume")).running());
            }
            _ => {
                unread.push_str(&entry.to_string());
                unread.push(' ');
            }
        }
    }
    (edges, custom::names_in(&unread))
}

/// What the platform will delete with the VM. The list comes with blanks, doubles and the word `null` (harvester#10294).
pub(in crate::kinds) fn intent(annotations: &Map) -> Option<kubevirt::Intent> {
    let listed = annotations.get(REMOVED).unwrap_or_default();
    let mut removed: Vec<Box<str>> = listed
        .split(',')
        .map(str::trim)
        .filter(|name| custom::name_shaped(name) && *name != "null")
        .map(Box::from)
        .collect();
    removed.sort_unstable();
    removed.dedup();
    let remove_all = annotations.get(REMOVE_ALL).is_some_and(|value| value == "true");
    (remove_all || !removed.is_empty()).then_some(kubevirt::Intent { removed, remove_all, orphaned: false })
}

#[cfg(test)]
mod tests {
    use super::{REMOVE_ALL, REMOVED, TEMPLATES, intent, templates};
    use crate::kinds::custom::hash;
    use crate::kinds::{Target, map::Map};
    use probate_contract::evidence::ReferenceState;

    fn map(key: &str, value: &str) -> Map {
        serde_json::from_value(serde_json::json!({key: value})).unwrap()
    }

    fn read(text: &str) -> (Vec<(String, bool)>, Vec<u64>) {
        let (edges, names) = templates(&map(TEMPLATES, text), ReferenceState::Stopped);
        let named = edges.into_iter().map(|edge| match edge.target {
            Target::Claim { name, .. } => (name.to_string(), edge.operation),
            other => panic!("{other:?}"),
        });
        (named.collect(), names.into_vec())
    }

    #[test]
    fn both_ends_of_a_moving_disk_stay() {
        let plain =
            read(r#"[{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}, "targetVolume": null}]"#);
        assert_eq!(plain, (vec![("a".into(), false), ("b".into(), false)], vec![]));
        let moving = read(r#"[{"metadata": {"name": "a"}, "targetVolume": "b"}]"#);
        assert_eq!(moving, (vec![("a".into(), true), ("b".into(), true)], vec![]));
    }

    #[test]
    fn what_cannot_be_read_may_name_anything() {
        for text in [
            r#"[{"metadata": {"name": "disk-0"}"#,
            r#"{"metadata": {"name": "disk-0"}}"#,
            "disk-0",
            "x,disk-0",
        ] {
            let (edges, names) = read(text);
            assert!(edges.is_empty() && names.contains(&hash("disk-0")), "{text}");
        }
        let (edges, names) =
            read(r#"[{"metadata": {"name": "a"}, "targetVolume": {"name": "b"}}, {"name": "c"}]"#);
        assert!(edges.is_empty() && ["a", "b", "c"].iter().all(|name| names.contains(&hash(name))));
        assert_eq!(read("null"), (vec![], vec![]));
    }

    #[test]
    fn the_list_of_removed_claims_is_read_defensively() {
        let removed = |text: &str| intent(&map(REMOVED, text)).map(|intent| intent.removed);
        assert_eq!(removed("b, a,,b,null,A_b"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(removed("null"), None);
        assert_eq!(removed(""), None);
        assert!(intent(&map(REMOVE_ALL, "true")).is_some_and(|intent| intent.remove_all));
        assert_eq!(intent(&map(REMOVE_ALL, "false")), None);
    }
}
