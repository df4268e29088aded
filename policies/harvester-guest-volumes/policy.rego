# METADATA
# title: Volumes of guest clusters on Harvester
# description: |
#   What a guest cluster's CSI driver has made on Harvester goes with the cluster, whether a machine held it at that moment or
#   not. A machine that is replaced, scaled away or broken is no reason: the cluster's volumes stay while the cluster lives.
# custom: {version: 1.0.0}
package harvester_guest_volumes

import data.probate

parameters_schema := {"type": "object", "properties": {
	"goneDays": {"type": "integer", "minimum": 1, "default": 7},
	"whileDeleting": {"type": "boolean", "default": false},
}}

verdict := {"action": "Retain", "reason": sprintf("%s is alive", [guest]), "rule": "alive", "annotations": notes} if {
	guest
	input.guestCluster.state == "Alive"
} else := {"action": "Retain", "reason": sprintf("%s still has %s", [guest, sort(present)[0]]), "rule": "in-guest", "annotations": notes} if {
	guest
	count(present) > 0
} else := {"action": "Retain", "reason": sprintf("a reclaim policy says Retain; it served %s", [guest]), "rule": "retained", "annotations": notes} if {
	guest
	input.retention.effective == "Retain"
} else := {"action": "Delete", "reason": sprintf("%s is gone since %s", [guest, input.guestCluster.goneSince]), "rule": "gone", "annotations": notes} if {
	guest
	input.guestCluster.state == "Gone"
	input.guestCluster.goneSeconds >= probate.days(input.parameters.goneDays)
	input.usage.unusedSeconds >= probate.days(input.parameters.goneDays)
} else := {"action": "Delete", "reason": sprintf("%s is being deleted", [guest]), "rule": "deleting", "annotations": notes} if {
	guest
	input.parameters.whileDeleting == true
	input.guestCluster.state == "Deleting"
	input.usage.unusedSeconds >= probate.days(input.parameters.goneDays)
} else := {"action": "Retain", "reason": sprintf("%s (%s) is not gone for %d days", [guest, input.guestCluster.state, input.parameters.goneDays]), "rule": "waiting", "annotations": notes} if {
	guest
}

# A cluster that Rancher or Cluster API makes of Harvester's machines; a vCluster's volumes are another policy's.
guest := sprintf("%s cluster %s", [input.guestCluster.type, input.guestCluster.name]) if {
	input.guestCluster.type in {"Rancher", "ClusterAPI"}
}

# What the cluster itself still has goes there first: its driver cannot finish once the claim is gone. What a record remembers of
# a cluster that is on its way out holds nothing; nobody can ask that cluster any more.
present contains sprintf("%s %s", [other.kind, other.name]) if {
	some other in input.counterparts
	other.relation == "Guest"
	other.state == "Present"
	other.linkedBy != "Record"
}

notes := {"probate.dev/note.guest-cluster": input.guestCluster.name}
