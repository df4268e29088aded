# Comparison across types has an order of its own; between constants and paths of the evidence it is refused.
package mixed_types

verdict := {"action": "Delete", "reason": "string above number", "rule": "string-above-number"} if input.subject.name > count(input.references)

else := {"action": "Retain", "reason": "never", "rule": "never"}
