# a list longer than any memory
package hostile

verdict := {"action": "Delete", "reason": r} if {
	r := sprintf("%d", [count(numbers.range(0, 9223372036854775806))])
}
