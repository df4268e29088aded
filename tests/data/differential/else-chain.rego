# A chain of else.
package else_chain

verdict := {"action": "Retain", "reason": "prod", "rule": "prod"} if {
	input.namespace.labels.env == "prod"
} else := {"action": "Retain", "reason": "young", "rule": "young"} if {
	input.subject.ageSeconds < 604800
} else := {"action": "Delete", "reason": "old", "rule": "old"} if {
	input.usage.unusedSeconds > 2592000
} else := {"action": "Retain", "reason": "fresh", "rule": "fresh"} if {
	input.usage.referenced == false
}
