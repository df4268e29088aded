package unused

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 30}}}

verdict := {"action": "Retain", "reason": "production stays", "rule": "production"} if {
	input.namespace.labels.env == "prod"
} else := {
	"action": "Delete", "reason": sprintf("unused since %s", [input.usage.unusedSince]), "rule": "unused",
	"annotations": {"probate.dev/note.unused-since": input.usage.unusedSince},
} if {
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}
