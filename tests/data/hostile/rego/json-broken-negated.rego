# a broken JSON text under not
package hostile

verdict := {"action": "Delete", "reason": "nothing to be seen"} if {
	not json.unmarshal("[[broken")
}
