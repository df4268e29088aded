# METADATA
# title: Disks of machines that went without a word
# description: Keeps what a machine has left behind when nobody said that it may go, and notes where it comes from.
# custom: {version: 1.0.0}
package detached_disks

verdict := {
	"action": "Retain",
	"reason": sprintf("VirtualMachine %s went without a word on it", [former.name]),
	"rule": "detached",
	"annotations": {
		"probate.dev/note.detached-since": former.goneSince,
		"probate.dev/note.former-machine": sprintf("%s %s", [former.name, former.uid]),
	},
} if {
	former
}

former := [owner | some owner in input.owners; silent(owner)][0]

silent(owner) if {
	owner.kind == "VirtualMachine"
	owner.state == "Gone"
	object.get(owner, "platformIntent", "none") == "none"
}
