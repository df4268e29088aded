# Bound first, then negated beside an operator.
package not_bound_compare

verdict := {"action": "Delete", "reason": "old", "rule": "old"} if {
	seconds := input.usage.unusedSeconds
	not seconds < 2592000
}
