# METADATA
# title: TITLE
# description: Keeps claims of production, deletes others that nothing has wanted for a while.
# custom: {version: 0.1.0}
package PACKAGE

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 30}}}

# The first body that fires answers. If none does, the policy has no opinion.
verdict := {"action": "Retain", "reason": "production stays", "rule": "production"} if {
	input.namespace.labels.env == "prod"
} else := {"action": "Delete", "reason": sprintf("unused since %s", [input.usage.unusedSince]), "rule": "unused"} if {
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}
