# An empty partial set.
package not_partial_set

verdict := {"action": "Delete", "reason": "no pods", "rule": "no-pods"} if count(pods) == 0

else := {"action": "Retain", "reason": "pods", "rule": "pods"}

pods contains other.name if {
	some other in input.references
	other.kind == "Pod"
}
