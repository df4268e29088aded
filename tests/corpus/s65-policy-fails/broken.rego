# METADATA
# title: A policy that fails in many ways
# description: By the labels of the claim; without them it has no opinion.
package broken

verdict := {"action": "Delete", "reason": "kept for long enough"} if {
	to_number(input.subject.labels["keep-for"]) < 30
}

verdict := {"action": "Destroy", "reason": "no word of ours"} if input.subject.labels.broken == "word"

verdict := {"action": "Delete", "reason": "for ever", "rule": "for-ever"} if {
	input.subject.labels.broken == "endless"
	count([1 | some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); a * b < 0]) == 0
}

verdict := {"action": "Delete", "reason": "one"} if input.subject.labels.broken == "twice"

verdict := {"action": "Delete", "reason": "two"} if input.subject.labels.broken == "twice"

verdict := {"action": "Delete"} if input.subject.labels.broken == "speechless"
