# Regular expressions.
package regex

verdict := {"action": "Delete", "reason": "ordinal", "rule": "ordinal"} if regex.match(`^[a-z-]+-[0-9]+$`, input.subject.name)

else := {"action": "Retain", "reason": "plain", "rule": "plain"} if regex.match(`^[a-z]+$`, input.subject.name)
