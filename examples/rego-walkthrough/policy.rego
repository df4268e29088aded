# METADATA
# title: Dev claims
# description: Keeps claims of production, and lets those of everybody else go once nothing has wanted them for a month.
# custom: {version: 1.0.0}
package dev_claims

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 30}}}

verdict := {"action": "Retain", "reason": "production stays", "rule": "production"} if {
	input.namespace.labels.env == "prod"
} else := {"action": "Delete", "reason": sprintf("unused since %s", [input.usage.unusedSince]), "rule": "unused"} if {
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}
