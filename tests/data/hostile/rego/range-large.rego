# a list of fifty million numbers
package hostile

verdict := {"action": "Delete", "reason": r} if {
	r := sprintf("%d", [count(numbers.range(1, 50000000))])
}
