# Built-ins of strings.
package strings

verdict := {"action": "Retain", "reason": "database", "rule": "database"} if {
	startswith(input.subject.name, "d")
	endswith(input.subject.name, "0")
} else := {"action": "Delete", "reason": upper(trim_prefix(input.subject.name, "data-")), "rule": "rest"} if {
	contains(input.subject.name, "a")
}
