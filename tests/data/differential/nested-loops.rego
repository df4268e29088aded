# Two lists joined.
package nested_loops

verdict := {"action": "Retain", "reason": "owner still refers", "rule": "owner-still-refers"} if {
	some owner in input.owners
	some other in input.references
	owner.kind == other.kind
	owner.name == other.name
} else := {"action": "Delete", "reason": "nobody", "rule": "nobody"} if count(input.owners) > 0
