# METADATA
# title: Volumes of one virtual cluster that is gone
package tombstone

import data.probate

parameters_schema := {"type": "object", "properties": {
	"uid": {"type": "string"},
	"goneDays": {"type": "integer", "minimum": 1, "default": 30},
}}

verdict := {"action": "Delete", "reason": sprintf("of virtual cluster %s, given up", [input.guestCluster.name]), "rule": "given-up"} if {
	input.guestCluster.type == "VCluster"
	input.guestCluster.uid == input.parameters.uid
	input.guestCluster.state == "Gone"
	input.guestCluster.goneSeconds >= probate.days(input.parameters.goneDays)
}
