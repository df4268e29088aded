# METADATA
# title: What was chosen with the machine
# description: A machine's disks go or stay as whoever deleted the machine has chosen.
# custom: {version: 1.0.0}
package chosen_disks

verdict := {"action": "Retain", "reason": sprintf("%s was deleted without it", [sort(keepers)[0]]), "rule": "kept"} if {
	count(keepers) > 0
} else := {"action": "Delete", "reason": sprintf("%s was deleted with it", [sort(chosen)[0]]), "rule": "chosen"} if {
	count(chosen) > 0
}

keepers contains sprintf("%s %s", [owner.kind, owner.name]) if {
	some owner in input.owners
	owner.state == "Gone"
	owner.platformIntent == "Keep"
}

chosen contains sprintf("%s %s", [owner.kind, owner.name]) if {
	some owner in input.owners
	owner.state == "Gone"
	owner.platformIntent == "Delete"
}
