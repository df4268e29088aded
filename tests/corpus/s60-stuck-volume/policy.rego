# METADATA
# title: Diagnosis
# description: Notes what is wrong with claims and volumes; it neither keeps nor deletes.
package diagnosis

verdict := {"annotations": {"probate.dev/note.diagnosis": sprintf("failed, %s may be gone", [input.volume.driver])}} if {
	input.volume.phase == "Failed"
} else := {"annotations": {"probate.dev/note.diagnosis": sprintf("released and to be deleted since %s", [input.volume.releasedSince])}} if {
	input.volume.phase == "Released"
	input.volume.reclaimPolicy == "Delete"
} else := {"annotations": {"probate.dev/note.diagnosis": sprintf("volume %s is lost", [input.claim.volumeName])}} if {
	input.claim.phase == "Lost"
}
