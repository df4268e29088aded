# METADATA
# title: Temporary claims of CDI
# description: |
#   Claims that CDI fills on behalf of another one (prime-, tmp-pvc-, tmp-source-pvc-, scratch space) go when whom they were
#   made for is gone for a while. While that lives they are CDI's.
# custom: {version: 1.0.0}
package cdi_temporaries

import data.probate

parameters_schema := {"type": "object", "properties": {"goneDays": {"type": "integer", "minimum": 1, "default": 3}}}

verdict := {"action": "Retain", "reason": sprintf("made for %s", [sort(left)[0]]), "rule": "wanted"} if {
	temporary
	count(left) > 0
} else := {"action": "Delete", "reason": sprintf("made for %s", [concat(", ", sort(gone))]), "rule": "left-over"} if {
	temporary
	min(gone_seconds) >= probate.days(input.parameters.goneDays)
	input.usage.unusedSeconds >= probate.days(input.parameters.goneDays)
}

# CDI names them by the uid of the claim they are for (pkg/controller/populators/util.go, pkg/controller/clone/planner.go).
temporary if {
	regex.match(`^(prime|tmp-pvc|tmp-source-pvc)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-scratch)?$`, input.subject.name)
}

# Scratch space of an importer; a DataVolume may have a name that ends like this, but no Pod makes its claim.
temporary if {
	endswith(input.subject.name, "-scratch")
	count(input.owners) > 0
	every owner in input.owners {
		owner.kind == "Pod"
	}
}

left contains sprintf("%s %s (%s)", [owner.kind, owner.name, owner.state]) if {
	some owner in input.owners
	owner.state in {"Alive", "Deleting"}
}

gone contains sprintf("%s %s, gone since %s", [owner.kind, owner.name, owner.goneSince]) if {
	some owner in input.owners
}

gone_seconds := [owner.goneSeconds | some owner in input.owners] if {
	every owner in input.owners {
		is_number(owner.goneSeconds)
	}
}
