# a reason that rewrites the terminal
package hostile

verdict := {"action": "Delete", "reason": "\u001b[2Jgone"} if input.now
