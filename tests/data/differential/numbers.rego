# Integers in other bases, and their absolute value.
package numbers

verdict := {"action": "Retain", "reason": format_int(input.subject.bytes, 16), "rule": "hex"} if input.subject.bytes > 9007199254740

else := {"action": "Delete", "reason": sprintf("%d", [abs(0 - input.subject.ageSeconds)]), "rule": "abs"}
