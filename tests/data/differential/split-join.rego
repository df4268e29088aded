# split and concat.
package split_join

verdict := {"action": "Retain", "reason": concat("/", parts), "rule": "parts"} if {
	parts := split(input.subject.name, "-")
	count(parts) > 1
}
