# Negation of an annotation of a fact that may be absent.
package not_absent_annotation

verdict := {"action": "Delete", "reason": "gone", "rule": "gone"} if {
	not input.namespace.annotations.owner
} else := {"action": "Retain", "reason": "there", "rule": "there"}
