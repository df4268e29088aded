# Elements by constant index.
package array_index

verdict := {"action": "Retain", "reason": "first", "rule": "first"} if input.references[0].state == "Active"

else := {"action": "Delete", "reason": "second", "rule": "second"} if input.references[1].state == "Stopped"
