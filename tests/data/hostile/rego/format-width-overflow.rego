# a number padded beyond the size of memory
package hostile

verdict := {"action": "Delete", "reason": r} if {
	r := sprintf("%200000000000d", [1])
}
