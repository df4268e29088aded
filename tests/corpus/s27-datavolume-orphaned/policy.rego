# METADATA
# title: What was orphaned stays
# description: Keeps claims whose DataVolume was deleted in a way that keeps them.
# custom: {version: 1.0.0}
package orphaned

verdict := {"action": "Retain", "reason": sprintf("DataVolume %s was deleted without it", [sort(kept)[0]]), "rule": "orphaned"} if {
	count(kept) > 0
}

kept contains owner.name if {
	some owner in input.owners
	owner.kind == "DataVolume"
	owner.state == "Gone"
	owner.platformIntent == "Keep"
}
