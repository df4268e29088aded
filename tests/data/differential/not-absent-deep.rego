# Negation deep in an open object.
package not_absent_deep

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.subject.object.metadata.labels.tier
} else := {"action": "Retain", "reason": "there", "rule": "there"}
