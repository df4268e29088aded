# Negation of equality with a field that may be absent.
package not_absent_equal

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.volume.storageClassName == "gold"
} else := {"action": "Retain", "reason": "there", "rule": "there"}
