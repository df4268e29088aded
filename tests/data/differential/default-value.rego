# A default where a path is absent.
package default_value

default class := "none"

class := input.volume.storageClassName

verdict := {"annotations": {"probate.dev/note.class": class}}
