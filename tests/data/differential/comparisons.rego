# All comparison operators.
package comparisons

verdict := {"action": "Retain", "reason": "between", "rule": "between"} if {
	input.subject.ageSeconds >= 604800
	input.subject.ageSeconds <= 2592000
	input.subject.ageSeconds != 1209600
} else := {"action": "Delete", "reason": "outside", "rule": "outside"} if input.subject.ageSeconds > 2592000
