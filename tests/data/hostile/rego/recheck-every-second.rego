# wants to be asked each second
package hostile

verdict := {"action": "Delete", "reason": input.now, "recheckAfterSeconds": 1}
