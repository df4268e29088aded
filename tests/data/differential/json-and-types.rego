# Types of values.
package json_and_types

verdict := {"action": "Retain", "reason": type_name(thing), "rule": "types"} if {
	some thing in [input.subject.bytes, input.subject.labels, input.subject.name]
	is_object(thing)
	count(thing) > 1
} else := {"action": "Delete", "reason": "scalar", "rule": "scalar"} if is_string(input.volume.storageClassName)
