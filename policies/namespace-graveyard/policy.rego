# METADATA
# title: Claims whose application left
# description: |
#   In a namespace that lives on, claims stay behind when an application is uninstalled: nothing owns them, nothing deletes
#   them. They go once every workload that used them has been gone for a while, and stay if one of that name is back.
# custom: {version: 1.0.0}
package namespace_graveyard

import data.probate

parameters_schema := {"type": "object", "properties": {"goneDays": {"type": "integer", "minimum": 1, "default": 30}}}

verdict := {"action": "Retain", "reason": sprintf("%s is back", [sort(successors)[0]]), "rule": "back"} if {
	count(successors) > 0
} else := {"action": "Delete", "reason": sprintf("left by %s", [concat(", ", sort(gone))]), "rule": "left"} if {
	input.namespace.phase == "Active"
	input.usage.state == "None"
	count(workloads) > 0
	every owner in workloads {
		owner.state == "Gone"
		owner.goneSeconds >= probate.days(input.parameters.goneDays)
	}
	input.usage.unusedSeconds >= probate.days(input.parameters.goneDays)
}

# What an application is made of; machines are the business of vm-disks.
workloads := [owner | some owner in input.owners; is_workload(owner)]

is_workload(owner) if owner.group in {"apps", "batch"}

is_workload(owner) if {
	object.get(owner, "group", "") == ""
	owner.kind in {"Pod", "ReplicationController"}
}

# One of an owner's name that is another one: it may yet ask for the claim.
successors contains sprintf("%s %s", [owner.kind, owner.name]) if {
	some owner in workloads
	owner.successorUid
}

gone contains sprintf("%s %s, gone since %s", [owner.kind, owner.name, owner.goneSince]) if some owner in workloads
