# METADATA
# title: Unused for long
package unused_for_long

import data.probate

verdict := {"action": "Delete", "reason": sprintf("unused since %s", [input.usage.unusedSince])} if {
	input.usage.unusedSeconds >= probate.days(30)
}
