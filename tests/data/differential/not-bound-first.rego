# Bound first, then negated inside a call.
package not_bound_first

verdict := {"action": "Delete", "reason": "other", "rule": "other"} if {
	class := input.volume.storageClassName
	not startswith(class, "g")
}
