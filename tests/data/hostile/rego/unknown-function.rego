# a function that nobody has
package hostile

verdict := {"action": "Delete", "reason": "r"} if not probably(input.now)
