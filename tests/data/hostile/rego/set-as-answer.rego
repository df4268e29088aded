# a set as an answer
package hostile

verdict contains {"action": "Delete", "reason": "r"} if input.now
