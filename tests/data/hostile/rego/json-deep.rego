# a JSON text three thousand brackets deep
package hostile

verdict := {"action": "Delete", "reason": r} if {
	s := concat("", ["[" | some _ in numbers.range(1, 3000)])
	d := json.unmarshal(s)
	r := sprintf("%d", [count(d)])
}
