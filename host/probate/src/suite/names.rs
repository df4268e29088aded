//! How suites name objects: `pvc/NS/NAME`, `pv/NAME`, `KIND[.GROUP]/[NS/]NAME`, with `CLUSTER:` before it where there are several.

use probate_core::explain::split_cluster;
use serde_json::Value;

/// Short names and plurals that kubectl knows and that are not the kind and an `s`.
const SHORT: [(&str, &str); 37] = [
    ("pvc", "persistentvolumeclaim"),
    ("pv", "persistentvolume"),
    ("ns", "namespace"),
    ("po", "pod"),
    ("no", "node"),
    ("sc", "storageclass"),
    ("storageclasses", "storageclass"),
    ("deploy", "deployment"),
    ("rs", "replicaset"),
    ("sts", "statefulset"),
    ("ds", "daemonset"),
    ("rc", "replicationcontroller"),
    ("cj", "cronjob"),
    ("cm", "configmap"),
    ("svc", "service"),
    ("sa", "serviceaccount"),
    ("va", "volumeattachment"),
    ("vs", "volumesnapshot"),
    ("vsc", "volumesnapshotcontent"),
    ("vsclass", "volumesnapshotclass"),
    ("volumesnapshotclasses", "volumesnapshotclass"),
    ("vm", "virtualmachine"),
    ("vms", "virtualmachine"),
    ("vmi", "virtualmachineinstance"),
    ("vmis", "virtualmachineinstance"),
    ("dv", "datavolume"),
    ("dvs", "datavolume"),
    ("das", "datasource"),
    ("dic", "dataimportcron"),
    ("dics", "dataimportcron"),
    ("crd", "customresourcedefinition"),
    ("crds", "customresourcedefinition"),
    ("ev", "event"),
    ("hpa", "horizontalpodautoscaler"),
    ("pdb", "poddisruptionbudget"),
    ("vr", "volumerecord"),
    ("vmbackups", "virtualmachinebackup"),
];

/// An object as a suite names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) cluster: Option<String>,
    /// Lower case, singular.
    kind: String,
    group: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Target {
    /// Reads `[CLUSTER:]KIND[.GROUP]/[NS/]NAME`.
    ///
    /// # Errors
    /// What it should look like.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (cluster, path) = split_cluster(text);
        let cluster = cluster.map(str::to_owned);
        let parts: Vec<&str> = path.split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [kind, name] => (*kind, None, *name),
            [kind, namespace, name] => (*kind, Some((*namespace).to_owned()), *name),
            _ => return Err(format!("`{text}` names no object")),
        };
        if kind.is_empty() || name.is_empty() || namespace.as_deref() == Some("") {
            return Err(format!("`{text}` names no object"));
        }
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group.to_lowercase())),
            None => (kind, None),
        };
        let kind = kind.to_lowercase();
        let kind =
            SHORT.iter().find(|(short, _)| *short == kind).map_or(kind, |(_, long)| (*long).to_owned());
        Ok(Self { cluster, kind, group, namespace, name: name.to_owned() })
    }

    /// A claim or volume: its kind as plans write it.
    pub(crate) fn subject_kind(&self) -> Option<&'static str> {
        let core = self.group.as_deref().is_none_or(str::is_empty);
        match (self.kind.as_str(), self.namespace.is_some(), core) {
            ("persistentvolumeclaim" | "persistentvolumeclaims", true, true) => Some("PersistentVolumeClaim"),
            ("persistentvolume" | "persistentvolumes", false, true) => Some("PersistentVolume"),
            _ => None,
        }
    }

    /// True where the object is the one that is meant.
    pub(crate) fn means(&self, object: &Value) -> bool {
        let id = Id::of(object);
        let kind = id.kind.to_lowercase();
        let kinds = kind == self.kind || self.kind.strip_suffix('s') == Some(kind.as_str());
        kinds
            && self.group.as_ref().is_none_or(|group| *group == id.group)
            && self.namespace.as_deref().unwrap_or_default() == id.namespace
            && self.name == id.name
    }
}

/// Who an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Id {
    /// Of an object; empty parts where it lacks them.
    pub(crate) fn of(object: &Value) -> Self {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text("/apiVersion");
        let group = version.split_once('/').map_or("", |(group, _)| group).to_owned();
        Self {
            group,
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
        }
    }
}

impl std::fmt::Display for Id {
    /// As a suite would name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.kind.to_lowercase();
        let short = match kind.as_str() {
            "persistentvolumeclaim" => "pvc",
            "persistentvolume" => "pv",
            "namespace" => "ns",
            other => other,
        };
        f.write_str(short)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.namespace.is_empty() {
            write!(f, "/{}", self.namespace)?;
        }
        write!(f, "/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use serde_json::json;

    #[test]
    fn objects_are_named_as_kubectl_names_them() {
        let machine = json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"namespace": "vms", "name": "db"}});
        for text in [
            "vm/vms/db",
            "VirtualMachine/vms/db",
            "virtualmachines.kubevirt.io/vms/db",
            "host:vms.kubevirt.io/vms/db",
        ] {
            assert!(Target::parse(text).unwrap().means(&machine), "{text}");
        }
        for text in ["vmi/vms/db", "vm.example.com/vms/db", "vm/db", "vm/vms/d"] {
            assert!(!Target::parse(text).unwrap().means(&machine), "{text}");
        }
        for text in ["vm", "vm/", "/a/b", "a/b/c/d", "pvc//x"] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
        assert_eq!(Target::parse("pvc/a/b").unwrap().subject_kind(), Some("PersistentVolumeClaim"));
        assert_eq!(Target::parse("pv/a/b").unwrap().subject_kind(), None);
        assert_eq!(Target::parse("host:pv/a").unwrap().cluster.as_deref(), Some("host"));
        for cluster in ["vcluster:vc1", "vcluster:team-a/vc1"] {
            let target = Target::parse(&format!("{cluster}:pvc/a/b")).unwrap();
            assert_eq!((target.cluster.as_deref(), target.name.as_str()), (Some(cluster), "b"));
        }
        assert_eq!(Target::parse("clusterrole/system:node").unwrap().cluster, None);
    }
}
