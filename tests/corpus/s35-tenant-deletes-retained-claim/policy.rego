# METADATA
# title: Origin of tenants' volumes
# description: Writes onto a claim or volume of a virtual cluster whose it is or was.
package tenant_origin

verdict := {"annotations": {
	"probate.dev/note.origin": sprintf("%s %s/%s", [input.guestCluster.name, tenant.namespace, tenant.name]),
	"probate.dev/note.origin-uid": tenant.uid,
	"probate.dev/note.released-since": input.volume.releasedSince,
}} if {
	input.guestCluster.type == "VCluster"
}

tenant := [other | some other in input.counterparts; other.relation == "Virtual"][0]
