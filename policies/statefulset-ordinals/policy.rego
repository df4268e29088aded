# METADATA
# title: Ordinals of StatefulSets that were scaled down
# description: |
#   A StatefulSet that is scaled down keeps the claims of its higher ordinals, to bind them again when it grows. They go after a
#   while without use. The lowest ordinals stay: a set at nothing may only sleep. Needs the consent ScaledDownOrdinal.
# custom: {version: 1.0.0}
package statefulset_ordinals

import data.probate

parameters_schema := {"type": "object", "properties": {
	"unusedDays": {"type": "integer", "minimum": 1, "default": 30},
	"keepOrdinals": {"type": "integer", "minimum": 0, "default": 1},
}}

verdict := {
	"action": "Retain", "reason": sprintf("ordinal %d of StatefulSet %s is one of the lowest", [ordinal, sort(sets)[0]]),
	"rule": "lowest",
} if {
	count(sets) > 0
	ordinal < input.parameters.keepOrdinals
} else := {
	"action": "Delete",
	"reason": sprintf("StatefulSet %s is scaled down, unused since %s", [sort(sets)[0], input.usage.unusedSince]),
	"rule": "scaled-down",
} if {
	count(sets) > 0
	ordinal >= input.parameters.keepOrdinals
	input.usage.state == "Reserved"
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}

# Sets that do not want the claim now, and would come back for it.
sets contains other.name if {
	some other in input.references
	other.group == "apps"
	other.kind == "StatefulSet"
	other.state == "Reserved"
}

ordinal := to_number(regex.find_n(`[0-9]+$`, input.subject.name, 1)[0])
