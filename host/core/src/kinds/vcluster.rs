//! The marks that vCluster puts on host objects (vcluster, pkg/util/translate/types.go and single_namespace.go). A tenant cannot
//! write the `object-*` set through the syncer, and a set that contradicts itself proves nothing.

use super::map::Map;
use super::meta::Head;
use super::subject::Subject;
use crate::digest;

const PREFIX: &str = "vcluster.loft.sh/";
const MANAGED_BY: &str = "vcluster.loft.sh/managed-by";
const CLAIM: &str = "/v1, Kind=PersistentVolumeClaim";
/// Longest host name; what is longer is cut and hashed.
const MAX_NAME: usize = 63;

/// Whose copy a host claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks<'a> {
    /// Name of the virtual cluster; unique in the host namespace only.
    pub(crate) cluster: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
    /// Born on the host and shown in the virtual cluster.
    pub(crate) imported: bool,
}

/// The marks of a host claim: none, a set that agrees with itself and the claim, or one that does not.
pub(crate) fn marks<'a>(head: &Head, subject: &'a Subject) -> Option<Result<Marks<'a>, ()>> {
    let marked = |map: &Map| map.keys().any(|key| key.starts_with(PREFIX));
    if !marked(&subject.labels) && !marked(&subject.annotations) {
        return None;
    }
    let mark = |key: &str| subject.annotations.get(&format!("{PREFIX}{key}"));
    let own = mark("object-kind") == Some(CLAIM)
        && mark("object-host-name") == Some(&*head.name)
        && mark("object-host-namespace") == Some(&*head.namespace);
    let found = own.then(|| {
        Some(Marks {
            cluster: subject.labels.get(MANAGED_BY).filter(|name| !name.is_empty())?,
            namespace: mark("object-namespace")?,
            name: mark("object-name")?,
            uid: mark("object-uid").unwrap_or_default(),
            imported: mark("object-imported") == Some("true"),
        })
    });
    Some(found.flatten().ok_or(()))
}

/// The name that a virtual claim has on the host (vcluster, pkg/util/translate: SafeConcatName).
pub(crate) fn host_name(name: &str, namespace: &str, cluster: &str) -> String {
    let full = format!("{name}-x-{namespace}-x-{cluster}");
    if full.len() <= MAX_NAME {
        return full;
    }
    let hash = digest::of_bytes(full.as_bytes());
    let hash = hash.strip_prefix("sha256:").unwrap_or_default();
    let cut: String = full.chars().take(52).collect();
    format!("{cut}-{}", hash.chars().take(10).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{Marks, host_name, marks};
    use crate::intake::GroupKind;
    use crate::kinds::{Payload, storage};
    use serde_json::{Value, json};

    fn read(annotations: &Value, labels: &Value) -> Option<Result<(String, String), ()>> {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"namespace": "team-a", "name": "data-x-shop-x-vc1", "uid": "h", "annotations": annotations, "labels": labels}});
        let parsed =
            storage::claim(&GroupKind::parse("PersistentVolumeClaim"), claim.to_string().as_bytes()).unwrap();
        let Payload::Claim(data) = parsed.payload else { return None };
        let owned = |marks: Marks<'_>| (marks.cluster.to_owned(), marks.uid.to_owned());
        marks(&parsed.head, &data.subject).map(|found| found.map(owned))
    }

    #[test]
    fn a_set_counts_only_where_all_of_it_agrees() {
        let mut set = json!({"vcluster.loft.sh/object-kind": "/v1, Kind=PersistentVolumeClaim",
            "vcluster.loft.sh/object-name": "data", "vcluster.loft.sh/object-namespace": "shop", "vcluster.loft.sh/object-uid": "v",
            "vcluster.loft.sh/object-host-name": "data-x-shop-x-vc1", "vcluster.loft.sh/object-host-namespace": "team-a"});
        let label = json!({"vcluster.loft.sh/managed-by": "vc1"});
        assert_eq!(read(&set, &label), Some(Ok(("vc1".into(), "v".into()))));
        assert_eq!(read(&set, &json!({})), Some(Err(())), "nobody manages it");
        assert_eq!(read(&json!({}), &label), Some(Err(())), "a label alone");
        assert_eq!(read(&json!({"other": "1"}), &json!({})), None);
        set["vcluster.loft.sh/object-host-name"] = json!("other");
        assert_eq!(read(&set, &label), Some(Err(())), "copied from another claim");
    }

    #[test]
    fn long_names_are_cut_and_hashed() {
        assert_eq!(host_name("data", "shop", "vc1"), "data-x-shop-x-vc1");
        let long = host_name(&"a".repeat(60), "shop", "vc1");
        assert_eq!(long.len(), 63);
        assert!(long.starts_with(&format!("{}-", "a".repeat(52))));
    }
}
