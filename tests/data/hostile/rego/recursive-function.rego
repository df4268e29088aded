# a function that calls itself
package hostile

f(n) := f(n + 1)

verdict := {"action": "Delete", "reason": f(1)}
