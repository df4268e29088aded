# the answer in small letters
package hostile

verdict := {"action": "delete", "reason": input.now}
