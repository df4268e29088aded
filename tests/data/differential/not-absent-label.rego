# Negation of a label.
package not_absent_label

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.subject.labels.env
} else := {"action": "Retain", "reason": "there", "rule": "there"}
