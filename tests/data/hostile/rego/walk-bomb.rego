# a walk of a walk of a walk
package hostile

verdict := {"action": "Delete", "reason": r} if {
	n := numbers.range(1, 200)
	t := {sprintf("%d", [a]): {sprintf("%d", [b]): n | some b in n} | some a in n}
	r := sprintf("%d", [count([1 | walk(t, [_, _])])])
}
