# A rule with several bodies.
package multiple_bodies

verdict := {"action": "Delete", "reason": "left", "rule": "left"} if left

left if {
	input.volume.phase == "Released"
	input.volume.reclaimPolicy == "Delete"
}

left if {
	not input.volume
	input.claim.phase == "Lost"
}
