# METADATA
# title: Volumes of virtual clusters
# description: |
#   On the host of virtual clusters. Claims and volumes of a virtual cluster inherit the host's reclaim policy: what it retains
#   stays, and a note tells the tenant which policy really applies. What a deleted virtual cluster has left behind goes after
#   a while; what it had only imported was the host's before. The store of its control plane always stays: without it every
#   tenant volume looks orphaned.
# custom: {version: 1.0.0}
package vcluster_volumes

import data.probate

parameters_schema := {"type": "object", "properties": {"graceDays": {"type": "integer", "minimum": 1, "default": 14}}}

verdict := {"action": "Retain", "reason": sprintf("the control plane's store of virtual cluster %s", [store]), "rule": "store"} if {
	store
} else := {"action": "Retain", "reason": sprintf("virtual cluster %s imported it", [cluster]), "rule": "imported", "annotations": note} if {
	input.subject.annotations["vcluster.loft.sh/object-imported"] == "true"
	cluster
} else := {"action": "Retain", "reason": sprintf("virtual cluster %s is there", [cluster]), "rule": "lives", "annotations": note} if {
	input.guestCluster.state in {"Alive", "Deleting"}
	cluster
} else := {"action": "Retain", "reason": sprintf("%s is there", [sort(tenants)[0]]), "rule": "wanted", "annotations": note} if {
	cluster
	count(tenants) > 0
} else := {"action": "Retain", "reason": "the host's reclaim policy is Retain", "rule": "inherited", "annotations": note} if {
	cluster
	input.retention.effective == "Retain"
} else := {
	"action": "Delete", "reason": sprintf("virtual cluster %s is gone since %s", [cluster, input.guestCluster.goneSince]),
	"rule": "orphan", "annotations": note,
} if {
	input.guestCluster.state == "Gone"
	input.retention.effective == "Delete"
	input.guestCluster.goneSeconds >= probate.days(input.parameters.graceDays)
	input.usage.unusedSeconds >= probate.days(input.parameters.graceDays)
	cluster
} else := {"annotations": note} if {
	cluster
}

cluster := input.guestCluster.name if input.guestCluster.type == "VCluster"

note := {"probate.dev/note.effective-reclaim-policy": input.retention.effective}

# Labels that the chart gives the StatefulSet's claims. A forged one only keeps.
store := input.subject.labels.release if input.subject.labels.app in {"vcluster", "vcluster-etcd"}

# What the tenant still has; the syncer, not the host, deletes below it.
tenants contains sprintf("%s %s of the tenant", [other.kind, other.name]) if {
	some other in input.counterparts
	other.relation == "Virtual"
	other.state == "Present"
}
