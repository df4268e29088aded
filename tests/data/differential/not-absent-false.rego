# Negation of a field that is false or absent.
package not_absent_false

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.volume.governing
} else := {"action": "Retain", "reason": "there", "rule": "there"}
