# a pattern that unfolds a million times
package hostile

verdict := {"action": "Delete", "reason": r} if {
	regex.match("(((a{100}){100}){100})", input.now)
	r := "matched"
}
