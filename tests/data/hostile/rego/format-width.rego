# a number padded to two thousand million columns
package hostile

verdict := {"action": "Delete", "reason": r} if {
	r := sprintf("%2000000000d", [1])
}
