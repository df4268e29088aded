package unused

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 30}}}

# A twin that words one reason differently.
verdict := {"action": "Retain", "reason": "prod stays", "rule": "production"} if {
	input.namespace.labels.env == "prod"
} else := {
	"action": "Delete", "reason": sprintf("unused since %s", [input.usage.unusedSince]), "rule": "unused",
	"annotations": {"probate.dev/note.unused-since": input.usage.unusedSince},
} if {
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}
