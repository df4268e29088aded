# An array comprehension, sorted and joined.
package comprehensions

verdict := {"action": "Retain", "reason": concat(",", names), "rule": "names"} if {
	names := sort([other.name | some other in input.references; other.state == "Active"; other.name != ""])
	count(names) > 0
}
