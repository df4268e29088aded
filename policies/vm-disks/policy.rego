# METADATA
# title: Disks of virtual machines
# description: |
#   A disk stays while any virtual machine, running or stopped, names it. What a machine that is gone has left behind goes
#   after a while, unless a machine of the same name is back.
# custom: {version: 1.0.0}
package vm_disks

import data.probate

parameters_schema := {"type": "object", "properties": {"goneDays": {"type": "integer", "minimum": 1, "default": 14}}}

verdict := {"action": "Retain", "reason": sprintf("a disk of %s", [sort(machines)[0]]), "rule": "named"} if {
	count(machines) > 0
} else := {"action": "Retain", "reason": sprintf("%s is back", [sort(successors)[0]]), "rule": "back"} if {
	count(successors) > 0
} else := {"action": "Delete", "reason": sprintf("left by %s", [concat(", ", sort(gone))]), "rule": "left-over"} if {
	probate.gone_seconds("VirtualMachine") >= probate.days(input.parameters.goneDays)
	input.usage.unusedSeconds >= probate.days(input.parameters.goneDays)
}

# Those that can start again and want the disk then.
machines contains sprintf("%s %s (%s)", [other.kind, other.name, other.state]) if {
	some other in input.references
	other.group == "kubevirt.io"
	other.kind in {"VirtualMachine", "VirtualMachineInstance"}
	other.state in {"Active", "Pending", "Stopped", "Template"}
}

# A machine of an owner's name that is another one: it may yet ask for the disk.
successors contains sprintf("VirtualMachine %s", [owner.name]) if {
	some owner in input.owners
	owner.kind == "VirtualMachine"
	owner.successorUid
}

gone contains sprintf("VirtualMachine %s, gone since %s", [owner.name, owner.goneSince]) if {
	some owner in input.owners
	owner.kind == "VirtualMachine"
	owner.state == "Gone"
}
