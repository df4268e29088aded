# Unification of patterns.
package unification

verdict := {"action": "Retain", "reason": name, "rule": "named"} if {
	{"kind": "VirtualMachine", "name": name} = {"kind": kind, "name": other}
	some owner in input.owners
	kind = owner.kind
	other = owner.name
	other == "db"
}
