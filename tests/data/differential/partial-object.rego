# A partial object.
package partial_object

verdict := {"annotations": notes} if count(notes) > 0

notes[key] := value if {
	some owner in input.owners
	owner.state == "Gone"
	key := sprintf("probate.dev/note.gone.%s", [lower(owner.kind)])
	value := "yes"
}
