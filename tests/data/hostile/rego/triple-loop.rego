# three nested loops of three thousand
package hostile

verdict := {"action": "Delete", "reason": r} if {
	n := numbers.range(1, 3000)
	r := sprintf("%d", [count([1 | some a in n; some b in n; some c in n; a + b == c])])
}
