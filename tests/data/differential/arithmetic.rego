# Division, floor and remainder.
package arithmetic

verdict := {"action": "Retain", "reason": sprintf("%d", [days]), "rule": "days"} if {
	days := floor(input.subject.ageSeconds / 86400)
	days % 2 == 0
} else := {"action": "Delete", "reason": "odd", "rule": "odd"}
