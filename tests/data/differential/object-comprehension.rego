# An object comprehension.
package object_comprehension

verdict := {"annotations": notes} if {
	notes := {key: value |
		some name, value in input.subject.labels
		not contains(name, "/")
		key := sprintf("probate.dev/note.%s", [name])
	}
	count(notes) > 0
}
