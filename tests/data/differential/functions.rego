# A function of two arguments.
package functions

verdict := {"action": "Delete", "reason": "old", "rule": "old"} if old(input.usage.unusedSeconds, 30)

else := {"action": "Retain", "reason": "young", "rule": "young"} if not input.usage.referenced

old(seconds, days) if seconds >= days * 86400
