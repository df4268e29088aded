# two answers at once
package hostile

verdict := {"action": "Delete", "reason": "one"} if input.now

verdict := {"action": "Retain", "reason": "two"} if input.now
