# sum, max and min.
package aggregates

verdict := {"action": "Retain", "reason": sprintf("%d %d %d", [sum(ages), max(ages), min(ages)]), "rule": "ages"} if {
	ages := [snapshot.ageSeconds | some snapshot in input.snapshots]
	count(ages) > 0
}
