# METADATA
# title: Released volumes
# description: Deletes volumes whose claim went a while ago, unless a reclaim policy says that the data stays.
# custom: {version: 1.0.0}
package released_volumes

import data.probate

parameters_schema := {"type": "object", "properties": {
	"releasedDays": {"type": "integer", "minimum": 1, "default": 14},
	"honourRetain": {"type": "boolean", "default": true},
}}

verdict := {"action": "Retain", "reason": "a reclaim policy says Retain", "rule": "retained"} if {
	input.parameters.honourRetain == true
	input.volume.phase == "Released"
	input.retention.effective == "Retain"
} else := {"action": "Delete", "reason": sprintf("released since %s", [input.volume.releasedSince]), "rule": "released"} if {
	input.volume.phase == "Released"
	input.volume.releasedSeconds >= probate.days(input.parameters.releasedDays)
}
