# Negation of a label's value.
package not_absent_label_value

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.subject.labels["probate.dev/keep"] == "true"
} else := {"action": "Retain", "reason": "there", "rule": "there"}
