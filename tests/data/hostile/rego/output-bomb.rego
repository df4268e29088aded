# a reason of a hundred megabytes
package hostile

verdict := {"action": "Delete", "reason": r} if {
	r := concat("", ["x" | some _ in numbers.range(1, 200000)])
}
