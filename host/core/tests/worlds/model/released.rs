//! What can still want a volume whose claim is gone. Who names the gone claim does not name the volume, but may mean it.

use super::json::{annotation, at, group, kind, name, strings, text};
use super::workloads::mounts;
use super::{Case, Found};
use serde_json::Value;

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    if kind(object) == "Addon"
        && annotation(object, "harvesterhci.io/grafana-pv-name") == Some(case.volume_name())
    {
        found.want(case, "addon that binds it again", object);
    }
    if group(object).is_empty() && kind(object) == "PersistentVolume" {
        return;
    }
    super::custom::asset(case, object, found);
    let mut named = false;
    strings(object, &mut |text| {
        named |= !case.name.is_empty() && text.contains(case.name) || text.contains(case.volume_name());
    });
    named |= kind(object) == "Pod" && mounts(at(object, "spec"), name(object), case.name);
    named |= group(object) == "velero.io";
    named |= kind(object) == "VirtualMachineRestore" && text(object, "metadata.namespace") == case.namespace;
    if named {
        found.may(case, "names the claim that is gone", object);
    }
    let parts = case.name.split('-').next().unwrap_or_default();
    if kind(object) == "StatefulSet"
        && text(object, "metadata.namespace") == case.namespace
        && !parts.is_empty()
    {
        found.may(case, "set of the claim that is gone", object);
    }
    // An autoscaler may be all that makes such a set want its ordinal.
    let scales = matches!(kind(object), "HorizontalPodAutoscaler" | "ScaledObject");
    if scales && text(object, "metadata.namespace") == case.namespace {
        found.may(case, "scaler of a set of the claim that is gone", object);
    }
}
