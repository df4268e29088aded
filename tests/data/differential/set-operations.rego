# Difference and intersection of sets.
package set_operations

verdict := {"action": "Delete", "reason": "only finished", "rule": "only-finished"} if {
	states := {other.state | some other in input.references}
	count(states) > 0
	count(states - {"Finished", "Reserved"}) == 0
} else := {"action": "Retain", "reason": "mixed", "rule": "mixed"} if {
	states := {other.state | some other in input.references}
	count(states & {"Active", "Pending"}) > 0
}
