# A rule under other input.
package with_input

verdict := {"action": "Delete", "reason": "would go", "rule": "would-go"} if {
	go with input.usage as {"unusedSeconds": 9999999}
	input.usage.referenced == false
}

go if input.usage.unusedSeconds > 2592000
