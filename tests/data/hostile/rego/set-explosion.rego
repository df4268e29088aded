# all subsets of a set
package hostile

verdict := {"action": "Delete", "reason": r} if {
	n := numbers.range(1, 24)
	s := {[a, b, c, d, e] | some a in n; some b in n; some c in n; some d in n; some e in n}
	r := sprintf("%d", [count(s)])
}
