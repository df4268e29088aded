# METADATA
# title: Effective retention
# description: |
#   Writes on each claim and volume which reclaim policy will really apply. Volumes of the classes named in retainClasses are
#   kept, and their reclaim policy is made Retain.
# custom: {version: 1.0.0}
package effective_retention

parameters_schema := {"type": "object", "properties": {"retainClasses": {
	"type": "array",
	"items": {"type": "string", "minLength": 1},
	"default": [],
}}}

note := {"probate.dev/note.effective-reclaim-policy": input.retention.effective}

verdict := {
	"action": "Retain", "reason": sprintf("class %s is to be kept", [input.volume.storageClassName]),
	"rule": "made-retain", "ensure": "ReclaimPolicyRetain", "annotations": note,
} if {
	input.volume.storageClassName in input.parameters.retainClasses
	input.volume.reclaimPolicy in {"Delete", "Recycle"}
} else := {
	"action": "Retain", "reason": sprintf("class %s is kept", [input.volume.storageClassName]),
	"rule": "kept", "annotations": note,
} if {
	input.volume.storageClassName in input.parameters.retainClasses
} else := {"annotations": note}
