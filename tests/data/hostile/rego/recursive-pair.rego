# two functions that call each other
package hostile

f(n) := g(n)

g(n) := f(n)

verdict := {"action": "Delete", "reason": f(1)}
