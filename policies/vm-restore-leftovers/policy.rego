# METADATA
# title: Old disks of restored machines
# description: |
#   A Harvester restore that replaces a machine's disks lists the old ones to be deleted once it is complete. What it leaves
#   behind goes after a while, if the machine that had them is still the same one and runs on the new disks.
# custom: {version: 1.0.0}
package vm_restore_leftovers

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 14}}}

verdict := {"action": "Retain", "reason": sprintf("%s is not complete", [sort(under_way)[0]]), "rule": "under-way"} if {
	count(under_way) > 0
} else := {"action": "Retain", "reason": sprintf("%s is another machine of that name", [sort(others)[0]]), "rule": "another-machine"} if {
	count(replaced) > 0
	count(others) > 0
} else := {"action": "Delete", "reason": sprintf("replaced by %s on %s", [concat(", ", sort(replaced)), concat(", ", sort(machines))]), "rule": "replaced"} if {
	count(replaced) > 0
	count(machines) > 0
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}

# Any restore in any role: while it works, the old disks may be all there is.
under_way contains sprintf("VirtualMachineRestore %s", [other.name]) if {
	some other in restores
	other.state in {"Active", "Pending", "Stopped", "Template"}
}

# Complete, and told to delete what it replaced: Harvester fills this list for no other restore. The list holds names: a claim
# that was made since is another one.
replaced contains sprintf("VirtualMachineRestore %s", [other.name]) if {
	some other in restores
	other.state == "Finished"
	startswith(other.path, "status.deletedVolumes")
	input.subject.ageSeconds > other.stateSeconds
}

restores contains other if {
	some other in input.references
	other.group == "harvesterhci.io"
	other.kind == "VirtualMachineRestore"
}

# The machine that had the disk, by uid; restored in place it is the same one.
machines contains sprintf("VirtualMachine %s", [owner.name]) if {
	some owner in input.owners
	owner.kind == "VirtualMachine"
	owner.state == "Alive"
}

others contains sprintf("VirtualMachine %s", [owner.name]) if {
	some owner in input.owners
	owner.kind == "VirtualMachine"
	owner.successorUid
}
