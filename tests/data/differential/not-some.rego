# No element matches.
package not_some

verdict := {"action": "Delete", "reason": "no machine", "rule": "no-machine"} if not machine

machine if {
	some other in input.references
	other.group == "kubevirt.io"
}
