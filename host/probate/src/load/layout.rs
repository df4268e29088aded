//! What a path inside an OpenShift must-gather says.

use probate_core::intake::GroupKind;
use std::collections::BTreeMap;

/// Where a file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `namespaces/NS/GROUP/RESOURCE.yaml` or `cluster-scoped-resources/GROUP/RESOURCE.yaml` (namespace `*`): one whole list.
    List { namespace: String, resource: Resource },
    /// `cluster-scoped-resources/GROUP/RESOURCE/NAME.yaml`: the folder is the whole list.
    Folder { root: String, resource: Resource },
    /// `namespaces/NS/GROUP/RESOURCE/NAME.yaml`, `namespaces/NS/pods/NAME/NAME.yaml`: some objects.
    Object { resource: Resource },
}

/// Group (empty for `core`) and plural.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) plural: String,
}

impl Resource {
    fn of(group: &str, plural: &str) -> Self {
        Self { group: if group == "core" { String::new() } else { group.into() }, plural: plural.into() }
    }
}

impl Place {
    /// Reads a path relative to the dump, with `/`.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let at = parts.iter().position(|part| matches!(*part, "namespaces" | "cluster-scoped-resources"))?;
        let (root, rest) = parts.split_at_checked(at)?;
        let stem = |name: &'_ str| {
            let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".json"));
            stem.map(ToString::to_string)
        };
        match *rest {
            ["cluster-scoped-resources", group, file] => {
                Some(Self::List { namespace: "*".into(), resource: Resource::of(group, &stem(file)?) })
            }
            ["cluster-scoped-resources", group, plural, file] => {
                stem(file)?;
                Some(Self::Folder { root: root.join("/"), resource: Resource::of(group, plural) })
            }
            ["namespaces", _, "pods", _, file] => {
                stem(file)?;
                Some(Self::Object { resource: Resource::of("core", "pods") })
            }
            ["namespaces", namespace, file] if stem(file)? == namespace => {
                Some(Self::Object { resource: Resource::of("core", "namespaces") })
            }
            ["namespaces", namespace, group, file] => {
                Some(Self::List { namespace: namespace.into(), resource: Resource::of(group, &stem(file)?) })
            }
            ["namespaces", _, group, plural, file] => {
                stem(file)?;
                Some(Self::Object { resource: Resource::of(group, plural) })
            }
            _ => None,
        }
    }

    pub(crate) fn resource(&self) -> &Resource {
        match self {
            Self::List { resource, .. } | Self::Folder { resource, .. } | Self::Object { resource } => {
                resource
            }
        }
    }
}

/// Kinds by resource: those that every cluster has, and those that the dump shows.
#[derive(Clone, Debug)]
pub(crate) struct Plurals {
    known: BTreeMap<Resource, GroupKind>,
}

impl Default for Plurals {
    fn default() -> Self {
        const BUILT_IN: &[(&str, &str)] = &[
            (
                "",
                "PersistentVolumeClaim PersistentVolume Namespace Node Pod ReplicationController Secret ConfigMap Event Service",
            ),
            ("", "ServiceAccount LimitRange PodTemplate ResourceQuota"),
            ("apps", "Deployment ReplicaSet StatefulSet DaemonSet ControllerRevision"),
            ("batch", "Job CronJob"),
            ("storage.k8s.io", "VolumeAttachment CSINode CSIDriver"),
            ("snapshot.storage.k8s.io", "VolumeSnapshot VolumeSnapshotContent"),
            ("kubevirt.io", "VirtualMachine VirtualMachineInstance"),
            ("cdi.kubevirt.io", "DataVolume DataSource DataImportCron"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("events.k8s.io", "Event"),
        ];
        let mut plurals = Self { known: BTreeMap::new() };
        for (group, kinds) in BUILT_IN {
            for kind in kinds.split(' ') {
                plurals.learn_kind(group, &format!("{}s", kind.to_ascii_lowercase()), kind);
            }
        }
        for (group, plural, kind) in [
            ("", "endpoints", "Endpoints"),
            ("storage.k8s.io", "storageclasses", "StorageClass"),
            ("snapshot.storage.k8s.io", "volumesnapshotclasses", "VolumeSnapshotClass"),
        ] {
            plurals.learn_kind(group, plural, kind);
        }
        plurals
    }
}

impl Plurals {
    fn learn_kind(&mut self, group: &str, plural: &str, kind: &str) {
        let resource = Resource { group: group.into(), plural: plural.into() };
        self.known.insert(resource, GroupKind { group: group.into(), kind: kind.into() });
    }

    /// Learns from a file whose kind is known; a first lesson holds.
    pub(crate) fn learn(&mut self, resource: &Resource, kind: &GroupKind) {
        if resource.group == kind.group {
            self.known.entry(resource.clone()).or_insert_with(|| kind.clone());
        }
    }

    pub(crate) fn kind(&self, resource: &Resource) -> Option<&GroupKind> {
        self.known.get(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_stands_in_them() {
        let list = Place::of("mg/quay-x/namespaces/shop/core/persistentvolumeclaims.yaml").unwrap();
        let resource = Resource::of("core", "persistentvolumeclaims");
        assert_eq!(list, Place::List { namespace: "shop".into(), resource: resource.clone() });
        assert_eq!(Plurals::default().kind(&resource).unwrap().kind, "PersistentVolumeClaim");
        let folder =
            Place::of("mg/cluster-scoped-resources/storage.k8s.io/storageclasses/thin.yaml").unwrap();
        assert!(
            matches!(folder, Place::Folder { root, resource } if root == "mg" && resource.plural == "storageclasses")
        );
        let list = Place::of("cluster-scoped-resources/config.openshift.io/images.yaml").unwrap();
        assert!(matches!(list, Place::List { namespace, .. } if namespace == "*"));
        assert!(matches!(Place::of("namespaces/a/a.yaml"), Some(Place::Object { .. })));
        assert!(matches!(Place::of("namespaces/a/pods/p/p.yaml"), Some(Place::Object { .. })));
        assert_eq!(Place::of("namespaces/a/pods/p/c/c/logs/current.log"), None);
        assert_eq!(Place::of("a/b.yaml"), None);
    }
}
