# an answer with a key that nobody knows
package hostile

verdict := {"action": "Delete", "reason": input.now, "force": true}
