# prints without end
package hostile

verdict := {"action": "Delete", "reason": r} if {
	every n in numbers.range(1, 2000000) { print("again and again and again", n) }
	r := "printed"
}
