# a list of a million million numbers
package hostile

verdict := {"action": "Delete", "reason": r} if {
	r := sprintf("%d", [count(numbers.range(1, 1000000000000))])
}
