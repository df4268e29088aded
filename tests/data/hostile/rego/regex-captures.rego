# a pattern of many groups on a long text
package hostile

verdict := {"action": "Delete", "reason": r} if {
	s := concat("", ["ab" | some _ in numbers.range(1, 20000)])
	all := [m |
		some _ in numbers.range(1, 200)
		some m in regex.find_all_string_submatch_n("(a)(b)?(a)?(b)?(a)?(b)?(a)?(b)?(a)?(b)?(a)?(b)?", s, -1)
	]
	r := sprintf("%d", [count(all)])
}
