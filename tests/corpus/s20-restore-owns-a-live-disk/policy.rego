# METADATA
# title: Live disks that a restore's report owns
# description: Notes that deleting the report would take the disk, and asks for Retain on its volume.
# custom: {version: 1.0.0}
package restored_disks

verdict := {
	"action": "Retain",
	"reason": sprintf("deleting %s would take it", [report]),
	"rule": "owned-by-report",
	"ensure": "ReclaimPolicyRetain",
	"annotations": {"probate.dev/note.hazard": sprintf("owned by %s", [report])},
} if {
	report
}

report := sort([sprintf("%s %s", [owner.kind, owner.name]) | some owner in input.owners; reports(owner)])[0]

reports(owner) if {
	owner.kind == "VirtualMachineRestore"
	owner.relation in {"Controller", "OwnerReference"}
}
