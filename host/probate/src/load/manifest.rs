//! What a dump says of itself: `probate.yaml`, `timestamp`, api-resources.

use super::fault::{self, Fault, group_kind};
use jiff::Timestamp;
use jiff::fmt::strtime;
use probate_contract::dump::Dump;
use probate_core::intake::GroupKind;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a file is by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `timestamp` of a must-gather.
    Timestamp,
    /// `kubectl api-resources`.
    ApiResources,
}

impl Role {
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "timestamp" => Some(Self::Timestamp),
            "api-resources.txt" | "api-resources" => Some(Self::ApiResources),
            _ => None,
        }
    }
}

/// Reads a `kind: Dump`.
pub(crate) fn parse(json: &[u8]) -> Result<Dump, Fault> {
    let dump: Dump = serde_json::from_slice(json).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text);
        Fault::new(fault::MANIFEST, format!("kind: Dump: {text}"))
    })?;
    if let Some(version) = dump.api_version.as_deref().filter(|version| *version != "probate.dev/v1alpha1") {
        return Err(Fault::new(
            fault::MANIFEST,
            format!("kind: Dump of version {version}, not probate.dev/v1alpha1"),
        ));
    }
    if dump.kind != "Dump" {
        return Err(Fault::new(fault::MANIFEST, format!("kind: {} where Dump belongs", dump.kind)));
    }
    match dump.taken_at.as_deref().map(whole_seconds) {
        Some(None) => Err(Fault::new(fault::MANIFEST, "takenAt is no RFC 3339 time")),
        Some(time) => Ok(Dump { taken_at: time, ..dump }),
        None => Ok(dump),
    }
}

/// RFC 3339, UTC, whole seconds.
pub(crate) fn whole_seconds(text: &str) -> Option<String> {
    let time: Timestamp = text.parse().ok()?;
    Some(Timestamp::from_second(time.as_second()).ok()?.to_string())
}

/// The earliest time of a must-gather's `timestamp`: `2021-09-14 12:14:04.302057327 +0200 CEST m=+2.026710185`.
pub(crate) fn timestamp(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
            let parsed = strtime::parse("%Y-%m-%d %H:%M:%S%.f %z", format!("{date} {time} {zone}")).ok()?;
            let second = parsed.to_timestamp().ok()?.as_second();
            Some(Timestamp::from_second(second).ok()?.to_string())
        })
        .min()
}

/// Message of a `kind: Status`.
pub(crate) fn status_message(json: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        message: String,
    }
    let message = serde_json::from_slice::<Status>(json).map(|status| status.message).unwrap_or_default();
    format!("the API server's error in place of objects: {message}")
}

/// Kinds that the cluster has, as far as listings tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resources {
    /// Of a whole table.
    pub(crate) table: Option<BTreeSet<GroupKindKey>>,
    /// By group and version, of APIResourceLists.
    lists: BTreeMap<String, BTreeSet<GroupKindKey>>,
    /// Group versions of an APIGroupList.
    groups: Option<BTreeSet<String>>,
    /// Resource name to kind.
    pub(crate) plurals: BTreeMap<(String, String), GroupKind>,
}

/// Group, kind.
type GroupKindKey = (String, String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceList {
    group_version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
    #[serde(default)]
    group: Option<String>,
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    group_version: String,
}

impl Resources {
    /// Takes a discovery document. False if it is none.
    pub(crate) fn take(&mut self, json: &[u8], kind: &GroupKind) -> bool {
        match (kind.group.as_str(), kind.kind.as_str()) {
            ("", "APIResourceList") => {
                if let Ok(list) = serde_json::from_slice::<ResourceList>(json) {
                    let own = list.group_version.rsplit_once('/').map_or("", |(group, _)| group).to_string();
                    let kinds = list
                        .resources
                        .into_iter()
                        .filter(|resource| !resource.name.contains('/'))
                        .map(|resource| (resource.group.unwrap_or_else(|| own.clone()), resource.kind))
                        .collect();
                    self.lists.insert(list.group_version, kinds);
                }
                true
            }
            ("", "APIGroupList") => {
                if let Ok(list) = serde_json::from_slice::<GroupList>(json) {
                    let versions = list.groups.into_iter().flat_map(|group| group.versions);
                    self.groups = Some(versions.map(|version| version.group_version).collect());
                }
                true
            }
            _ => false,
        }
    }

    /// Reads `kubectl api-resources`, with or without its head line, wide or not.
    pub(crate) fn table(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "an api-resources listing that is not UTF-8")?;
        let mut kinds = BTreeSet::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            if words.first() == Some(&"NAME") {
                continue;
            }
            let Some(at) = words.iter().position(|word| matches!(*word, "true" | "false")) else {
                return Err(format!("an api-resources listing with the line `{}`", fault::printable(line)));
            };
            let (Some(version), Some(kind)) =
                (at.checked_sub(1).and_then(|i| words.get(i)), words.get(at + 1))
            else {
                return Err(format!("an api-resources listing with the line `{}`", fault::printable(line)));
            };
            let group_kind = group_kind(version, kind);
            if let Some(name) = words.first() {
                self.plurals.insert((group_kind.group.clone(), (*name).to_string()), group_kind.clone());
            }
            kinds.insert((group_kind.group, group_kind.kind));
        }
        if !has_core_kinds(&kinds) {
            return Err(
                "an api-resources listing without Pod, PersistentVolume or Deployment: it is filtered or cut"
                    .into(),
            );
        }
        self.table.get_or_insert_default().append(&mut kinds);
        Ok(())
    }

    pub(crate) fn merge(&mut self, mut other: Self) {
        if let Some(mut table) = other.table {
            self.table.get_or_insert_default().append(&mut table);
        }
        self.lists.append(&mut other.lists);
        if let Some(mut groups) = other.groups {
            self.groups.get_or_insert_default().append(&mut groups);
        }
        self.plurals.append(&mut other.plurals);
    }

    /// All kinds, if the listings prove to be whole.
    pub(crate) fn whole(&self) -> Option<Vec<GroupKind>> {
        let by_lists = self.groups.as_ref().and_then(|groups| {
            let all = groups.iter().all(|version| self.lists.contains_key(version))
                && self.lists.contains_key("v1");
            all.then(|| self.lists.values().flatten().cloned().collect::<BTreeSet<_>>())
        });
        let kinds = self.table.clone().or_else(|| by_lists.filter(has_core_kinds))?;
        Some(kinds.into_iter().map(|(group, kind)| GroupKind { group, kind }).collect())
    }
}

/// A listing without these was filtered (`--namespaced`, `--api-group`) or cut.
fn has_core_kinds(kinds: &BTreeSet<GroupKindKey>) -> bool {
    [
        ("", "Pod"),
        ("", "PersistentVolumeClaim"),
        ("", "PersistentVolume"),
        ("apps", "Deployment"),
        ("batch", "Job"),
    ]
    .iter()
    .all(|(group, kind)| kinds.contains(&((*group).to_string(), (*kind).to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_must_gathers_time_is_its_earliest() {
        let text = "2021-09-14 12:14:04.302057327 +0200 CEST m=+2.026710185\n2021-09-14 12:17:49.82 +0200 CEST m=+227.5\n";
        assert_eq!(timestamp(text.as_bytes()).as_deref(), Some("2021-09-14T10:14:04Z"));
        assert_eq!(timestamp(b"yesterday"), None);
    }

    #[test]
    fn a_table_is_read_wide_or_not_and_refused_when_filtered() {
        let whole = "NAME SHORTNAMES APIVERSION NAMESPACED KIND\npods po v1 true Pod\npersistentvolumeclaims pvc v1 true \
                     PersistentVolumeClaim create,list all\npersistentvolumes pv v1 false PersistentVolume\n\
                     deployments deploy apps/v1 true Deployment\njobs batch/v1 true Job\nvirtualmachines vm,vms kubevirt.io/v1 true VirtualMachine\n";
        let mut resources = Resources::default();
        resources.table(whole.as_bytes()).unwrap();
        let kinds = resources.whole().unwrap();
        assert!(kinds.contains(&GroupKind { group: "kubevirt.io".into(), kind: "VirtualMachine".into() }));
        assert_eq!(kinds.len(), 6);
        let mut resources = Resources::default();
        assert!(resources.table(b"pods po v1 true Pod\n").is_err());
        assert!(resources.table(b"error: unable to retrieve the complete list\n").is_err());
        assert!(resources.whole().is_none());
    }

    #[test]
    fn resource_lists_count_only_with_every_group() {
        let core =
            br#"{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","kind":"Pod"}]}"#;
        let kind = GroupKind { group: String::new(), kind: "APIResourceList".into() };
        let mut resources = Resources::default();
        assert!(resources.take(core, &kind));
        assert!(resources.whole().is_none());
    }
}
