# METADATA
# title: Drift of reclaim policies
# description: A volume whose class retains and which says Delete was changed by somebody. It stays, and is made Retain again.
package reclaim_drift

verdict := {
	"action": "Retain", "reason": sprintf("class %s retains, the volume says %s", [input.storageClass.name, input.volume.reclaimPolicy]),
	"rule": "drift", "ensure": "ReclaimPolicyRetain",
	"annotations": {"probate.dev/note.reclaim-drift": sprintf("%s, by class %s", [input.storageClass.reclaimPolicy, input.storageClass.name])},
} if {
	input.storageClass.reclaimPolicy == "Retain"
	input.volume.reclaimPolicy == "Delete"
}
