# Two values of one rule are an error.
package conflict

verdict := {"action": "Retain", "reason": found, "rule": "found"}

found := "pods" if {
	some other in input.references
	other.kind == "Pod"
}

found := "machines" if {
	some other in input.references
	other.kind == "VirtualMachine"
}
