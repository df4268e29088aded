# a rule that reaches itself by a computed name
package hostile

verdict := {"action": "Delete", "reason": "round"} if {
	name := concat("", ["ver", "dict"])
	data.hostile[name].action == "Delete"
}
