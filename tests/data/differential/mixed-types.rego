# Comparison across types has an order of its own.
package mixed_types

verdict := {"action": "Delete", "reason": "string above number", "rule": "string-above-number"} if input.subject.name > 5

else := {"action": "Retain", "reason": "never", "rule": "never"}
