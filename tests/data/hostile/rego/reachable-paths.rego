# all paths of a graph in which everything touches
package hostile

verdict := {"action": "Delete", "reason": r} if {
	g := {n: ms | some n in numbers.range(1, 12); ms := [m | some m in numbers.range(1, 12); m != n]}
	r := sprintf("%d", [count(graph.reachable_paths(g, {1}))])
}
