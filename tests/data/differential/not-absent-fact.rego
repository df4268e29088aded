# Negation of a fact that may be absent.
package not_absent_fact

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.namespace
} else := {"action": "Retain", "reason": "there", "rule": "there"}
