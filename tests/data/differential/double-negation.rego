# Negation of a negation.
package double_negation

verdict := {"action": "Delete", "reason": "two", "rule": "two"} if not not_gone

not_gone if not gone

gone if {
	some owner in input.owners
	owner.state == "Gone"
}
