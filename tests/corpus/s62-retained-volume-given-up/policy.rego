# METADATA
# title: Tombstones
# description: Volumes whose machines are proven gone for a while.
package tombstones

import data.probate

parameters_schema := {"type": "object", "properties": {"days": {"type": "integer", "minimum": 1, "default": 90}}}

verdict := {"action": "Delete", "reason": "its machines are gone", "rule": "tombstone"} if {
	probate.gone_seconds("VirtualMachine") >= probate.days(input.parameters.days)
	input.volume.releasedSeconds >= probate.days(input.parameters.days)
}
