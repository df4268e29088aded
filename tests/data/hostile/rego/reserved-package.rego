# takes the place of the library
package probate

days(n) := 0

verdict := {"action": "Delete", "reason": "r"}
