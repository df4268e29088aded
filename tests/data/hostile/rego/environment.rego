# reads the environment
package hostile

verdict := {"action": "Delete", "reason": opa.runtime().env.REASON}
