# every letter replaced by the whole text, twice
package hostile

verdict := {"action": "Delete", "reason": r} if {
	s := concat("", ["a" | some _ in numbers.range(1, 30000)])
	t := concat("", [x | some x in [s]])
	u := replace(replace(t, "a", t), "a", t)
	r := sprintf("%d", [count(u)])
}
