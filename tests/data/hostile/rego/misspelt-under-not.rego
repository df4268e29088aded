# a misspelt field under not
package hostile

verdict := {"action": "Delete", "reason": "unused"} if not input.usage.refrenced
