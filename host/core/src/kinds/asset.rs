//! Which asset a volume is: by the plugin that has it and what that calls it, whoever else names it and however.

use serde_json::Value;

/// Driver and handle of the source of a PersistentVolumeSpec.
pub(super) fn source(spec: &Value) -> (Option<Box<str>>, Option<Box<str>>) {
    let text = |key: &str| spec.pointer(key).and_then(Value::as_str).map(Box::from);
    match text("/csi/driver") {
        Some(driver) => (Some(driver), text("/csi/volumeHandle")),
        None => backing(spec),
    }
}

/// As a Node or a VolumeAttachment names the asset of a CSI driver.
pub(crate) fn attached(driver: &str, handle: &str) -> String {
    format!("kubernetes.io/csi/{driver}^{handle}")
}

/// Everything that Nodes may name the asset by. CSI: `kubernetes.io/csi/DRIVER^HANDLE`; in-tree: `PLUGIN/HANDLE` (kubernetes,
/// pkg/volume/util GetUniqueVolumeName).
pub(crate) fn uniques(driver: &str, handle: &str, share: Option<&str>) -> Vec<String> {
    let (served, asset) = canonical(driver, handle);
    let mut uniques = vec![attached(driver, handle), attached(served, asset), format!("{driver}/{handle}")];
    uniques.extend(share.map(str::to_owned));
    uniques.sort_unstable();
    uniques.dedup();
    uniques
}

/// One asset whatever plugin it is named by: what in-tree plugins have is served by CSI drivers now, and a migrated volume keeps its
/// old name (kubernetes v1.33, staging/src/k8s.io/csi-translation-lib/plugins).
pub(crate) fn canonical<'a>(driver: &'a str, handle: &'a str) -> (&'a str, &'a str) {
    let last = || handle.rsplit('/').next().unwrap_or(handle);
    match driver {
        "kubernetes.io/aws-ebs" => ("ebs.csi.aws.com", last()),
        "kubernetes.io/gce-pd" | "pd.csi.storage.gke.io" => ("pd.csi.storage.gke.io", last()),
        "kubernetes.io/cinder" => ("cinder.csi.openstack.org", handle),
        "kubernetes.io/azure-disk" => ("disk.csi.azure.com", handle),
        "kubernetes.io/portworx-volume" => ("pxd.portworx.com", handle),
        "kubernetes.io/nfs" => (driver, handle.trim_end_matches('/')),
        "kubernetes.io/host-path" | "kubernetes.io/local-volume" => {
            ("kubernetes.io/local-volume", handle.trim_end_matches('/'))
        }
        _ => (driver, handle),
    }
}

/// True where a Pod of any namespace may mount an asset of that driver without a PersistentVolume.
pub(super) fn mounted_inline(driver: &str) -> bool {
    let (served, _) = canonical(driver, "");
    match driver {
        "kubernetes.io/host-path" | "kubernetes.io/local-volume" => false,
        _ => driver.contains('/') || MIGRATED.contains(&served),
    }
}

/// CSI drivers of what in-tree plugins had.
const MIGRATED: [&str; 5] = [
    "ebs.csi.aws.com",
    "pd.csi.storage.gke.io",
    "cinder.csi.openstack.org",
    "disk.csi.azure.com",
    "pxd.portworx.com",
];

/// Sources other than CSI, by the plugin's name and the field that tells the asset (kubernetes v1.33, pkg/volume/*).
const IN_TREE: [(&str, &str, &str); 14] = [
    ("awsElasticBlockStore", "kubernetes.io/aws-ebs", "volumeID"),
    ("gcePersistentDisk", "kubernetes.io/gce-pd", "pdName"),
    ("azureDisk", "kubernetes.io/azure-disk", "diskURI"),
    ("azureFile", "kubernetes.io/azure-file", "shareName"),
    ("vsphereVolume", "kubernetes.io/vsphere-volume", "volumePath"),
    ("cinder", "kubernetes.io/cinder", "volumeID"),
    ("portworxVolume", "kubernetes.io/portworx-volume", "volumeID"),
    ("hostPath", "kubernetes.io/host-path", "path"),
    ("local", "kubernetes.io/local-volume", "path"),
    ("nfs", "kubernetes.io/nfs", "path"),
    ("rbd", "kubernetes.io/rbd", "image"),
    ("glusterfs", "kubernetes.io/glusterfs", "path"),
    ("scaleIO", "kubernetes.io/scaleio", "volumeName"),
    ("storageos", "kubernetes.io/storageos", "volumeName"),
];

/// Sources whose fields together tell the asset.
const WHOLE: [&str; 5] = ["iscsi", "fc", "cephfs", "flexVolume", "quobyte"];

/// The in-tree plugin that a field of a Pod's volume names. A path of its own node is no volume's: agents mount whole nodes.
pub(super) fn plugin(field: &str) -> Option<&'static str> {
    let known = IN_TREE.iter().map(|(source, ..)| *source).chain(WHOLE);
    known.filter(|source| *source != "hostPath").find(|source| *source == field)
}

/// The asset that a Pod's volume names by itself, as a Node names it.
pub(super) fn inline(plugin: &str, source: Value) -> Option<Box<str>> {
    let spec = Value::Object([(plugin.to_owned(), source)].into_iter().collect());
    let (driver, handle) = backing(&spec);
    let (driver, handle) = (driver?, handle?);
    let (driver, handle) = canonical(&driver, &handle);
    Some(attached(driver, handle).into())
}

/// Driver and handle of a source other than CSI, by the plugin's name (kubernetes v1.33, pkg/volume/*).
pub(super) fn backing(spec: &Value) -> (Option<Box<str>>, Option<Box<str>>) {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(Box::from);
    // Who mounts how is not which asset it is.
    const HOW: [&str; 9] = [
        "fsType",
        "readOnly",
        "secretRef",
        "secretFile",
        "user",
        "chapAuthDiscovery",
        "chapAuthSession",
        "initiatorName",
        "iscsiInterface",
    ];
    for kind in WHOLE {
        let Some(found) = spec.get(kind).and_then(Value::as_object) else { continue };
        let mut found = found.clone();
        found.retain(|key, _| !HOW.contains(&key.as_str()));
        let driver = found.get("driver").and_then(Value::as_str).map(Box::from);
        let driver = driver.unwrap_or_else(|| format!("kubernetes.io/{kind}").into());
        return (Some(driver), Some(Value::Object(found).to_string().into()));
    }
    for (source, plugin, key) in IN_TREE {
        let Some(found) = spec.get(source) else { continue };
        let mut handle: Option<Box<str>> = text(found, key);
        if let (Some(server), Some(path)) = (found.get("server").and_then(Value::as_str), handle.as_deref()) {
            handle = Some(format!("{server}:{path}").into());
        }
        if matches!(source, "hostPath" | "local") {
            // A path says nothing without its node; without affinity it is meant for a cluster of one.
            handle = handle.map(|path| format!("{}:{path}", node(spec).unwrap_or_default()).into());
        }
        return (Some(plugin.into()), handle);
    }
    (None, None)
}

/// The one node that a volume can be on, where its affinity names one.
fn node(spec: &Value) -> Option<&str> {
    let terms = spec.pointer("/nodeAffinity/required/nodeSelectorTerms")?.as_array()?;
    let [term] = terms.as_slice() else { return None };
    let host = |expression: &&Value| {
        expression.get("key").and_then(Value::as_str) == Some("kubernetes.io/hostname")
            && expression.get("operator").and_then(Value::as_str) == Some("In")
    };
    let values = term.get("matchExpressions")?.as_array()?.iter().find(host)?.get("values")?.as_array()?;
    match values.as_slice() {
        [node] => node.as_str(),
        _ => None,
    }
}

/// The share that a volume is, as a Node would name it: these drivers ask for a handle that no other volume has, and serve
/// the same folder under many (csi-driver-nfs and csi-driver-smb, docs/driver-parameters.md). What in-tree plugins mount is the same.
/// `spec` is read for those drivers alone.
pub(super) fn share<E>(
    driver: &str,
    handle: Option<&str>,
    spec: impl FnOnce() -> Result<Value, E>,
) -> Result<Option<Box<str>>, E> {
    let named = |driver: &str, folder: &str| Some(attached(driver, folder).into());
    if driver == "kubernetes.io/nfs" {
        return Ok(handle.and_then(|handle| named(driver, canonical(driver, handle).1)));
    }
    if !matches!(driver, "nfs.csi.k8s.io" | "smb.csi.k8s.io") {
        return Ok(None);
    }
    let spec = spec()?;
    let attributes = spec.pointer("/csi/volumeAttributes").and_then(Value::as_object);
    let text = |name: &str| {
        let found = attributes.into_iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).unwrap_or_default().trim_matches('/')
    };
    let under = |root: &str| format!("{root}/{}", text("subdir")).trim_end_matches('/').to_owned();
    Ok(match driver {
        "nfs.csi.k8s.io" if !text("server").is_empty() => {
            let root = format!("{}:/{}", text("server"), text("share"));
            named("kubernetes.io/nfs", &under(root.trim_end_matches('/')))
        }
        "smb.csi.k8s.io" if !text("source").is_empty() => {
            named(driver, &under(&text("source").to_ascii_lowercase()))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::share;
    use serde_json::json;

    #[test]
    fn one_folder_is_one_share_whatever_its_handle() {
        let told = |attributes: serde_json::Value| json!({"csi": {"volumeAttributes": attributes}});
        let read = |driver, handle, spec| share(driver, Some(handle), || Ok::<_, ()>(spec)).unwrap();
        let served = |attributes| read("nfs.csi.k8s.io", "any", told(attributes));
        let folder = read("kubernetes.io/nfs", "fs1:/e/", json!({}));
        assert!(folder.is_some());
        assert_eq!(served(json!({"server": "fs1", "share": "/e"})), folder);
        assert_eq!(
            served(json!({"server": "fs1", "share": "/", "subDir": "e/"})),
            served(json!({"server": "fs1", "share": "/e/"}))
        );
        assert_ne!(served(json!({"server": "fs1", "share": "/e", "subdir": "a"})), folder);
        assert_eq!(read("csi.example.com", "h", told(json!({"server": "fs1", "share": "/e"}))), None);
    }
}
