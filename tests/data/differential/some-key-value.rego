# Keys and values of an object.
package some_key_value

verdict := {"action": "Retain", "reason": sprintf("label %s", [sort(keys)[0]]), "rule": "label"} if count(keys) > 0

keys contains key if {
	some key, value in input.subject.labels
	value == "true"
}
