# Negation of a field of a fact that may be absent.
package not_absent_field

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.volume.claimRef.uid
} else := {"action": "Retain", "reason": "there", "rule": "there"}
