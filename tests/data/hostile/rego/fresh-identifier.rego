# makes a new identifier each time
package hostile

verdict := {"action": "Delete", "reason": uuid.rfc4122("x")}
