# deletes unless something speaks against it
package hostile

default verdict := {"action": "Delete", "reason": "why not"}

verdict := {"action": "Retain", "reason": "used"} if input.usage.referenced
