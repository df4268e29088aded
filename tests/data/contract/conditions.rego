package conditions

import data.probate

unused_30_days if input.usage.unusedSeconds >= probate.days(30)
released_2_weeks if input.volume.releasedSeconds >= probate.days(14)
of_stopped_vm if probate.referenced_as("VirtualMachine", "Stopped")
vm_gone_a_week if probate.gone_seconds("VirtualMachine") >= probate.days(7)
guest_cluster_gone if input.guestCluster.goneSeconds >= probate.days(3)
still_on_another_layer if "Present" in {other.state | some other in input.counterparts}
data_would_go if input.retention.effective == "Delete"
backed_up_today if probate.snapshot_within(probate.days(1))
expired if probate.passed(input.subject.annotations["probate.dev/expires-at"])
namespace_gone if {
	input.volume.claimRef.namespace
	not input.namespace
}
verdict := {"annotations": {"probate.dev/note.effective-reclaim-policy": input.retention.effective}}   # only annotates
